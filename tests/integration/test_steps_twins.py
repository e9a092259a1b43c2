"""Documents with the same bytes: one is read, the others take its answer or wait for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from db import answers, documents
from db.claims import replace_claims
from db.models import Page, Verdict
from db.states import ClaimSource, DocumentStage, Status
from tests.fakes import page
from tests.world import World, count
from worker.steps.render import render_document


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


def test_a_twin_that_claims_others_by_the_time_of_the_answer_starts_alone(world: World) -> None:
    twins = [
        world.arrive(key, [page(0)], data=b"same", claims=("Ann",)) for key in ("1.pdf", "2.pdf", "3.pdf")
    ]
    for document_id in twins:
        render_document(document_id, world.render_deps)
    with world.sessions() as session:
        replace_claims(session, twins[1], {"Ben": ClaimSource.FILE})

    world.through(twins[0])

    stages = [world.document(document_id).stage for document_id in twins]
    assert stages == [DocumentStage.CLOSED, DocumentStage.RENDER, DocumentStage.CLOSED]
    assert world.through(twins[1]).original_id is None
    with world.sessions() as session:
        told = [answers.of_document(session, number)[-1].claims[0].signer for number in twins]
    assert told == ["Ann", "Ben", "Ann"]


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
