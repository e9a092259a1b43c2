"""Which documents a change of references touches, and what answer they get."""

from __future__ import annotations

from db import answers
from db.states import AnswerCause, DocumentStage, Status
from producer.services.signers import merge_signers, remove_references, touched_documents
from tests.fakes import page
from tests.signers_on_file import WHO, answered, enroll, references_behind, sent_by
from tests.world import World
from worker.enrolling import Enroller
from worker.pipeline import PIPELINE


def test_exactly_the_documents_that_a_change_touches_get_a_new_answer(
    world: World, enroller: Enroller
) -> None:
    before = answered(world, "before.pdf", "Ann")
    other = answered(world, "other.pdf", "Bob")
    enroll(world, enroller, "Ann", 1)
    answered(world, "after.pdf", "Ann")
    world.renderer.documents.clear()

    assert touched_documents(world.sessions, ["Ann"]).documents == (before,)
    assert sent_by(world, "Ann") == [("verify", before)]
    assert touched_documents(world.sessions, ["Ann"]).at_work == 1
    world.through(before)

    assert references_behind(world, before) == {"Ann": 1}
    with world.sessions() as session:
        first, second = answers.of_document(session, before)
        assert len(answers.of_document(session, other)) == 1
    assert (first.number, second.cause, second.asked_by) == (1, AnswerCause.NEW_REFERENCE, WHO)
    assert sent_by(world, "Ann") == []


def test_a_document_that_was_compared_before_a_change_and_ended_after_it_is_touched(
    world: World, enroller: Enroller
) -> None:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world._call([stage for stage in PIPELINE if stage.name in ("render",)], document_id)
    world._call(PIPELINE.chunk_stages, world.open_chunks(document_id)[0])
    enroll(world, enroller, "Ann", 1)
    world.through(document_id)

    assert touched_documents(world.sessions, ["Ann"]).documents == (document_id,)


def test_documents_that_share_an_answer_get_the_next_one_together(world: World, enroller: Enroller) -> None:
    first = answered(world, "a.pdf", "Ann", data=b"same")
    second = answered(world, "b.pdf", "Ann", data=b"same")
    enroll(world, enroller, "Ann", 1)

    assert sent_by(world, "Ann") == [("verify", first)]
    assert world.document(second).stage is DocumentStage.LINKED
    world.through(first)

    assert [world.document(each).answer for each in (first, second)] == [2, 2]
    assert world.document(second).status is Status.DONE


def test_a_removal_and_a_merge_touch_documents_too(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1, 2)
    enroll(world, enroller, "Bob", 3)
    ids = [answered(world, "a.pdf", "Ann"), answered(world, "b.pdf", "Bob")]

    remove_references(world.sessions, "Ann", ["1"], enroller.judge, who=WHO)
    assert touched_documents(world.sessions, ["Ann", "Bob"]).documents == (ids[0],)
    merge_signers(world.sessions, "Bob", "Ann", enroller.judge, who=WHO)

    assert touched_documents(world.sessions, ["Bob"]).documents == tuple(ids)
