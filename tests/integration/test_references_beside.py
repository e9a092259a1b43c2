"""The references beside a signature: those it was compared with, the likest first, on a real database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import ProgrammingError

from db import people, signers
from db.models import Reference
from db.roles import READER, WEB, grant
from producer.services.pictures import likest_references
from tests.fakes import PartEncoder, page
from tests.world import World
from worker.report.beside import LikeReference, no_references, references_beside
from worker.result import DocumentResult
from worker.result.rows import document_result
from worker.steps.references import as_bytes, as_matrix

PLACE = (0, 0)


@pytest.fixture
def compared(world: World) -> DocumentResult:
    """A signature against three references, of which the second is the likest and the first the least."""
    world.encoder = PartEncoder()
    # References name both parts behind an embedding, and results name them one by one.
    encoder, cleaner = world.verify_deps.embedding_version.split("+")
    world.versions = {**world.versions, "encoder": encoder, "cleaner": cleaner}
    for number in range(3):
        world.renderer.documents[b"%d" % number] = [page(0, marks=1)]
        world.enroll("Ann", f"{number}.png", b"%d" % number)
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann", "Nobody"))
    world.through(document_id)
    with world.sessions() as session:
        references = session.execute(select(Reference).order_by(Reference.id)).scalars().all()
        for reference, turned in zip(references, (-1.0, 1.0, 0.5), strict=True):
            embedding = as_matrix([reference.embedding])[0]
            embedding[:16] *= turned
            embedding[16] = 1.0 - abs(turned)
            reference.embedding = as_bytes(embedding)
        return document_result(session, document_id)


def numbers(references: list[LikeReference]) -> list[int]:
    return [reference.number for reference in references]


def test_the_likest_stands_first(world: World, compared: DocumentResult) -> None:
    beside = references_beside(world.sessions)(compared)

    likest = list(beside[PLACE, "Ann"])
    assert numbers(likest) == [2, 3, 1]
    assert likest[0].likeness == pytest.approx(1.0, abs=1e-3)
    assert likest[2].likeness == pytest.approx(-1.0, abs=1e-3)
    assert all(reference.picture in world.store.objects for reference in likest)
    assert beside[PLACE, "Nobody"] == []


def test_a_reference_that_another_encoder_embedded_comes_last_without_a_likeness(
    world: World, compared: DocumentResult
) -> None:
    with world.sessions() as session:
        newest = session.execute(select(Reference).order_by(Reference.id).offset(1).limit(1)).scalar_one()
        newest.encoder = "another"

    likest = list(references_beside(world.sessions)(compared)[PLACE, "Ann"])

    assert numbers(likest) == [3, 1, 2]
    assert likest[-1].likeness is None


def test_a_reference_enrolled_after_the_answer_was_not_compared(
    world: World, compared: DocumentResult
) -> None:
    world.renderer.documents[b"late"] = [page(0, marks=1)]
    world.enroll("Ann", "late.png", b"late")

    assert numbers(list(references_beside(world.sessions)(compared)[PLACE, "Ann"])) == [2, 3, 1]


def of_an_older_release(result: DocumentResult) -> DocumentResult:
    """The same from when verdicts did not say what they rest on."""
    silent = tuple(row.model_copy(update={"compared_with": ()}) for row in result.verdicts)
    return result.model_copy(update={"verdicts": silent})


def test_an_older_verdict_stands_beside_what_was_on_file_when_it_was_given(
    world: World, compared: DocumentResult
) -> None:
    world.renderer.documents[b"late"] = [page(0, marks=1)]
    world.enroll("Ann", "late.png", b"late")

    older = of_an_older_release(compared)
    likest = list(references_beside(world.sessions, lambda key: f"/objects/{key}")(older)[PLACE, "Ann"])

    assert numbers(likest) == [2, 3, 1]
    assert all(reference.picture.startswith("/objects/signers/") for reference in likest)


def test_what_was_removed_or_merged_since_stands_beside_the_answer_that_rests_on_it(
    world: World, compared: DocumentResult
) -> None:
    with world.sessions() as session:
        used = {number: row.image_key for number, row in enumerate(signers.on_file(session, "Ann"), 1)}
        people.remove_reference(session, 1)
        ids = [signers.signer_id(session, name) for name in ("Ann", "Bea")]
        people.merge_signer(session, *ids)
        result = document_result(session, compared.id)

    likest = list(references_beside(world.sessions)(result)[PLACE, "Ann"])

    assert {reference.number: reference.picture for reference in likest} == used
    assert numbers(likest) == [2, 3, 1]
    assert likest[-1].likeness is None


def test_a_linked_document_has_the_references_of_its_original(world: World, compared: DocumentResult) -> None:
    linked = compared.model_copy(update={"id": 77, "linked_to": compared.id})

    assert numbers(list(references_beside(world.sessions)(linked)[PLACE, "Ann"])) == [2, 3, 1]


def test_a_merged_signer_is_compared_with_the_references_of_both_names_under_each(world: World) -> None:
    world.encoder = PartEncoder()
    for number, name in enumerate(("A. Smith", "Ann"), 1):
        world.renderer.documents[b"%d" % number] = [page(0, marks=1)]
        world.enroll(name, f"{number}.png", b"%d" % number)
    with world.sessions() as session:
        ids = {name: signers.signer_id(session, name) for name in ("A. Smith", "Ann")}
        people.merge_signer(session, ids["A. Smith"], ids["Ann"])
        keys = [row.image_key for row in signers.on_file(session, "Ann")]
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("A. Smith", "Ann"))
    world.through(document_id)
    with world.sessions() as session:
        result = document_result(session, document_id)

    for answer in (result, of_an_older_release(result)):
        beside = references_beside(world.sessions)(answer)

        for name in ("A. Smith", "Ann"):
            assert {row.number: row.picture for row in beside[PLACE, name]} == {1: keys[0], 2: keys[1]}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_who_may_read_no_embedding_sees_them_in_the_order_of_their_numbers(
    world: World, compared: DocumentResult, engine: Engine
) -> None:
    grant(engine, {})

    @event.listens_for(engine, "begin")
    def as_reader(connection: object) -> None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {READER}")  # type: ignore[attr-defined]

    likest = list(references_beside(world.sessions)(compared)[PLACE, "Ann"])

    assert numbers(likest) == [1, 2, 3]
    assert {reference.likeness for reference in likest} == {None}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_the_console_shows_the_likest_first_and_reads_no_embedding_otherwise(
    world: World, compared: DocumentResult, engine: Engine
) -> None:
    grant(engine, {})

    @event.listens_for(engine, "begin")
    def as_web(connection: object) -> None:
        connection.exec_driver_sql(f"SET LOCAL ROLE {WEB}")  # type: ignore[attr-defined]

    likest = list(likest_references(world.sessions, compared)[PLACE, "Ann"])

    assert numbers(likest) == [2, 3, 1]
    assert {reference.correspondence for reference in likest} == {None}
    with pytest.raises(ProgrammingError), world.sessions() as session:
        session.execute(select(Reference.embedding)).all()


def test_without_a_database_there_are_none(compared: DocumentResult) -> None:
    assert no_references(compared) == {}
