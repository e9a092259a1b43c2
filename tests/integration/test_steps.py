"""What the stages do with documents, on a real database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, update

from db import documents, events, leases, signers
from db.base import ChunkStage, DocumentStage, PageStatus, Status
from db.engine import now
from db.models import Chunk, Document, Page, Reference, Region, Verdict
from db.results import document_result
from tests.fakes import DarkBlocks, MeanEncoder, page
from tests.world import World
from worker.errors import EncryptedDocument, ObjectMissing, StorageUnavailable, UnreadablePage
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.ports import DetectDeps
from worker.steps.references import as_bytes, as_matrix, enroll
from worker.steps.render import render_document
from worker.steps.sweep import sweep_all
from worker.steps.verify import verify_chunk
from worker.vision import values
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.values import Cleaning, Pixels
from worker.vision.verification.encoder import GLOBAL, LEVELS


def count(world: World, model: type) -> int:
    with world.sessions() as session:
        return session.execute(select(func.count()).select_from(model)).scalar_one()


def make_overdue(world: World) -> None:
    """Let every lease and every due time lie in the past."""
    with world.sessions() as session:
        for model in (Document, Chunk):
            past = now(session) - timedelta(hours=1)
            session.execute(update(model).values(lease_until=None))
            session.execute(update(model).where(model.stage != "closed").values(due_at=past))


def test_a_signed_document_is_done_and_signed(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0), page(1, marks=2), page(2)])

    document = world.through(document_id)

    assert (document.status, document.signed, document.pages_total) == (Status.DONE, True, 3)
    assert count(world, Region) == 2
    assert count(world, Verdict) == 2


def test_a_document_without_signature_is_unsigned(world: World) -> None:
    document = world.through(world.arrive("blank.pdf", [page(0)]))

    assert (document.status, document.signed) == (Status.DONE, False)


def test_one_bad_page_fails_alone_and_leaves_signed_unknown(world: World) -> None:
    document_id = world.arrive("torn.pdf", [page(0), UnreadablePage(1, "damaged"), page(2)])

    document = world.through(document_id)

    assert (document.status, document.signed) == (Status.PARTIAL, None)
    assert document.reason == "unreadable_page"
    assert document.detail == "1 of 3 pages could not be read; page 1: damaged"


def test_a_bad_page_does_not_hide_a_signature_on_another(world: World) -> None:
    document = world.through(world.arrive("torn.pdf", [page(0, marks=1), UnreadablePage(1, "damaged")]))

    assert (document.status, document.signed) == (Status.PARTIAL, True)


def test_a_document_whose_every_page_is_bad_fails(world: World) -> None:
    document = world.through(world.arrive("lost.pdf", [UnreadablePage(0, "damaged")]))

    assert (document.status, document.signed, document.reason) == (Status.FAILED, None, "unreadable_page")


def test_a_page_image_damaged_in_storage_fails_alone(world: World) -> None:
    document_id = world.arrive("two.pdf", [page(0, marks=1), page(1)])
    render_document(document_id, world.render_deps)
    with world.sessions() as session:
        key = session.execute(select(Page.image_key).where(Page.index == 1)).scalar_one()
    world.store.objects[key] = b"not an image"

    document = world.through(document_id)

    assert (document.status, document.signed, document.reason) == (Status.PARTIAL, True, "unreadable_page")


class Choking(DarkBlocks):
    """A detector that fails on pages that are not wholly white, or on all."""

    def __init__(self, *, on_all: bool) -> None:
        self._on_all = on_all

    def detect(self, pages: Sequence[Pixels]) -> list[list[values.Region]]:
        if self._on_all or any(page.min() < 255 for page in pages):
            raise RuntimeError("no such kernel")
        return super().detect(pages)


def with_detector(world: World, detector: DarkBlocks) -> DetectDeps:
    return DetectDeps(**{**vars(world.detect_deps), "detector": detector})


def test_a_page_that_the_detector_chokes_on_fails_alone(world: World) -> None:
    document_id = world.arrive("odd.pdf", [page(0), page(1, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    detect_chunk(chunk_id, with_detector(world, Choking(on_all=False)))

    document = world.through(document_id)
    assert (document.status, document.reason) == (Status.PARTIAL, "undetectable_page")
    assert document.detail is not None
    assert "page 1: RuntimeError: no such kernel" in document.detail


def test_a_detector_that_fails_on_every_page_fails_no_page(world: World) -> None:
    document_id = world.arrive("fine.pdf", [page(0), page(1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    with pytest.raises(RuntimeError, match="no such kernel"):
        detect_chunk(chunk_id, with_detector(world, Choking(on_all=True)))

    assert world.through(document_id).status is Status.DONE


def test_a_permanent_error_quarantines_at_once_with_its_code(world: World) -> None:
    document_id = world.arrive("locked.pdf", EncryptedDocument("it asks for a password"))

    document = world.through(document_id)

    assert (document.status, document.reason) == (Status.FAILED, "encrypted_document")
    assert document.detail == "it asks for a password"
    assert document.versions_id is not None


def test_every_stage_done_twice_writes_once(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1), page(1, marks=1), page(2)])
    world.through(document_id)
    before = [count(world, model) for model in (Page, Region, Verdict)]

    assert not render_document(document_id, world.render_deps)
    with world.sessions() as session:
        chunk_ids = session.execute(select(Chunk.id)).scalars().all()
    assert not any(detect_chunk(one, world.detect_deps) for one in chunk_ids)
    assert not any(verify_chunk(one, world.verify_deps) for one in chunk_ids)
    assert not finish_document(document_id, world.deps)
    assert [count(world, model) for model in (Page, Region, Verdict)] == before


def test_a_second_worker_cannot_claim_what_a_living_one_holds(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])

    with world.sessions() as session:
        first = leases.claim(session, Document, document_id, DocumentStage.RENDER, seconds=60)
    with world.sessions() as session:
        second = leases.claim(session, Document, document_id, DocumentStage.RENDER, seconds=60)

    assert first is not None
    assert second is None


def test_a_zombie_writes_nothing_after_its_lease_was_taken(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    class Overtaken(type(world.detect_deps.detector)):  # type: ignore[misc]
        """While this detector runs, its lease ends and another worker does the chunk."""

        def detect(self, pages):  # type: ignore[no-untyped-def]
            make_overdue(world)
            assert detect_chunk(chunk_id, world.detect_deps)
            return [[] for _ in pages]

    zombie = world.detect_deps.__class__(**{**vars(world.detect_deps), "detector": Overtaken()})
    detect_chunk(chunk_id, zombie)

    assert count(world, Region) == 1
    with world.sessions() as session:
        noted = [event.event for event in events.of_document(session, document_id) if event.stage == "detect"]
    assert noted == ["closed", "superseded"]


def test_a_zombie_render_of_a_closed_document_changes_nothing(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    fetch = world.store.fetch

    def overtaken(*words: str, max_bytes: int) -> bytes:
        """While the bytes are fetched, the lease ends and another worker finishes the document."""
        world.store.fetch = fetch  # type: ignore[method-assign]
        make_overdue(world)
        assert world.through(document_id).status is Status.DONE
        return fetch(*words, max_bytes=max_bytes)

    world.store.fetch = overtaken  # type: ignore[method-assign,assignment]
    render_document(document_id, world.render_deps)

    document = world.document(document_id)
    assert (document.status, document.stage) == (Status.DONE, DocumentStage.CLOSED)
    with world.sessions() as session:
        told = [event.event for event in events.of_document(session, document_id) if event.stage == "render"]
    assert told == ["closed", "superseded"]


def test_a_render_that_died_midway_goes_on_after_its_last_chunk(world: World) -> None:
    document_id = world.arrive("long.pdf", [page(index) for index in range(5)])
    world.store.fail = []
    puts = 0
    put = world.store.put

    def dies_on_the_fourth_page(key: str, data: bytes) -> None:
        nonlocal puts
        puts += 1
        if puts == 4:
            raise MemoryError("killed")
        put(key, data)

    world.store.put = dies_on_the_fourth_page  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        render_document(document_id, world.render_deps)
    assert count(world, Page) == 2

    document = world.through(document_id)

    assert document.status is Status.DONE
    with world.sessions() as session:
        assert session.execute(select(Page.index).order_by(Page.index)).scalars().all() == [0, 1, 2, 3, 4]


def test_counted_failures_end_in_quarantine(world: World) -> None:
    document_id = world.arrive("gone.pdf", [page(0)])
    del world.store.objects["gone.pdf"]

    for _ in range(3):
        with pytest.raises(ObjectMissing):
            render_document(document_id, world.render_deps)
    render_document(document_id, world.render_deps)

    document = world.document(document_id)
    assert (document.status, document.reason) == (Status.FAILED, "too_many_deliveries")
    sentence = "render was begun 3 times and never closed"
    assert document.detail == f"{sentence}; last: object_missing: there is no object 'gone.pdf'"
    with world.sessions() as session:
        attempts = [
            event.attempt for event in events.of_document(session, document_id) if event.event == "failed"
        ]
    assert attempts == [1, 2, 3]


def test_an_outage_of_storage_burns_no_attempts(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])

    for _ in range(10):
        world.store.fail = [StorageUnavailable("letter.pdf", "503")]
        with pytest.raises(StorageUnavailable):
            render_document(document_id, world.render_deps)

    assert world.through(document_id).status is Status.DONE


def test_the_same_bytes_under_another_key_take_over_the_answer(world: World) -> None:
    original = world.through(world.arrive("first.pdf", [page(0, marks=1)], data=b"same"))

    twin = world.through(world.arrive("second.pdf", [page(0, marks=1)], data=b"same"))

    assert (twin.status, twin.signed, twin.original_id) == (Status.DONE, True, original.id)
    assert count(world, Page) == 1


def test_twins_rendered_at_once_never_wait_in_a_circle(world: World) -> None:
    twins = [world.arrive(f"{number}.pdf", [page(0)], data=b"same") for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda one: render_document(one, world.render_deps), twins))

    assert all(begun)
    for _ in range(2):  # a twin whose original ended before it was linked is its own
        ended = {world.through(one).status for one in twins}
    assert ended == {Status.DONE}


def test_a_twin_waits_for_an_original_that_is_still_at_work(world: World) -> None:
    first = world.arrive("first.pdf", [page(0)], data=b"same")
    second = world.arrive("second.pdf", [page(0)], data=b"same")
    render_document(first, world.render_deps)
    render_document(second, world.render_deps)
    assert world.document(second).stage is DocumentStage.LINKED

    world.through(first)

    assert world.document(second).status is Status.DONE


def test_a_twin_of_a_document_that_fails_starts_alone(world: World) -> None:
    first = world.arrive("first.pdf", [page(0)], data=b"same")
    second = world.arrive("second.pdf", [page(0)], data=b"same")
    render_document(first, world.render_deps)
    render_document(second, world.render_deps)
    with world.sessions() as session:
        documents.quarantine(session, first, reason="too_many_deliveries", detail="")

    assert world.through(second).status is Status.DONE


def test_the_same_bytes_with_another_claim_are_read_again(world: World) -> None:
    world.through(world.arrive("first.pdf", [page(0, marks=1)], data=b"same", claims=("anna",)))

    twin = world.through(world.arrive("second.pdf", [page(0, marks=1)], data=b"same", claims=("bela",)))

    assert twin.original_id is None
    assert count(world, Verdict) == 2


@pytest.mark.parametrize("policy", ["skip", "reprocess"])
def test_the_same_bytes_are_treated_as_the_setting_says(world: World, policy: str) -> None:
    world.reading = world.reading.model_copy(update={"same_bytes": policy})
    world.through(world.arrive("first.pdf", [page(0, marks=1)], data=b"same"))

    twin = world.through(world.arrive("second.pdf", [page(0, marks=1)], data=b"same"))

    expected = {"skip": ("duplicate_skipped", None), "reprocess": (None, True)}
    assert (twin.status, (twin.reason, twin.signed)) == (Status.DONE, expected[policy])


def test_a_claimed_signer_on_file_is_compared_and_an_unknown_one_is_not(world: World) -> None:
    mark = page(0, marks=1)
    world.renderer.documents[b"reference"] = [mark]
    world.encoder = Padded()
    enroll("anna", "a.png", b"reference", deps=world.verify_deps, renderer=world.renderer)

    document_id = world.arrive("letter.pdf", [mark], claims=("anna", "nobody"))
    world.through(document_id)

    with world.sessions() as session:
        result = document_result(session, document_id)
    verdicts = {row["signer"]: row for row in result["verdicts"]}
    assert verdicts["anna"]["references"] == 1
    assert 0 <= verdicts["anna"]["probability"] <= 1
    assert (verdicts["nobody"]["verdict"], verdicts["nobody"]["probability"]) == ("no_reference", None)


def test_without_a_claim_the_nearest_signers_are_suggested_and_nothing_is_decided(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder = Padded()
    enroll("anna", "a.png", b"reference", deps=world.verify_deps, renderer=world.renderer)

    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    world.through(document_id)

    with world.sessions() as session:
        result = document_result(session, document_id)
    (verdict,) = result["verdicts"]
    assert (verdict["signer"], verdict["verdict"]) == ("", "no_reference")
    assert [one["signer"] for one in result["pages"][0]["regions"][0]["suggestions"]] == ["anna"]


def test_who_is_enrolled_later_is_suggested_too(world: World) -> None:
    world.encoder = Padded()
    deps = world.verify_deps
    for signer, marks in (("anna", 1), ("bert", 2)):
        world.renderer.documents[signer.encode()] = [page(0, marks=marks)]
        enroll(signer, "a.png", signer.encode(), deps=deps, renderer=world.renderer)
        with world.sessions() as session:
            mark = signers.mark(session, encoder=deps.embedding_version)
            stored = signers.all_embeddings(session, encoder=deps.embedding_version)
        assert deps.everybody.of(mark, lambda held=stored: held) == stored


def test_references_of_another_encoder_are_embedded_again(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder = Padded("old")
    enroll("anna", "a.png", b"reference", deps=world.verify_deps, renderer=world.renderer)

    world.encoder = Padded("new")
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    world.through(document_id)

    with world.sessions() as session:
        (verdict,) = document_result(session, document_id)["verdicts"]
    assert verdict["references"] == 1


def test_references_that_another_cleaner_cleaned_are_embedded_again(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder, world.cleaner = Padded(), load_cleaner(Cleaning.OFF)
    enroll("anna", "a.png", b"reference", deps=world.verify_deps, renderer=world.renderer)

    world.cleaner = load_cleaner(Cleaning.CLASSICAL)
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    world.through(document_id)

    with world.sessions() as session:
        (verdict,) = document_result(session, document_id)["verdicts"]
        (stored,) = session.execute(select(Reference.encoder)).scalars()
    assert verdict["references"] == 1
    assert stored.endswith(world.cleaner.version)


def test_the_result_in_storage_says_what_the_rows_say(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1), UnreadablePage(1, "damaged")])
    document = world.through(document_id)

    stored = json.loads(world.store.objects[document.result_key or ""])

    with world.sessions() as session:
        rows = document_result(session, document_id)
    for name in ("status", "signed", "reason", "detail", "pages", "verdicts", "versions"):
        assert stored[name] == rows[name]
    assert rows["versions"]["detector"] == "d"


def test_the_sweep_rebuilds_the_queues_from_rows_alone(world: World) -> None:
    waiting = world.arrive("waiting.pdf", [page(0)])
    rendered = world.arrive("rendered.pdf", [page(0)])
    render_document(rendered, world.render_deps)
    (chunk_id,) = world.open_chunks(rendered)
    world.outbox.sent.clear()
    make_overdue(world)

    sweep_all(world.deps, lambda _: 0)
    sweep_all(world.deps, lambda _: 0)

    assert world.outbox.sent == [("render", waiting), ("pages", chunk_id)]


def test_the_sweep_sends_only_what_a_long_queue_lacks(world: World) -> None:
    for number in range(5):
        world.arrive(f"{number}.pdf", [page(0)])
    make_overdue(world)

    sweep_all(world.deps, lambda _: 3)

    assert len(world.outbox.take("render")) == 2


def test_a_finish_that_was_lost_is_swept(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    make_overdue(world)
    sweep_all(world.deps, lambda _: 0)
    assert world.outbox.take("finish") == [document_id], (
        "sent by render itself; none is due while a chunk is open"
    )

    detect_chunk(chunk_id, world.detect_deps)
    verify_chunk(chunk_id, world.verify_deps)
    make_overdue(world)
    sweep_all(world.deps, lambda _: 0)

    assert world.outbox.take("finish") == [document_id]


def test_retry_wipes_the_results_keeps_the_history_and_starts_again(world: World) -> None:
    document_id = world.arrive("letter.pdf", EncryptedDocument("password"))
    world.through(document_id)
    world.renderer.documents[b"letter.pdf"] = [page(0, marks=1)]

    with world.sessions() as session:
        assert documents.start_again(session, documents.failed(session)) == [document_id]
    document = world.through(document_id)

    assert (document.status, document.reason, document.signed) == (Status.DONE, None, True)
    with world.sessions() as session:
        history = [(event.stage, event.event) for event in events.of_document(session, document_id)]
    assert history[0] == ("render", "quarantined")
    assert history[-1] == ("finish", "closed")


def test_the_history_names_stage_attempt_and_seconds(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0)])
    world.through(document_id)

    with world.sessions() as session:
        history = events.of_document(session, document_id)
    assert [event.stage for event in history] == ["render", "detect", "verify", "finish"]
    assert all(event.attempt == 1 and event.seconds is not None for event in history)
    assert {event.worker for event in history} == {"embedded"}


def test_a_chunk_of_a_quarantined_document_is_left_alone(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    with world.sessions() as session:
        documents.quarantine(session, document_id, reason="too_many_deliveries", detail="")

    assert not detect_chunk(chunk_id, world.detect_deps)
    assert count(world, Region) == 0


def test_pages_stay_open_until_their_chunk_is_verified(world: World) -> None:
    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)

    assert not finish_document(document_id, world.deps)
    detect_chunk(chunk_id, world.detect_deps)
    assert not finish_document(document_id, world.deps)

    with world.sessions() as session:
        assert session.execute(select(Page.status)).scalar_one() is PageStatus.DETECTED
        assert session.execute(select(Chunk.stage)).scalar_one() is ChunkStage.VERIFY


class Padded(MeanEncoder):
    """Embeddings as the matcher's weights expect them, their parts all alike."""

    def encode(self, crops):  # type: ignore[no-untyped-def]
        small = super().encode(crops)
        whole = np.pad(small, ((0, 0), (0, GLOBAL - small.shape[1])))
        cells = [
            np.full((len(small), count), value)
            for level in LEVELS
            for count, value in (
                (level.cells * level.descriptor, level.descriptor**-0.5),
                (level.cells, 1 / level.cells),
            )
        ]
        return np.concatenate([whole, *cells], axis=1).astype(np.float32)


def test_embeddings_survive_storage() -> None:
    rows = np.random.default_rng(0).uniform(-1, 1, size=(3, 16)).astype(np.float32)

    assert np.allclose(as_matrix([as_bytes(row) for row in rows]), rows, atol=2**-11)
