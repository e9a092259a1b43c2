"""Queries of the search by signature: what is compared first, and in full. The caller owns the transaction.

On Postgres embeddings are read through functions that run with their owner's rights: the role of the web app
may call those, and reads no embedding otherwise (db/roles.sql).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.models import Document, Page, Reference, Region, Signer, Versions
from db.relations import person_of
from db.states import DocumentStage

#: Bytes of a number of an embedding.
_FLOAT_BYTES = 2

_REGION_CODES = text("SELECT id, owner, code FROM search_region_codes(:documents, :bytes)")
_REFERENCE_CODES = text("SELECT id, owner, code FROM search_reference_codes(:encoder, :bytes)")
_REGION_EMBEDDINGS = text("SELECT id, embedding FROM search_region_embeddings(:ids)")
_REFERENCE_EMBEDDINGS = text("SELECT id, embedding FROM search_reference_embeddings(:ids)")


@dataclass(frozen=True, slots=True)
class Code:
    """The first numbers of an embedding, float16 each, and the document or signer that it belongs to."""

    id: int
    owner: int
    code: bytes


@dataclass(frozen=True, slots=True)
class RegionPlace:
    """Where a region stands."""

    document: int
    key: str
    page: int
    region: int
    label: str


def searchable_documents(session: Session, ids: Iterable[int], *, encoder: str, cleaner: str) -> list[int]:
    """Those of these documents that are answered, by embeddings of this encoder and cleaner."""
    rows = session.execute(
        select(Document.id, Versions.content)
        .join(Versions, Versions.id == Document.versions_id)
        .where(Document.id.in_(list(ids)), Document.stage == DocumentStage.CLOSED)
    )
    made = {"encoder": encoder, "cleaner": cleaner}
    return [row.id for row in rows if {name: row.content.get(name) for name in made} == made]


def region_codes(session: Session, documents: Sequence[int], *, floats: int) -> list[Code]:
    """The codes of the compared regions of these documents."""
    if _is_postgres(session):
        rows = session.execute(_REGION_CODES, {"documents": list(documents), "bytes": floats * _FLOAT_BYTES})
        return [Code(row.id, row.owner, bytes(row.code)) for row in rows]
    statement = (
        select(Region.id, Page.document_id, func.substr(Region.embedding, 1, floats * _FLOAT_BYTES))
        .join(Page, Page.id == Region.page_id)
        .where(Page.document_id.in_(documents), Region.embedding.is_not(None))
    )
    return [Code(*row) for row in session.execute(statement)]


def reference_codes(session: Session, *, encoder: str, floats: int) -> list[Code]:
    """The codes of all references that this encoder has embedded, by the signer whom they stand for."""
    if _is_postgres(session):
        rows = session.execute(_REFERENCE_CODES, {"encoder": encoder, "bytes": floats * _FLOAT_BYTES})
        return [Code(row.id, row.owner, bytes(row.code)) for row in rows]
    person = person_of()
    statement = (
        select(Reference.id, person, func.substr(Reference.embedding, 1, floats * _FLOAT_BYTES))
        .join(Signer, Signer.id == Reference.signer_id)
        .where(Reference.encoder == encoder)
        .order_by(Reference.id)
    )
    return [Code(*row) for row in session.execute(statement)]


def embeddings_of_regions(session: Session, ids: Sequence[int]) -> Mapping[int, bytes]:
    """Whole embeddings by region; those that were erased meanwhile are missing."""
    if _is_postgres(session):
        rows = session.execute(_REGION_EMBEDDINGS, {"ids": list(ids)})
        return {row.id: bytes(row.embedding) for row in rows}
    statement = select(Region.id, Region.embedding).where(Region.id.in_(ids), Region.embedding.is_not(None))
    return {number: embedding or b"" for number, embedding in session.execute(statement)}


def embeddings_of_references(session: Session, ids: Sequence[int]) -> Mapping[int, bytes]:
    """Whole embeddings by reference; those that were taken off file meanwhile are missing."""
    if _is_postgres(session):
        rows = session.execute(_REFERENCE_EMBEDDINGS, {"ids": list(ids)})
        return {row.id: bytes(row.embedding) for row in rows}
    statement = select(Reference.id, Reference.embedding).where(Reference.id.in_(ids))
    return {row.id: row.embedding for row in session.execute(statement)}


def region_places(session: Session, ids: Sequence[int]) -> Mapping[int, RegionPlace]:
    """Where regions stand, by their ids."""
    rows = session.execute(
        select(Region.id, Document.id, Document.key, Page.index, Region.index, Region.label)
        .join(Page, Page.id == Region.page_id)
        .join(Document, Document.id == Page.document_id)
        .where(Region.id.in_(ids))
    )
    return {row[0]: RegionPlace(*row[1:]) for row in rows}


def names_of_signers(session: Session, ids: Sequence[int]) -> Mapping[int, str]:
    """Names by signer."""
    rows = session.execute(select(Signer.id, Signer.name).where(Signer.id.in_(ids)))
    return {row.id: row.name for row in rows}


def reference_numbers(session: Session, people: Sequence[int]) -> Mapping[int, int]:
    """The number, from 1, of each reference of these signers, under whichever name it was enrolled."""
    person = person_of()
    number = func.row_number().over(partition_by=person, order_by=Reference.id)
    statement = (
        select(Reference.id, number.label("number"))
        .join(Signer, Signer.id == Reference.signer_id)
        .where(person.in_(people))
    )
    return {row.id: row.number for row in session.execute(statement)}


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
