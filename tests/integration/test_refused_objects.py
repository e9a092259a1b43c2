"""One object that the store refuses stops nobody: a proxy before the real store refuses one key of eight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from sqlalchemy import Engine

from db import events
from db.claims import claimed_signers
from db.engine import make_sessions
from db.states import Status
from producer.services.deps import IntakeDeps
from producer.services.submit import Counts, submit_objects
from producer.sources.s3 import S3Source
from tests.conftest import Bucket
from tests.fakes import page
from tests.faults.proxy import Refusal, Weather, failing_proxy
from tests.intake import OFTEN, Queue, keys, put, registered, watching
from tests.waiting import until
from tests.world import World
from worker.errors import ObjectError, StorageUnavailable
from worker.settings import Intake
from worker.steps.breaker import Breaker
from worker.steps.render import render_document
from worker.storage.s3 import S3

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

NEIGHBOURS = [f"{number}.pdf" for number in range(7)]
#: Sorts among its neighbours.
REFUSED = "3-refused.pdf"

OWNERS_KEY = {
    "HEAD": (400, "BadRequest", ""),
    "GET": (400, "InvalidRequest", "The object was stored using a form of Server Side Encryption."),
}
KEY_DISABLED = {
    "HEAD": (400, "BadRequest", ""),
    "GET": (400, "KMS.DisabledException", "The key is disabled."),
}
ARCHIVED = {"GET": (403, "InvalidObjectState", "The operation is not valid for its storage class.")}
DENIED = {"HEAD": (403, "Forbidden", ""), "GET": (403, "AccessDenied", "Access Denied")}
FAULTY = {"HEAD": (500, "", ""), "GET": (500, "InternalError", "We encountered an internal error.")}
EXPIRED = {"HEAD": (400, "BadRequest", ""), "GET": (400, "ExpiredToken", "The token has expired.")}


@dataclass(frozen=True)
class Store:
    """The real store behind a proxy that refuses what it is told to."""

    bucket: Bucket
    client: S3Client
    weather: Weather

    @property
    def name(self) -> str:
        return self.bucket.name

    def refuse(self, key: str, refusals: dict[str, Refusal]) -> None:
        self.weather.refuse(f"/{self.name}/{key}".rstrip("/"), **refusals)


@pytest.fixture
def store(s3: Bucket) -> Iterator[Store]:
    port = urlsplit(s3.endpoint).port
    assert port is not None
    with failing_proxy(port) as (endpoint, weather):
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=s3.access_key,
            aws_secret_access_key=s3.secret_key,
            region_name=s3.region,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        yield Store(s3, client, weather)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def deps(postgres: Engine, store: Store, queue: Queue) -> IntakeDeps:
    source = S3Source(store.client, store.name)
    return IntakeDeps(make_sessions(postgres), source, queue.send, queue.depth, Intake(list_seconds=OFTEN))


def submit_all(deps: IntakeDeps) -> Counts:
    return submit_objects(chain.from_iterable(deps.source.list()), deps)


@pytest.mark.parametrize("refusals", [OWNERS_KEY, KEY_DISABLED, ARCHIVED, DENIED, FAULTY])
def test_a_watch_goes_on_past_an_object_that_is_refused(deps, s3, store, refusals):
    store.refuse(REFUSED, refusals)
    put(s3, REFUSED, *NEIGHBOURS)

    with watching(deps) as watcher:
        until(lambda: set(NEIGHBOURS) <= set(keys(deps.sessions)))
        put(s3, "later.pdf")
        until(lambda: "later.pdf" in keys(deps.sessions))

        assert watcher.thread.is_alive()


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        pytest.param(OWNERS_KEY, Counts(new=8), id="its owner's key"),
        pytest.param(KEY_DISABLED, Counts(new=8), id="key disabled"),
        pytest.param(ARCHIVED, Counts(new=8), id="archived"),
        pytest.param(FAULTY, Counts(new=8), id="the store fails on it"),
        pytest.param(DENIED, Counts(new=7, skipped=1), id="denied: rights can be granted"),
    ],
)
def test_submit_counts_an_object_that_is_refused(deps, s3, store, refusals, expected):
    store.refuse(REFUSED, refusals)
    put(s3, REFUSED, *NEIGHBOURS)

    assert submit_all(deps) == expected
    assert set(NEIGHBOURS) <= set(keys(deps.sessions))


@pytest.mark.parametrize(
    ("refusals", "reason"),
    [
        pytest.param(OWNERS_KEY, "object_unreadable", id="its owner's key"),
        pytest.param(KEY_DISABLED, "object_unreadable", id="key disabled"),
        pytest.param(ARCHIVED, "object_archived", id="archived"),
        pytest.param(DENIED, "object_denied", id="denied"),
        pytest.param(FAULTY, "object_unreadable", id="the store fails on it"),
    ],
)
def test_in_the_queue_it_ends_by_its_reason_and_its_neighbours_are_read(
    postgres, deps, store, refusals, reason
):
    world, breaker = World(postgres), NotedBreaker()
    put(store.bucket, REFUSED, *NEIGHBOURS)
    submit_all(deps)
    store.refuse(REFUSED, refusals)
    world.renderer.documents[b"%PDF-1.4"] = [page(0)]
    stored = replace(world.render_deps, store=S3(store.client, store.name), breaker=breaker)
    stored = replace(stored, reading=stored.reading.model_copy(update={"same_bytes": "reprocess"}))

    refusals_met = 0
    for _ in range(world.attempts.max_deliveries):
        for document in registered(deps.sessions):
            try:
                render_document(document.id, stored)
            except ObjectError:
                refusals_met += 1

    ended = {one.key: (one.status, one.stage.value, one.reason) for one in registered(deps.sessions)}
    assert ended.pop(REFUSED) == (Status.FAILED, "closed", reason)
    assert set(ended.values()) == {(Status.WORKING, "finish", None)}
    assert refusals_met == world.attempts.max_deliveries - 1
    assert breaker.failures == 0


class NotedBreaker(Breaker):
    """A breaker that counts the outages it is told of."""

    failures = 0

    def failed(self) -> None:
        self.failures += 1


def test_a_replaced_object_ends_as_replaced(postgres, deps, s3, store):
    world = World(postgres)
    put(s3, "a.pdf")
    submit_all(deps)
    put(s3, "a.pdf", data=b"%PDF-1.7 another")
    one_attempt = world.attempts.model_copy(update={"max_deliveries": 1})

    render_document(1, replace(world.render_deps, store=S3(store.client, store.name), attempts=one_attempt))

    document = world.document(1)
    assert (document.reason, document.detail) == (
        "object_replaced",
        "another object has replaced 'a.pdf'",
    )


def test_a_sidecar_that_is_refused_is_a_refused_claim(deps, s3, store):
    put(s3, "a.pdf.json", "a.pdf")
    store.refuse("a.pdf.json", OWNERS_KEY)

    assert submit_all(deps) == Counts(new=1)
    with deps.sessions() as session:
        told = [(one.event, one.detail) for one in events.history(session, 1)]
    assert told[-1][0] == "claim_refused"
    assert told[-1][1].startswith("sidecar: the store cannot hand out 'a.pdf.json': InvalidRequest")


def test_metadata_that_is_refused_leaves_the_claim_to_the_next_source(deps, s3, store):
    s3.client.put_object(Bucket=s3.name, Key="a.pdf.json", Body=b'{"signer": "Ann"}')
    put(s3, "a.pdf")
    store.refuse("a.pdf", OWNERS_KEY)

    submit_all(deps)

    with deps.sessions() as session:
        assert claimed_signers(session, 1) == ["Ann"]


@pytest.mark.parametrize(
    ("key", "refusals", "words"),
    [
        pytest.param("a.pdf", EXPIRED, "our login", id="login expired"),
        pytest.param("", {"HEAD": DENIED["HEAD"]}, "403", id="the whole bucket denied"),
        pytest.param("", {"HEAD": FAULTY["HEAD"]}, "500", id="the whole bucket fails"),
    ],
)
def test_what_holds_for_the_whole_bucket_is_an_outage(deps, store, key, refusals, words):
    put(store.bucket, "a.pdf")
    store.refuse("a.pdf", DENIED)
    store.refuse(key, refusals)

    with pytest.raises(StorageUnavailable, match=words):
        submit_all(deps)
    assert registered(deps.sessions) == []


def test_a_fault_that_passes_costs_no_claim(deps, s3, store):
    s3.client.put_object(Bucket=s3.name, Key="a.pdf", Body=b"%PDF-1.4", Metadata={"signer": "Ann"})
    store.weather.refuse(f"/{s3.name}/a.pdf", times=2, **FAULTY)

    submit_all(deps)

    with deps.sessions() as session:
        assert claimed_signers(session, 1) == ["Ann"]


def test_a_name_that_may_be_a_sidecar_is_one_where_its_document_is_refused(deps, s3, store):
    put(s3, "letter", "denied")
    store.refuse("denied", DENIED)

    assert deps.source.exists("letter")
    assert deps.source.exists("denied")
    assert not deps.source.exists("none")


def test_other_refusals_of_our_own_bucket_are_outages(s3, store):
    results = S3(store.client, s3.name)
    results.put("a.json", b"{}")
    store.refuse("a.json", {**KEY_DISABLED, "PUT": KEY_DISABLED["GET"]})

    with pytest.raises(StorageUnavailable, match="DisabledException"):
        results.get("a.json")
    with pytest.raises(StorageUnavailable, match="DisabledException"):
        results.put("a.json", b"{}")
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        S3(store.client, "there-is-no-such-bucket").get("a.json")
