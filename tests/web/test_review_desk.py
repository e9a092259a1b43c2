"""Review over HTTP: programs and people decide, and need the right to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from db import people, signers
from db.engine import make_sessions, read_only_engine
from producer.services.keys import Right, make_key
from tests.fakes import PartEncoder, page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.conftest import BASE
from tests.web.reviewers import set_outcome
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds


def test_programs_take_decide_and_read_decisions(desk: TestClient) -> None:
    item = desk.post("/v1/reviews/next").json()
    decision = {"fence": item["fence"], "answer": "cannot_say", "comment": "too small"}
    decided = desk.post(f"/v1/reviews/{item['id']}/decision", json=decision)
    late = desk.post(f"/v1/reviews/{item['id']}/decision", json=decision)
    other = desk.post("/v1/reviews/next").json()
    rested = desk.post(f"/v1/reviews/{other['id']}/put-off", json={"fence": other["fence"]})

    assert (decided.status_code, decided.json()["answer"]) == (200, "cannot_say")
    assert (late.status_code, late.json()["code"]) == (409, "no_longer_held")
    assert rested.status_code == 204
    assert desk.post("/v1/reviews/next").status_code == 204
    listed = desk.get(f"/v1/documents/{item['document_id']}/decisions").json()["decisions"]
    assert [row["comment"] for row in listed] == ["too small"]


def test_people_decide_on_a_page_and_go_on(desk: TestClient) -> None:
    def field(name: str, text: str) -> str:
        return text.partition(f'name="{name}" value="')[2].partition('"')[0]

    asked = desk.get("/review").text
    action = asked.partition('<form method="post" action="/review/')[2].partition('"')[0]
    answer = {"token": field("token", asked), "fence": field("fence", asked), "answer": "genuine"}
    following = desk.post(f"/review/{action}", data={**answer, "comment": "<b>"})
    last = {"fence": field("fence", following.text), "answer": "skip", "token": answer["token"]}
    number = following.text.partition('<form method="post" action="/review/')[2].partition('"')[0]
    done = desk.post(f"/review/{number}", data=last)
    late = desk.post(f"/review/{action}", data=answer)

    assert "Is this the signature of Zoe?" in asked
    assert "Is this the signature of Zoe?" in following.text
    assert "Nothing is left for you to decide." in done.text
    assert late.status_code == 409
    assert "&lt;b&gt;" in desk.get("/documents/2").text


def test_a_claim_under_another_name_is_asked_beside_the_references_of_both(world: World) -> None:
    world.encoder = PartEncoder()
    for number, name in enumerate(("Zoe Old", "Zoe")):
        world.renderer.documents[b"%d" % number] = [page(0, marks=1)]
        world.enroll(name, f"{number}.png", b"%d" % number)
    with world.sessions() as session:
        old, new = (signers.signer_id(session, name) for name in ("Zoe Old", "Zoe"))
        people.merge_signer(session, old, new)
    world.through(world.arrive("a.pdf", [page(0, marks=1)], claims=("Zoe Old",)))
    set_outcome(world, 1, "forged")
    app = make_web_app(WebDeps(world.sessions, world.store, logins=False))

    with TestClient(guarded_app(app, Bounds()), BASE) as client:
        pages = [client.get(path).text for path in ("/review", "/documents/1")]
        region = "/v1/documents/1/pages/0/regions/0"
        pictures = [client.get(f"{region}/references/{number}/image") for number in (1, 2)]

    for text in pages:
        images = re.findall(rf'src="({region}/references/\d/image)" alt="Reference \d of Zoe Old"', text)
        assert sorted(images) == [f"{region}/references/{number}/image" for number in (1, 2)]
    assert [picture.status_code for picture in pictures] == [200, 200]


def test_a_key_needs_the_right_to_review(queue: World) -> None:
    app = guarded_app(make_web_app(WebDeps(queue.sessions, queue.store)), Bounds())
    secrets = [
        make_key(queue.sessions, name, rights, days=1) for name, rights in (("r", ()), ("v", (Right.REVIEW,)))
    ]

    with TestClient(app, BASE) as client:
        answers = [
            client.post("/v1/reviews/next", headers={"Authorization": f"Bearer {secret}"}).status_code
            for secret in secrets
        ]

    assert answers == [403, 200]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_in_a_folder_that_takes_no_writes_nobody_is_told_to_come_again(queue: World) -> None:
    queue.engine.dispose()
    archive = read_only_engine(Path(str(queue.engine.url.database)))
    app = make_web_app(WebDeps(make_sessions(archive), queue.store, logins=False))

    with TestClient(guarded_app(app, Bounds()), BASE) as client:
        read, refused = client.get("/v1/documents/1"), client.post("/v1/reviews/next")

    assert (read.status_code, refused.status_code) == (200, 422)
    assert refused.json()["detail"].startswith("this results folder cannot be written: copy it")
    assert "Retry-After" not in refused.headers
