"""Bad documents, hostile keys and odd claims through the stages on Postgres, beside sound neighbours."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from db import documents, events
from db.documents import Object
from db.models import Document
from db.states import ClaimSource
from producer.claims import first_of, from_metadata, from_sidecar
from producer.sources.listing import list_pages
from producer.sources.naming import LONGEST_NAME, storable
from tests.conftest import Bucket
from tests.corpus import ANY, KINDS, Kind
from tests.inputs.expectations import LIMITS
from tests.inputs.scan_builders import scan
from tests.world import World
from worker.rendering.renderer import SandboxRenderer
from worker.result.rows import document_result
from worker.settings import Reading

#: A few of every group, the slow ones left to the embedded form.
CHOSEN = [kind for kind in KINDS if kind.id != "pdf-never-ending" and not kind.id.startswith("name-")][::6]
READING = Reading(
    max_bytes=LIMITS.max_bytes,
    max_pages=LIMITS.max_pages,
    max_pixels=LIMITS.max_pixels,
    render_dpi=LIMITS.render_dpi,
    chunk_pages=2,
)
#: As long as a store allows, and of letters that no index can compress.
LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=LONGEST_NAME))
KEYS = {
    "dots": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "our own": "documents/1/result.json",
    "newline": "line one\nline two.pdf",
    "escape": "\x1b[2J.pdf",
    "delete": "a\x7fb\x9fc.pdf",
    "right to left": "\u202efdp.exe",
    "private use": "\ue000\U0010fffd.pdf",
    "no character": "\uffff\ufdd0.pdf",
    "quotes": "'); DROP TABLE documents; --",
    "patterns": "%_\\%s{0}$1.pdf",
    "html": "<script>alert(1)</script>.pdf",
    "spaces": " . ",
    "longest": LONG,
    "longest in bytes": "漢" * (LONGEST_NAME // 3),
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[SandboxRenderer]:
    made = SandboxRenderer(READING)
    yield made
    made.close()


@pytest.fixture
def world(postgres: Engine, renderer: SandboxRenderer) -> World:
    return World(postgres, reading=READING, renderer=renderer)


@dataclass(frozen=True)
class Answer:
    """A document's row, its result as JSON gives it back, and its events."""

    document: Document
    result: dict[str, object]
    noted: list[str | None]


def arrive(world: World, key: str, data: bytes, *, metadata: str | None = None, version: str = "v1") -> int:
    """An object with this metadata is registered, as the intake does it."""
    claims = first_of([(ClaimSource.METADATA, lambda: from_metadata(metadata))]) if metadata else first_of([])
    world.store.objects[key] = data
    with world.sessions() as session:
        return documents.register(session, Object("intake", key, version, len(data)), claims.signers)[0]


def through(world: World, document_id: int) -> Answer:
    document = world.through(document_id)
    with world.sessions() as session:
        answer = json.loads(json.dumps(document_result(session, document_id).json_object(), allow_nan=False))
        noted = [event.detail for event in events.history(session, document_id) if event.event == "noted"]
    return Answer(document, answer, noted)


def comparable(result: dict[str, object]) -> dict[str, object]:
    names = ("status", "reason", "signed", "verdicts")
    return {name: result[name] for name in names}


def test_bad_documents_end_as_they_must_and_their_neighbours_too(world: World) -> None:
    alone = through(world, arrive(world, "alone.pdf", scan() + b"\n%0"))
    for number, kind in enumerate(CHOSEN):
        answer = through(world, arrive(world, kind.id, kind.build()))
        assert ends_as_it_must(kind, answer.document), (kind.id, answer.document.detail)
        # That a page is read coarser is noted, too.
        carried = [note for note in answer.noted if note is None or "to keep the limit" not in note]
        assert carried == ([kind.notes] if kind.notes else [])
        if number % 20 == 0:
            neighbour = through(world, arrive(world, f"{number}.pdf", scan() + b"\n%%%d" % number))
            assert comparable(neighbour.result) == comparable(alone.result)


def ends_as_it_must(kind: Kind, document: Document) -> bool:
    if kind.status == ANY:
        return document.status.final
    return (document.status.value, document.reason) == (kind.status, kind.reason)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_no_key_disturbs_a_document_or_the_place_of_its_results(world: World, key: str) -> None:
    assert storable(key)

    answer = through(world, arrive(world, key, scan(), version=LONG[::-1]))

    assert answer.result["document"] == key
    assert answer.result["status"] == "done"
    written = set(world.store.objects) - {key}
    assert written
    assert all(one.startswith(f"documents/{answer.document.id}/") for one in written)
    with world.sessions() as session:
        assert [one.id for one in documents.find(session, key)] == [answer.document.id]


@pytest.mark.parametrize(
    (ClaimSource.METADATA, "claimed"),
    [
        pytest.param("Nobody We Know", ["Nobody We Know"], id="unknown"),
        pytest.param("Ann\x00Lee; Bo\x1b[31m; Cy", ["Cy"], id="control characters"),
        pytest.param("=?utf-8?B?AAAA?=", [], id="encoded zeros"),
        pytest.param("=?no-such-charset?Q?x?=", [], id="unknown charset"),
        pytest.param("%ff%fe", [], id="not utf-8"),
        pytest.param("%ED%A0%80", [], id="half a surrogate"),
        pytest.param(";;; ;", [], id="nothing between"),
        pytest.param("x" * 5000, [], id="too long"),
        pytest.param("\u202eeel nnA", [], id="turned round"),
        pytest.param("'; DROP TABLE claims; --", ["'", "DROP TABLE claims", "--"], id="sql"),
        pytest.param("Ann; Ann;  Ann ", ["Ann"], id="thrice the same"),
    ],
)
def test_a_document_is_answered_whatever_it_claims(world: World, metadata: str, claimed: list[str]) -> None:
    answer = through(world, arrive(world, "a.pdf", scan(), metadata=metadata))

    assert answer.result["status"] == "done"
    assert [claim["signer"] for claim in answer.result["claims"]] == claimed
    assert {verdict["verdict"] for verdict in answer.result["verdicts"]} <= {"no_reference", "inconclusive"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"signer": 1e999}',
        b'{"signers": {"a": 1}}',
        b'{"signer": "\\ud800"}',
    ],
    ids=["empty", "not text", "deep", "a number", "an object", "half a surrogate"],
)
def test_a_malformed_sidecar_claims_nobody_and_says_why(data: bytes) -> None:
    claims = first_of([(ClaimSource.SIDECAR, lambda: from_sidecar(data))])

    assert not claims.signers
    assert len(claims.refused) == 1


def test_every_key_comes_out_of_a_listing_as_it_went_in(s3: Bucket) -> None:
    # The test's S3 server finds no route for a line end.
    keys = [key for key in KEYS.values() if "\n" not in key]
    for key in keys:
        s3.client.put_object(Bucket=s3.name, Key=key, Body=b"x")

    listed = [document.key for page in list_pages(s3.client, s3.name) for document in page]

    # That server cannot list versions of such keys, as the fixture does to tidy up.
    for key in keys:
        s3.client.delete_object(Bucket=s3.name, Key=key)
    assert sorted(listed) == sorted(keys)
