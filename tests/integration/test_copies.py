"""The same ink on two documents, whichever is read first, and on a document and a reference."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from db import events, reopening
from db.answers import Asked
from db.states import AnswerCause
from producer.services.results import read_rows
from tests.erasures import erased_document, erased_signer
from tests.fakes import MeanEncoder, page
from tests.handwriting import signature
from tests.world import World
from worker.result.rows import document_result
from worker.steps.copies import CANDIDATES
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.references import judge
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk
from worker.vision.images import encode_png
from worker.vision.values import Embeddings, Normal, RenderedPage
from worker.vision.verification.embedding import DIMENSION

#: Two pages that carry the same ink and are not the same page: the second has it twice.
ONCE, TWICE = page(0, marks=1), page(0, marks=2)


class Padded(MeanEncoder):
    """Embeddings as long as the verifier's."""

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        rows = super().encode(crops)
        return np.pad(rows, [(0, 0), (0, DIMENSION - rows.shape[1])])


class Meeting(MeanEncoder):
    """An encoder that two documents enter together: neither goes on before the other is as far."""

    def __init__(self) -> None:
        super().__init__()
        self._barrier = threading.Barrier(2, timeout=60)

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        self._barrier.wait()
        return super().encode(crops)


def signed(seed: int) -> RenderedPage:
    """A page with one drawn signature on it."""
    image = np.pad(signature(seed, paper=255), 40, constant_values=255)
    return RenderedPage(0, encode_png(image), "png", image.shape[1], image.shape[0], 100.0, "rendered")


def result(world: World, document_id: int) -> dict[str, Any]:
    with world.sessions() as session:
        return document_result(session, document_id).json_object()


def stored(world: World, document_id: int) -> dict[str, Any]:
    return json.loads(world.store.objects[world.document(document_id).result_key or ""])


def duplicates(answer: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [region["duplicate_of"] for shown in answer["pages"] for region in shown["regions"]]


def test_the_same_ink_is_noted_with_the_later_document_alone(world: World) -> None:
    first = world.arrive("first.pdf", [ONCE], claims=("Ann",))
    second = world.arrive("second.pdf", [TWICE], claims=("Ann",))
    world.through(first)
    world.through(second)

    assert duplicates(result(world, first)) == [None]
    copies_seen = duplicates(result(world, second))
    assert len(copies_seen) == 2
    for duplicate in copies_seen:
        assert duplicate is not None
        place = tuple(duplicate[name] for name in ("document", "key", "page", "region"))
        assert place == (first, "first.pdf", 0, 0)
        assert (duplicate["kind"], duplicate["similarity"] > 0.95) == ("ink", True)
    with world.sessions() as session:
        told = [one.detail for one in events.history(session, second) if one.event == "duplicate"]
    assert told[0] == f"page 1, region 1: same ink as document {first}, page 1, region 1"


def test_other_ink_is_no_copy(world: World) -> None:
    ids = [world.arrive(f"{seed}.pdf", [signed(seed)], claims=("Ann",)) for seed in (1, 2)]
    for document_id in ids:
        world.through(document_id)

    assert duplicates(result(world, ids[1])) == [None]


def test_a_copy_is_found_among_more_signatures_than_are_laid_over_it(world: World) -> None:
    many = [replace(signed(seed), index=seed) for seed in range(CANDIDATES + 2)]
    first = world.arrive("many.pdf", many, claims=("Ann",))
    world.through(first)

    copy = world.arrive("copy.pdf", [signed(5)], claims=("Ann",))
    world.through(copy)

    (duplicate,) = duplicates(result(world, copy))
    assert duplicate is not None
    assert (duplicate["document"], duplicate["page"]) == (first, 5)


def test_a_document_that_is_read_late_tells_the_one_that_was_answered_already(world: World) -> None:
    first = world.arrive("first.pdf", [ONCE], claims=("Ann",))
    second = world.arrive("second.pdf", [TWICE], claims=("Ann",))

    world.through(second)
    before = stored(world, second)
    world.through(first)

    # The second mark of the page is a copy of the first one until an earlier document shows it.
    assert [one and one["document"] for one in duplicates(before)] == [None, second]
    assert [one and one["document"] for one in duplicates(stored(world, second))] == [first, first]
    assert duplicates(stored(world, first)) == [None]


def test_two_documents_at_once_lose_no_finding(world: World) -> None:
    ids = [world.arrive(f"{name}.pdf", [ONCE], claims=("Ann",)) for name in ("first", "second")]
    for document_id in ids:
        render_document(document_id, world.render_deps)
    waiting = [chunk for document_id in ids for chunk in world.open_chunks(document_id)]
    for chunk in waiting:
        detect_chunk(chunk, world.detect_deps)
    world.encoder = Meeting()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda chunk: verify_chunk(chunk, world.verify_deps), waiting))
    for document_id in reversed(ids):
        finish_document(document_id, world.deps)

    assert duplicates(stored(world, ids[0])) == [None]
    (duplicate,) = duplicates(stored(world, ids[1]))
    assert duplicate is not None
    assert (duplicate["document"], duplicate["kind"]) == (ids[0], "page")


def test_a_copy_that_is_found_while_the_answer_is_stored_is_in_it(world: World) -> None:
    first = world.arrive("first.pdf", [ONCE], claims=("Ann",))
    second = world.arrive("second.pdf", [page(0, marks=1)], claims=("Ann",))
    for document_id in (first, second):
        render_document(document_id, world.render_deps)
    (early,), (late,) = world.open_chunks(first), world.open_chunks(second)
    for chunk in (early, late):
        detect_chunk(chunk, world.detect_deps)
    verify_chunk(late, world.verify_deps)
    put, answers = world.store.put, []

    def overtaken(key: str, data: bytes) -> None:
        put(key, data)
        answers.append(duplicates(json.loads(data)))
        if len(answers) == 1:
            world.store.put = put  # type: ignore[method-assign]
            verify_chunk(early, world.verify_deps)
            world.store.put = overtaken  # type: ignore[method-assign]

    world.store.put = overtaken  # type: ignore[method-assign]

    assert finish_document(second, world.deps)

    assert [one and one["document"] for answer in answers for one in answer] == [None, first]
    assert [one and one["document"] for one in duplicates(stored(world, second))] == [first]


def test_reading_the_earlier_document_again_gives_the_same_answers(world: World) -> None:
    first = world.arrive("first.pdf", [ONCE], claims=("Ann",))
    second = world.arrive("second.pdf", [TWICE], claims=("Ann",))
    world.through(first)
    world.through(second)
    before = duplicates(stored(world, second))

    with world.sessions() as session:
        reopening.start_again(session, [first], Asked(cause=AnswerCause.RETRY))
    world.through(first)

    assert duplicates(stored(world, second)) == before
    assert duplicates(stored(world, first)) == [None]


def test_the_same_bytes_under_another_claim_are_called_that(world: World) -> None:
    world.through(world.arrive("first.pdf", [ONCE], claims=("Ann",), data=b"same"))
    second = world.arrive("second.pdf", [ONCE], claims=("Bob",), data=b"same")
    world.through(second)

    (duplicate,) = duplicates(result(world, second))
    assert duplicate is not None
    assert duplicate["kind"] == "bytes"


def test_an_unclaimed_copy_is_found(world: World) -> None:
    world.through(world.arrive("first.pdf", [ONCE]))
    second = world.arrive("second.pdf", [TWICE])
    world.through(second)

    assert all(duplicates(result(world, second)))


def test_a_finding_outlives_the_earlier_document_but_not_its_name(world: World) -> None:
    first = world.arrive("secret.pdf", [ONCE], claims=("Ann",))
    second = world.arrive("second.pdf", [page(0, marks=1)], claims=("Ann",))
    world.through(first)
    world.through(second)
    assert "secret.pdf" in json.dumps(stored(world, second))

    erased_document(world, first)

    (duplicate,) = duplicates(stored(world, second))
    assert duplicate is not None
    assert (duplicate["document"], duplicate["key"], duplicate["similarity"] > 0.95) == (None, None, True)
    assert "secret.pdf" not in json.dumps(stored(world, second))


def test_a_signature_that_equals_a_reference_is_said_to_without_changing_the_verdict(world: World) -> None:
    world.encoder = Padded()
    for name, rendered in ((b"other", page(2, marks=1)), (b"same", page(0, marks=1))):
        world.renderer.documents[name] = [rendered]
        world.enroll("Ann", str(name), name)
    document_id = world.arrive("letter.pdf", [ONCE], claims=("Ann",))
    world.through(document_id)

    answer = result(world, document_id)
    (region,) = answer["pages"][0]["regions"]
    (copied,) = region["copy_of_reference"]
    assert (copied["signer"], copied["reference"], region["duplicate_of"]) == ("Ann", 2, None)
    (row,) = read_rows(world.sessions, [document_id])
    assert (row.copy_of_reference, row.verdict) == (2, answer["verdicts"][0]["verdict"])

    erased_signer(world, "Ann")

    assert result(world, document_id)["pages"][0]["regions"][0]["copy_of_reference"] == []


def test_a_reference_that_disagrees_is_named_by_the_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.encoder = Padded()
    for number in range(3):
        data = f"reference {number}".encode()
        world.renderer.documents[data] = [page(number, marks=1)]
        world.enroll("Ann", data.decode(), data)
    monkeypatch.setattr("worker.vision.verification.enrolment.OUTLIER_LLR", 1e9)

    judged = judge("Ann", world.verify_deps)
    document_id = world.arrive("letter.pdf", [ONCE], claims=("Ann",))
    world.through(document_id)

    assert [one.outlier for one in judged.references] == [True, True, True]
    assert all(one.score is not None and 0 <= one.score <= 1 for one in judged.references)
    assert judged.lacking == judged.wanted
    assert result(world, document_id)["verdicts"][0]["doubtful_references"] == [1, 2, 3]
