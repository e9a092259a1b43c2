"""Documents that come in over HTTP, begin again, end, or are erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from db.models import Claim, Event, Submission
from producer.services.deps import IntakeDeps
from producer.services.keys import Right, make_key
from producer.services.receive import ABANDONED, BucketIntake, FolderIntake, safe_name
from producer.sources import configured_source
from tests.intake import Queue
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.settings import Intake

PDF = b"%PDF-1.7 not a real one"


@pytest.fixture
def folder(documents: World, tmp_path: Path) -> FolderIntake:
    sent: list[int] = []
    intake = FolderIntake(tmp_path / "results", documents.sessions, sent.append)
    object.__setattr__(intake, "sent", sent)
    return intake


@pytest.fixture
def http(documents: World, folder: FolderIntake) -> Iterator[TestClient]:
    deps = WebDeps(documents.sessions, documents.store, folder, logins=False)
    with TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False) as client:
        yield client


def submit(http: TestClient, data: bytes = PDF, *, name: str = "a.pdf", key: str = "", **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return http.post("/v1/documents", files={"file": (name, data)}, data=fields, headers=headers)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
def test_a_document_that_comes_in_is_registered_sent_and_can_be_asked_for(
    http: TestClient, folder: FolderIntake, documents: World
) -> None:
    answer = submit(http, signer=["Ann", "Bob", "Ann"])

    assert answer.status_code == 202, answer.text
    number = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/documents/{number}"
    assert int(answer.headers["retry-after"]) > 0
    assert folder.sent == [number]
    with documents.sessions() as session:
        claims = session.execute(select(Claim.signer).where(Claim.document_id == number)).scalars().all()
        columns = (Event.event, Event.who, Event.worker)
        events = session.execute(select(*columns).where(Event.document_id == number)).all()
    assert (claims, events) == (["Ann", "Bob"], [("registered", "local", None)])
    stored = Path(http.get(answer.headers["location"]).json()["document"])
    assert stored.read_bytes() == PDF
    assert stored.is_relative_to(folder.root)


def test_the_same_bytes_twice_are_two_documents(http: TestClient) -> None:
    assert submit(http).json()["id"] != submit(http).json()["id"]


def test_under_one_idempotency_key_the_same_request_has_one_answer(
    http: TestClient, folder: FolderIntake
) -> None:
    first, second = (submit(http, key="k1", signer=["Ann"]) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert len(folder.sent) == 1


@pytest.mark.parametrize("other", [{"data": PDF + b"!"}, {"signer": ["Bob"]}, {"name": "b.pdf"}])
def test_another_request_under_the_same_idempotency_key_is_refused(
    http: TestClient, other: dict[str, Any]
) -> None:
    submit(http, key="k1", signer=["Ann"])

    answer = submit(http, key="k1", **{"signer": ["Ann"], **other})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_while_the_first_is_at_work_the_same_request_is_a_conflict_until_it_was_abandoned(
    http: TestClient, documents: World, folder: FolderIntake
) -> None:
    submit(http, key="k1")
    with documents.sessions() as session:
        row = session.execute(select(Submission)).scalar_one()
        row.document_id = None

    at_work = submit(http, key="k1")
    with documents.sessions() as session:
        row = session.execute(select(Submission)).scalar_one()
        row.at -= 2 * ABANDONED
    taken_over = submit(http, key="k1")

    assert (at_work.status_code, at_work.json()["code"]) == (409, "in_progress")
    assert at_work.headers["retry-after"]
    assert taken_over.status_code == 202


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
def test_requests_at_the_same_moment_under_one_key_make_one_document(
    http: TestClient, folder: FolderIntake
) -> None:
    start, answers = Barrier(4), []

    def send() -> None:
        start.wait()
        answers.append(submit(http, key="k1"))

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert len(folder.sent) == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        pytest.param({"data": b"PK\x03\x04 an archive"}, 415, "unknown_format", id="an archive"),
        pytest.param({"data": b"<html>"}, 415, "unknown_format", id="HTML"),
        pytest.param({"data": b""}, 415, "unknown_format", id="nothing"),
        pytest.param({"signer": ["a\nb"]}, 422, "wrong_use", id="a claim of two lines"),
        pytest.param({"signer": ["x" * 300]}, 422, "wrong_use", id="a claim too long"),
        pytest.param({"signer": ["s"] * 30}, 422, "wrong_use", id="too many claims"),
        pytest.param({"key": "with space"}, 422, "wrong_use", id="a key with a space"),
    ],
)
def test_what_is_no_document_is_refused_and_leaves_nothing(
    http: TestClient, folder: FolderIntake, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = submit(http, **fields)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert folder.sent == []
    assert not list(folder.root.rglob("*"))


def test_a_refused_request_may_be_repaired_under_its_key(http: TestClient) -> None:
    assert submit(http, b"<html>", key="k1").status_code == 415
    assert submit(http, key="k1").status_code == 202


@pytest.mark.parametrize(
    "source",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "s3://another-bucket/a.pdf",
        "s3://",
        "//evil.example/x",
    ],
)
def test_no_address_of_the_senders_choice_is_asked(
    http: TestClient, folder: FolderIntake, source: str
) -> None:
    answer = http.post("/v1/documents", data={"source": source})

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_use")
    assert folder.sent == []


def test_a_request_names_a_file_or_an_address(http: TestClient) -> None:
    both = http.post("/v1/documents", files={"file": ("a.pdf", PDF)}, data={"source": "s3://b/k"})

    assert both.status_code == 422
    assert http.post("/v1/documents").status_code == 422


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("<img src=x>.pdf", "img-src-x-.pdf"),
        ("Vertrag März.pdf", "Vertrag-Ma-rz.pdf"),
        ("", "document"),
        ("...", "document"),
        ("x" * 300 + ".pdf", "x" * 76 + ".pdf"),
    ],
)
def test_names_become_safe(name: str, kept: str) -> None:
    assert safe_name(name) == kept


def test_a_folder_that_takes_no_file_says_so_and_keeps_nothing(
    http: TestClient, folder: FolderIntake
) -> None:
    """As on a full disk, or a medium that cannot be written."""
    folder.root.parent.mkdir(exist_ok=True)
    folder.root.write_bytes(b"a file where a folder should be")
    before = http.get("/v1/documents").json()["documents"]

    answer = submit(http)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert "Not a directory" in answer.json()["detail"]
    assert http.get("/v1/documents").json()["documents"] == before


def test_a_server_that_only_shows_takes_nothing_in(client: TestClient) -> None:
    answer = submit(client)

    assert (answer.status_code, "--read-only" in answer.json()["detail"]) == (422, True)


def test_a_document_that_failed_is_read_once_more_and_one_at_work_goes_on(
    http: TestClient, folder: FolderIntake
) -> None:
    again, twice = (http.post("/v1/documents/3/retry").json() for _ in range(2))

    assert (again["status"], twice["status"]) == ("waiting", "waiting")
    assert folder.sent == [3]


def test_cancelling_ends_a_document_once_and_leaves_final_ones(http: TestClient, documents: World) -> None:
    number = submit(http).json()["id"]
    ended, again = (http.post(f"/v1/documents/{number}/cancel").json() for _ in range(2))
    final = http.post("/v1/documents/1/cancel").json()

    assert (ended["status"], ended["reason"]) == ("failed", "cancelled")
    assert again == ended
    assert final["status"] == "done"
    assert [one["event"] for one in http.get(f"/v1/documents/{number}/history").json()["events"]] == [
        "registered",
        "cancelled",
    ]


def test_an_erased_document_is_gone(http: TestClient, documents: World) -> None:
    first, second = (http.delete("/v1/documents/1") for _ in range(2))

    assert (first.json(), second.json()) == ({"erased": True}, {"erased": False})
    assert http.get("/v1/documents/1").status_code == 404
    assert not [key for key in documents.store.objects if key.startswith("documents/1/")]


def test_forms_submit_and_cancel(http: TestClient) -> None:
    token = http.get("/documents").text.partition('name="token" value="')[2].partition('"')[0]
    page = http.post(
        "/documents", data={"token": token, "signer": "Ann; Bob"}, files={"file": ("a.pdf", PDF)}
    )
    number = str(page.url).rpartition("/")[2]
    ended = http.post(f"/documents/{number}/cancel", data={"token": token})
    again = http.post(f"/documents/{number}/retry", data={"token": token})

    assert "Ann" in page.text
    assert "cancelled by local" in ended.text
    assert '<b>intake</b> cancelled <span class="soft small">local</span>' in ended.text
    assert "Give up" in again.text


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_key_submits_to_the_bucket_and_names_what_lies_there(
    documents: World, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("S3_ENDPOINT", s3.endpoint),
        ("S3_ACCESS_KEY", s3.access_key),
        ("S3_SECRET_KEY", s3.secret_key),
    ):
        monkeypatch.setenv(f"COUNTERSIGN_{name}", value)
    queue = Queue(broken=True)
    deps = IntakeDeps(
        documents.sessions, configured_source(f"s3://{s3.name}"), queue.send, queue.depth, Intake()
    )
    app = make_web_app(WebDeps(documents.sessions, documents.store, BucketIntake(deps)))
    secret = make_key(documents.sessions, "scanner", [Right.SUBMIT], days=1)
    headers = {"Authorization": f"Bearer {secret}"}
    s3.client.put_object(Bucket=s3.name, Key="in/b.pdf", Body=PDF)
    s3.client.put_object(Bucket=s3.name, Key="in/b.pdf.json", Body=b"{}")

    with TestClient(guarded_app(app, Bounds()), BASE, headers=headers) as http:
        uploaded = submit(http, signer=["Ännchen"])
        queue.broken = False
        named = http.post("/v1/documents", data={"source": f"s3://{s3.name}/in/b.pdf"})
        missing = http.post("/v1/documents", data={"source": f"s3://{s3.name}/in/c.pdf"})
        listed = http.get("/v1/documents?prefix=in/b").json()["documents"]

    assert (uploaded.status_code, named.status_code, missing.status_code) == (202, 202, 422)
    assert [row["id"] for row in listed] == [named.json()["id"]]
    assert queue.sent == [named.json()["id"]]
    key = uploaded.json()["document"]
    assert s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read() == PDF
    assert [claim["signer"] for claim in uploaded.json()["claims"]] == ["Ännchen"]
