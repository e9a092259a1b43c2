"""What stands still is sent again, and what failed is retried on request."""

from __future__ import annotations

from db import documents, events, reopening
from db.answers import Asked
from db.states import AnswerCause, Status
from tests.fakes import page
from tests.world import World, make_overdue
from worker.errors import EncryptedDocument
from worker.steps.detect import detect_chunk
from worker.steps.render import render_document
from worker.steps.sweep import sweep_all
from worker.steps.verify import verify_chunk

RETRY = Asked(cause=AnswerCause.RETRY, who="ann@desk")


def test_the_sweep_rebuilds_the_queues_from_rows_alone(world: World) -> None:
    waiting = world.arrive("waiting.pdf", [page(0)])
    rendered = world.arrive("rendered.pdf", [page(0)])
    render_document(rendered, world.render_deps)
    (chunk_id,) = world.open_chunks(rendered)
    world.outbox.sent.clear()
    make_overdue(world)

    sweep_all(world.deps, lambda _: 0)
    sweep_all(world.deps, lambda _: 0)

    assert world.outbox.sent == [("render", waiting), ("detect", chunk_id)]


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
        assert reopening.start_again(session, documents.failed(session), RETRY) == [document_id]
    document = world.through(document_id)

    assert (document.status, document.reason, document.signed) == (Status.DONE, None, True)
    with world.sessions() as session:
        history = [(event.stage, event.event) for event in events.history(session, document_id)]
    assert history[0] == ("render", "quarantined")
    assert history[-1] == ("finish", "closed")
