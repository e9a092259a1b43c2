"""Claims, references and suggestions in the stages, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sqlalchemy import Engine, select

from db import signers
from db.models import Reference
from tests.fakes import GivenPages, Pages, PartEncoder, page
from tests.world import World, count
from worker.enrolling import Enroller
from worker.errors import DocumentError, PageError, UnreadableDocument, UnreadablePage, UnusableReference
from worker.result.rows import document_result
from worker.steps.references import as_bytes, as_matrix, judge
from worker.vision.choices import Cleaning, Limits
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.values import Embeddings, RenderedPage
from worker.vision.verification.matcher import Matcher


def test_a_claimed_signer_on_file_is_compared_and_an_unknown_one_is_not(world: World) -> None:
    mark = page(0, marks=1)
    world.renderer.documents[b"reference"] = [mark]
    world.encoder = PartEncoder()
    world.enroll("anna", "a.png", b"reference")

    document_id = world.arrive("letter.pdf", [mark], claims=("anna", "nobody"))
    world.through(document_id)

    with world.sessions() as session:
        result = document_result(session, document_id)
    verdicts = {row.signer: row for row in result.verdicts}
    assert verdicts["anna"].references == 1
    assert verdicts["anna"].probability is not None
    assert (verdicts["nobody"].verdict, verdicts["nobody"].probability) == ("no_reference", None)


def test_a_verdict_rests_on_references_that_reach_the_grade_or_is_inconclusive(world: World) -> None:
    world.encoder = PartEncoder()
    for signer, data in (("anna", b"good"), ("anna", b"weak 1"), ("bob", b"weak 2")):
        world.renderer.documents[data] = [page(0, marks=1)]
        world.enroll(signer, "a.png", data)
    with world.sessions() as session:
        for reference in session.execute(select(Reference)).scalars().all()[1:]:
            reference.quality = {**reference.quality, "score": 0.2}

    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna", "bob"))
    world.through(document_id)

    with world.sessions() as session:
        verdicts = {row.signer: row for row in document_result(session, document_id).verdicts}
    assert verdicts["anna"].references == 1
    assert (verdicts["bob"].verdict, verdicts["bob"].confidence) == ("inconclusive", None)
    assert verdicts["bob"].references == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(UnreadableDocument("it ends early"), "it ends early", id="no image"),
        pytest.param([UnreadablePage(0, "it is grey")], "it is grey", id="unreadable page"),
        pytest.param([page(0, marks=1), page(1)], "it has several pages", id="several pages"),
    ],
)
def test_what_shows_no_single_signature_is_not_put_on_file(
    world: World, given: list[RenderedPage | PageError] | DocumentError, why: str
) -> None:
    world.renderer.documents[b"reference"] = given

    with pytest.raises(UnusableReference, match=why):
        world.enroll("anna", "a.png", b"reference")

    assert (count(world, Reference), world.store.objects) == (0, {})


class CountingPages(GivenPages):
    """Counts how often it is asked to render."""

    opened = 0

    def open(self, data: bytes, *, limits: Limits, first: int = 0) -> Pages:
        self.opened += 1
        return super().open(data, limits=limits, first=first)


def test_an_image_that_is_put_on_file_is_rendered_once(world: World) -> None:
    world.encoder, renderer = PartEncoder(), CountingPages({b"reference": [page(0, marks=1)]})

    enrolled = Enroller(world.verify_deps, renderer).enroll("anna", "a.png", b"reference")

    assert (enrolled.new, enrolled.note, renderer.opened) == (True, None, 1)
    with world.sessions() as session:
        (reference,) = session.execute(select(Reference)).scalars()
    assert world.store.get(reference.image_key) == page(0, marks=1).data


def test_without_a_claim_the_nearest_signers_are_suggested_and_nothing_is_decided(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder = PartEncoder()
    world.enroll("anna", "a.png", b"reference")

    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    world.through(document_id)

    with world.sessions() as session:
        result = document_result(session, document_id)
    (verdict,) = result.verdicts
    assert (verdict.signer, verdict.verdict) == ("", "no_reference")
    assert [one.signer for one in result.pages[0].regions[0].suggestions] == ["anna"]


def test_who_is_enrolled_later_is_suggested_too(world: World) -> None:
    world.encoder = PartEncoder()
    deps = world.verify_deps
    for signer, marks in (("anna", 1), ("bert", 2)):
        world.renderer.documents[signer.encode()] = [page(0, marks=marks)]
        world.enroll(signer, "a.png", signer.encode())
        with world.sessions() as session:
            mark = signers.mark(session, encoder=deps.embedding_version)
            stored = signers.all_embeddings(session, encoder=deps.embedding_version)
        assert deps.everybody.of(mark, lambda held=stored: held) == stored


def test_references_of_another_encoder_are_embedded_again(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder = PartEncoder("old")
    world.enroll("anna", "a.png", b"reference")

    world.encoder = PartEncoder("new")
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    world.through(document_id)

    with world.sessions() as session:
        (verdict,) = document_result(session, document_id).verdicts
    assert verdict.references == 1


def test_references_that_another_cleaner_cleaned_are_embedded_again(world: World) -> None:
    world.renderer.documents[b"reference"] = [page(0, marks=1)]
    world.encoder, world.cleaner = PartEncoder(), load_cleaner(Cleaning.OFF)
    world.enroll("anna", "a.png", b"reference")

    world.cleaner = load_cleaner(Cleaning.CLASSICAL)
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    world.through(document_id)

    with world.sessions() as session:
        (verdict,) = document_result(session, document_id).verdicts
        (stored,) = session.execute(select(Reference.encoder)).scalars()
    assert verdict.references == 1
    assert stored.endswith(world.cleaner.version)


def enrolled(world: World, number: int) -> None:
    data = f"reference {number}".encode()
    world.renderer.documents[data] = [page(number, marks=1)]
    world.enroll("anna", data.decode(), data)


class Interrupted:
    """A pair classifier during whose first comparison something happens."""

    def __init__(self, matcher: Matcher, happens: Callable[[], None]) -> None:
        self.version = matcher.version
        self._matcher = matcher
        self._happens = [happens]

    def logits(self, query: npt.NDArray[np.float32], references: Embeddings) -> npt.NDArray[np.float64]:
        while self._happens:
            self._happens.pop()()
        return self._matcher.logits(query, references)


def test_a_reference_that_comes_while_the_others_are_judged_is_judged_too(world: World) -> None:
    world.encoder = PartEncoder()
    for number in range(3):
        enrolled(world, number)
    matcher = Interrupted(world.verifier.matcher, lambda: enrolled(world, 3))
    world.verifier = replace(world.verifier, matcher=matcher)

    judged = judge("anna", world.verify_deps)

    assert [one.number for one in judged.references] == [1, 2, 3, 4]
    assert all(one.llr is not None for one in judged.references)


def test_a_reference_that_comes_between_two_queries_is_judged_too(
    postgres: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres shows a transaction what others commit meanwhile."""
    world = World(postgres, encoder=PartEncoder())
    for number in range(3):
        enrolled(world, number)
    embeddings = signers.embeddings

    def overtaken(*arguments: Any, **options: Any) -> dict[str, list[bytes]]:
        monkeypatch.undo()
        enrolled(world, 3)
        return embeddings(*arguments, **options)

    monkeypatch.setattr(signers, "embeddings", overtaken)

    judged = judge("anna", world.verify_deps)

    assert [one.number for one in judged.references] == [1, 2, 3, 4]
    assert all(one.llr is not None for one in judged.references)


def test_embeddings_survive_storage() -> None:
    rows = np.random.default_rng(0).uniform(-1, 1, size=(3, 16)).astype(np.float32)

    assert np.allclose(as_matrix([as_bytes(row) for row in rows]), rows, atol=2**-11)
