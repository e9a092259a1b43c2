"""Answers at once about images that are not kept, and references put on file over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from producer.services.opinions import MOST_ASKING, Opinions
from producer.services.signers import signer_history
from tests.fakes import PartEncoder, page
from tests.handwriting import signature
from tests.waiting import until
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.enrolling import Enroller
from worker.vision.detection.classifier import KINDS, OnnxClassifier, classified, kind_of
from worker.vision.values import Box, RenderedPage
from worker.vision.weights import entry


def image_of(seed: int) -> bytes:
    """An image of one drawn signature, as PNG."""
    return cv2.imencode(".png", signature(seed))[1].tobytes()


@pytest.fixture
def http(documents: World) -> Iterator[TestClient]:
    documents.encoder = PartEncoder()
    enroller = Enroller(documents.verify_deps, documents.renderer)
    deps = WebDeps(documents.sessions, documents.store, enroller=lambda: enroller, logins=False)
    with TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False) as client:
        yield client


def test_two_images_are_compared_and_one_is_looked_through(http: TestClient) -> None:
    first, second = image_of(1), image_of(1)
    answer = http.post("/v1/compare", files={"a": ("../x/a.png", first), "b": ("b.png", second)})
    marks = http.post("/v1/detect", files={"file": ("a.png", first)})
    unreadable = http.post("/v1/compare", files={"a": ("a.png", b"no image"), "b": ("b.png", second)})
    no_page = http.post("/v1/detect", files={"file": ("a.png", b"no image")})

    assert (answer.status_code, answer.json()["a"], answer.json()["b"]) == (200, "a.png", "b.png")
    assert answer.json()["same_ink"] is True
    assert (marks.status_code, marks.json()["width"] > 0) == (200, True)
    assert unreadable.json()["reason"] == "unusable_image"
    assert "/tmp" not in unreadable.text
    assert (no_page.status_code, no_page.json()["code"]) == (415, "unknown_format")


def test_a_crop_is_classified_as_a_run_classifies_it(http: TestClient) -> None:
    """The whole image is the box; the network, the three looks at it and the line are those of a run."""
    text = np.full((80, 400), 255, np.uint8)
    cv2.putText(text, "AGREEMENT 2026", (10, 50), cv2.FONT_HERSHEY_DUPLEX, 1.2, 0, 2)
    network, doubt = OnnxClassifier(), float(entry("classifier").parameters["doubt"])
    crops = ((signature(1), {"signature"}), (text, {"printed_text", "stamp_or_logo"}))

    for crop, kinds in crops:
        data = cv2.imencode(".png", crop)[1].tobytes()
        answer = http.post("/v1/classify", files={"file": ("a.png", data)})

        height, width = crop.shape[:2]
        (shares,) = classified(network, crop, [Box(0, 0, width, height)])
        told = answer.json()["probabilities"]
        assert (answer.status_code, answer.json()["kind"]) == (200, kind_of(shares, doubt=doubt))
        assert answer.json()["kind"] in kinds
        assert list(told) == [kind.value for kind in KINDS]
        assert list(told.values()) == pytest.approx(list(map(float, shares)), abs=1e-3)
    assert http.post("/v1/classify", files={"file": ("a.png", b"no image")}).status_code == 415


def test_when_too_many_ask_others_are_told_when_to_come_back(
    documents: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions, go_on = Opinions(), Event()
    begun: list[Path] = []

    class Slow:
        def inspect(self, data: bytes) -> Any:
            begun.append(Path())
            go_on.wait(20)
            raise AssertionError

        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(opinions, "_inspector", Slow())
    deps = WebDeps(documents.sessions, documents.store, opinions=opinions, logins=False)
    with TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False) as http:

        def ask() -> Any:
            return http.post("/v1/detect", files={"file": ("a.png", b"x")})

        threads = [Thread(target=ask) for _ in range(MOST_ASKING)]
        for thread in threads:
            thread.start()
        until(lambda: begun)
        until(lambda: opinions._places._value == 0)
        refused = ask()
        go_on.set()
        for thread in threads:
            thread.join()

    assert (refused.status_code, refused.json()["code"]) == (429, "busy")
    assert int(refused.headers["retry-after"]) > 0


def enroll(http: TestClient, world: World, name: str, *images: bytes) -> Any:
    for number, image in enumerate(images):
        world.renderer.documents.setdefault(image, [page(number, marks=1)])
    files = [("files", (f"{number}.png", image)) for number, image in enumerate(images)]
    return http.post("/v1/signers", data={"name": name}, files=files)


def test_references_are_put_on_file_graded_and_shown(http: TestClient, documents: World) -> None:
    done = enroll(http, documents, " Ann ", b"one", b"two", b"two")

    assert done.status_code == 201, done.text
    signer = done.json()["signer"]
    assert (signer["signer"], len(signer["references"])) == ("Ann", 2)
    assert http.get("/v1/signers").json()["signers"] == [
        {"id": signer["id"], "signer": "Ann", "references": 2, "aliases": []}
    ]
    image = http.get(f"/v1/signers/{signer['id']}/references/2/image")
    assert image.headers["content-type"] == "image/png"
    assert "reference 2" in http.get(f"/signers/{signer['id']}").text


def test_an_image_that_will_not_do_is_named_and_hinders_no_other(http: TestClient, documents: World) -> None:
    documents.renderer.documents[b"blank"] = [page(0)]

    mixed = enroll(http, documents, "Ann", b"one", b"blank")
    alone = enroll(http, documents, "Bob", b"blank")
    nobody = enroll(http, documents, "a\nb", b"one")

    assert len(mixed.json()["refused"]) == 1
    assert (alone.status_code, alone.json()["code"]) == (422, "unusable_reference")
    assert nobody.status_code == 422


def test_who_enrolled_over_http_stands_in_the_history_and_weak_images_are_refused(
    http: TestClient, documents: World
) -> None:
    coarse = cv2.imencode(".png", signature(1, scale=0.14))[1].tobytes()
    documents.renderer.documents[b"weak"] = [RenderedPage(0, coarse, "png", 50, 21, 300.0, "image")]
    enroll(http, documents, "Ann", b"one")
    refused = enroll(http, documents, "Ann", b"weak")
    forced = http.post(
        "/v1/signers", data={"name": "Ann", "force": "true"}, files={"files": ("w.png", b"weak")}
    )

    assert "a verdict rests on 0.30 or more" in refused.json()["refused"][0]
    assert (forced.status_code, forced.json()["refused"]) == (201, [])
    events = signer_history(documents.sessions, "Ann").events
    assert [(event.event, event.who) for event in events] == [("enrolled", "local")] * 2


def test_a_region_becomes_a_reference(http: TestClient, documents: World) -> None:
    crop = http.get("/v1/documents/1/pages/0/regions/0/crop").content
    documents.renderer.documents[crop] = [page(0, marks=1)]
    token = http.get("/signers").text.partition('name="token" value="')[2].partition('"')[0]

    answer = http.post("/documents/1/pages/0/regions/0/enroll", data={"name": "Zoe", "token": token})
    listed = http.post("/signers", data={"name": "Zoe", "token": token}, files={"files": ("c.png", crop)})

    assert "<h1>Zoe</h1>" in answer.text
    assert "reference 1" in listed.text
    assert "reference 2" not in listed.text


def test_a_server_that_enrolls_nobody_says_so(client: TestClient) -> None:
    answer = client.post("/v1/signers", data={"name": "Ann"}, files={"files": ("a.png", b"x")})

    assert (answer.status_code, "countersign enroll" in answer.json()["detail"]) == (422, True)
