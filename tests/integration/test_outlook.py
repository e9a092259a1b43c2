"""An inconclusive verdict says what more references would bring, by the calibration that it rests on."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from db.answers import Asked
from db.states import AnswerCause
from tests.fakes import CellVerifier, page
from tests.world import World
from worker.result import DocumentResult, rows
from worker.result.answers import revise
from worker.result.rows import document_result
from worker.vision.verification import outlook
from worker.vision.verification.outlook import MoreReferences

STEPS = (MoreReferences(references=1, more=3, decided=0.31, wrong=0.04), MoreReferences(5, 10, 0.1, 0.0))


@pytest.fixture
def world(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    """Whatever is compared is inconclusive; one calibration was measured."""
    known = {"measured": STEPS}
    monkeypatch.setattr(outlook, "measured_with", lambda calibration, folder: known.get(calibration, ()))
    return World(engine, verifier=CellVerifier())


def compared(world: World, *, calibration: str) -> int:
    world.versions = {**world.versions, "calibration": calibration}
    world.renderer.documents[b"r"] = [page(0, marks=1)]
    world.enroll("Ann", "r.png", b"r")
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann", "Nobody"))
    world.through(document_id)
    return document_id


def result_of(world: World, document_id: int) -> DocumentResult:
    with world.sessions() as session:
        return document_result(session, document_id)


def test_it_is_told_of_what_was_compared_and_of_nothing_else(world: World) -> None:
    document_id = compared(world, calibration="measured")

    of_ann, of_nobody = result_of(world, document_id).verdicts
    assert (of_ann.outlook or "").startswith("3 references would help: of 100 comparisons that 1 reference")
    assert of_nobody.outlook is None
    assert "outlook" not in of_nobody.json_object()


def test_it_is_not_told_of_another_calibration(world: World) -> None:
    document_id = compared(world, calibration="another")

    assert [verdict.outlook for verdict in result_of(world, document_id).verdicts] == [None, None]


def test_an_answer_of_before_it_was_told_says_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older_release:
        older_release.setattr(rows, "outlook", lambda references, calibration: "")
        document_id = compared(world, calibration="measured")

    with world.sessions() as session:
        asked = Asked(cause=AnswerCause.RETRY)
        assert revise(session, document_id, world.store, asked) is False
