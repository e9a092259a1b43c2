"""Several documents in one request, and files that go to the store itself; against a real S3 server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from db.models import Claim
from producer.services.deps import IntakeDeps
from producer.services.keys import Right, make_key
from producer.services.receive import BucketIntake, FolderIntake
from producer.sources import configured_source
from producer.sources.port import SourceSettings
from producer.sources.s3 import open_source
from tests.intake import Queue
from tests.web.conftest import BASE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.settings import Broker, Intake, Storage

PDF = b"%PDF-1.7 not a real one"


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in (
        ("S3_ENDPOINT", s3.endpoint),
        ("S3_ACCESS_KEY", s3.access_key),
        ("S3_SECRET_KEY", s3.secret_key),
        ("MAX_BYTES", "100"),
    ):
        monkeypatch.setenv(f"COUNTERSIGN_{name}", value)
    return s3


@pytest.fixture
def serve(documents: World, bucket: Any) -> Callable[..., Any]:
    """The app over the bucket, for a key of that name."""

    @contextmanager
    def serving(name: str, *, own_only: bool = False) -> Iterator[TestClient]:
        queue = Queue()
        source = configured_source(f"s3://{bucket.name}")
        deps = IntakeDeps(documents.sessions, source, queue.send, queue.depth, Intake())
        app = make_web_app(WebDeps(documents.sessions, documents.store, BucketIntake(deps)))
        secret = make_key(documents.sessions, name, [Right.SUBMIT], days=1, own_only=own_only)
        headers = {"Authorization": f"Bearer {secret}"}
        with TestClient(guarded_app(app, Bounds()), BASE, headers=headers) as http:
            yield http

    return serving


def claims(world: World, document_id: int) -> list[str]:
    with world.sessions() as session:
        rows = select(Claim.signer).where(Claim.document_id == document_id).order_by(Claim.id)
        return list(session.execute(rows).scalars())


def put_up(offer: dict[str, Any], data: bytes, **other: str) -> int:
    """Post a file to the store as a browser's form does."""
    fields = {**offer["fields"], **other}
    return httpx.post(offer["url"], data=fields, files={"file": ("a.pdf", data)}).status_code


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_an_upload_goes_to_the_store_and_becomes_a_document(
    serve: Callable[..., Any], bucket: Any, documents: World
) -> None:
    with serve("scanner", own_only=True) as http:
        offer = http.post("/v1/uploads", json={"name": "../Vertrag.pdf", "signers": ["Ännchen"]})
        early = http.post("/v1/documents", data={"source": offer.json()["source"]})
        uploaded = put_up(offer.json(), PDF)
        done, again = (
            http.post(
                "/v1/documents", data={"source": offer.json()["source"]}, headers={"Idempotency-Key": "k"}
            )
            for _ in range(2)
        )
        named = http.post("/v1/uploads", json={"name": "a.pdf", "signers": ["a\nb"]})

    assert (offer.status_code, early.status_code, uploaded) == (201, 422, 204)
    assert (done.status_code, again.json()["id"]) == (202, done.json()["id"])
    assert done.json()["document"].startswith("api/")
    assert done.json()["document"].endswith("/Vertrag.pdf")
    assert claims(documents, done.json()["id"]) == ["Ännchen"]
    assert (named.status_code, named.json()["code"]) == (422, "wrong_use")


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_the_form_of_an_upload_holds_the_store_to_key_size_and_claims(
    serve: Callable[..., Any], bucket: Any
) -> None:
    """What this server signs; the S3 server of the tests checks no form, so the policy itself is read."""
    with serve("scanner") as http:
        offer = http.post("/v1/uploads", json={"name": "a.pdf", "signers": ["Ann"]}).json()

    policy = json.loads(base64.b64decode(offer["fields"]["policy"]))
    conditions = policy["conditions"]
    assert ["content-length-range", 1, 100] in conditions
    assert {"key": offer["fields"]["key"]} in conditions
    assert {"x-amz-meta-signer": offer["fields"]["x-amz-meta-signer"]} in conditions
    assert {"bucket": bucket.name} in conditions
    assert offer["source"] == f"s3://{bucket.name}/{offer['fields']['key']}"


def test_the_form_names_the_store_as_others_reach_it() -> None:
    inside = Storage(
        s3_endpoint="http://minio:9000",
        s3_public_endpoint="https://scans.example:8443",
        s3_access_key="a",  # type: ignore[arg-type]
        s3_secret_key="b",  # type: ignore[arg-type]
    )
    source = open_source("s3://intake/in/", SourceSettings(Intake(), inside, Broker()))

    offer = source.offer_upload("api/x/a.pdf", signers="", max_bytes=9, seconds=60)

    assert offer.url == "https://scans.example:8443/intake"
    assert offer.fields["key"] == "in/api/x/a.pdf"


def test_a_results_folder_offers_no_upload(documents: World, tmp_path: Any) -> None:
    intake = FolderIntake(tmp_path, documents.sessions, lambda _: None)
    app = make_web_app(WebDeps(documents.sessions, documents.store, intake, logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE) as http:
        answer = http.post("/v1/uploads", json={"name": "a.pdf"})

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_use")
    assert "send the file with the request" in answer.json()["detail"]


def test_a_folder_of_documents_offers_no_upload(
    documents: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_INTAKE_FOLDER", str(tmp_path))
    queue = Queue()
    source = configured_source(f"file://{tmp_path}")
    deps = IntakeDeps(documents.sessions, source, queue.send, queue.depth, Intake())
    app = make_web_app(WebDeps(documents.sessions, documents.store, BucketIntake(deps), logins=False))
    with TestClient(guarded_app(app, Bounds()), BASE) as http:
        answer = http.post("/v1/uploads", json={"name": "a.pdf"})

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_use")


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_batch_answers_for_each_and_can_be_sent_again(
    serve: Callable[..., Any], bucket: Any, documents: World
) -> None:
    for name in "ab":
        bucket.client.put_object(Bucket=bucket.name, Key=f"in/{name}.pdf", Body=PDF)
    bucket.client.put_object(Bucket=bucket.name, Key="in/c.pdf", Body=PDF, Metadata={"signer": "Bob"})
    place = f"s3://{bucket.name}/in"
    batch = {
        "documents": [
            {"source": f"{place}/a.pdf", "signers": ["Ann"]},
            {"source": f"{place}/missing.pdf"},
            {"source": "https://169.254.169.254/latest"},
            {"source": f"{place}/b.pdf", "callback": "https://127.0.0.1/"},
            {"source": f"{place}/c.pdf"},
        ]
    }
    with serve("scanner") as http:
        first = http.post("/v1/documents/batch", json=batch, headers={"Idempotency-Key": "k"}).json()
        again = http.post("/v1/documents/batch", json=batch, headers={"Idempotency-Key": "k"}).json()
        too_many = http.post("/v1/documents/batch", json={"documents": batch["documents"] * 21})

    assert [row["status"] for row in first["documents"]] == [202, 422, 422, 422, 202]
    assert first == again
    assert first["documents"][1]["problem"]["code"] == "wrong_use"
    ids = [row["document"]["id"] for row in first["documents"] if row["document"]]
    assert [claims(documents, number) for number in ids] == [["Ann"], ["Bob"]]
    assert too_many.status_code == 422


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_key_for_its_own_documents_cannot_take_another_s_by_its_name(
    serve: Callable[..., Any], bucket: Any
) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="in/secret.pdf", Body=PDF)
    place = f"s3://{bucket.name}/in/secret.pdf"
    with serve("owner") as http:
        theirs = http.post("/v1/documents", data={"source": place}).json()["id"]
    with serve("stranger", own_only=True) as http:
        alone = http.post("/v1/documents", data={"source": place})
        together = http.post("/v1/documents/batch", json={"documents": [{"source": place}]})
        looked_at = http.get(f"/v1/documents/{theirs}")
        listed = http.get("/v1/documents").json()["documents"]

    assert (alone.status_code, looked_at.status_code, listed) == (422, 404, [])
    assert together.json()["documents"][0]["status"] == 422
