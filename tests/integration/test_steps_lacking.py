"""What a document lacks and carries beside its pages, through the stages and out again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db import exports, reopening
from db.answers import Asked
from db.states import AnswerCause, Status
from tests.fakes import page
from tests.world import World
from worker.errors import IncompleteDocument, PortfolioDocument
from worker.result import VerdictRow
from worker.result.rows import document_result

CODES = [IncompleteDocument.code, PortfolioDocument.code]


@pytest.mark.parametrize("code", CODES)
def test_a_document_that_lacks_a_part_is_partial_and_neither_signed_nor_unsigned(
    world: World, code: str
) -> None:
    world.renderer.lacks = code

    document = world.through(world.arrive("cut.pdf", [page(0)]))

    assert (document.status, document.reason, document.signed) == (Status.PARTIAL, code, None)
    assert document.detail


def test_a_signature_on_what_is_there_counts(world: World) -> None:
    world.renderer.lacks = IncompleteDocument.code

    document = world.through(world.arrive("cut.pdf", [page(0, marks=1)]))

    assert (document.status, document.signed) == (Status.PARTIAL, True)


def test_a_later_look_that_finds_nothing_lacking_takes_the_earlier_back(world: World) -> None:
    world.renderer.lacks = IncompleteDocument.code
    document_id = world.arrive("cut.pdf", [page(0)])
    world.through(document_id)
    world.renderer.lacks = None
    with world.deps.sessions() as session:
        reopening.start_again(session, [document_id], Asked(cause=AnswerCause.RETRY))

    document = world.through(document_id)

    assert (document.status, document.reason, document.signed) == (Status.DONE, None, False)


def test_notes_stand_in_the_result_and_in_the_rows_each_once(world: World) -> None:
    world.renderer.notes = ("embedded files", "hidden layers")
    coarse = replace(page(0), note="page 1 was drawn at 96 dpi to keep the limit")
    document_id = world.arrive("a.pdf", [coarse])
    world.through(document_id)
    with world.deps.sessions() as session:
        reopening.start_again(session, [document_id], Asked(cause=AnswerCause.RETRY))
    world.through(document_id)

    with world.deps.sessions() as session:
        result = document_result(session, document_id)
        (row,) = [VerdictRow.model_validate(row) for row in exports.verdict_rows(session, [document_id])]

    assert result.notes == ("embedded files", "hidden layers", coarse.note)
    assert row.notes == ", ".join(result.notes)


def test_a_document_without_notes_has_none(world: World) -> None:
    document_id = world.arrive("a.pdf", [page(0)])
    world.through(document_id)

    with world.deps.sessions() as session:
        assert document_result(session, document_id).notes == ()
