"""Signatures beside the references that they were compared with. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Page, Reference, Region, Signer


@dataclass(frozen=True, slots=True)
class ReferenceOnFile:
    """One reference: its number among the signer's, from 1 in the order of enrolment, and its picture."""

    id: int
    number: int
    image_key: str
    #: Versions of encoder and cleaner behind its embedding.
    encoder: str


def references_on_file(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[ReferenceOnFile]]:
    """Those of these signers that were on file at a moment, or are now, in the order of their numbers."""
    statement = (
        select(Signer.name, Reference.id, Reference.image_key, Reference.encoder)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(Signer.name.in_(names))
        .order_by(Signer.name, Reference.id)
    )
    if before is not None:
        statement = statement.where(Reference.enrolled_at <= before)
    by_name: dict[str, list[ReferenceOnFile]] = {}
    for row in session.execute(statement):
        of_signer = by_name.setdefault(row.name, [])
        of_signer.append(ReferenceOnFile(row.id, len(of_signer) + 1, row.image_key, row.encoder))
    return by_name


def may_read_embeddings(session: Session) -> bool:
    """Whether this login may: who only reads results may not (db/roles.sql)."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    granted = func.has_column_privilege("regions", "embedding", "SELECT")
    return bool(session.execute(select(granted)).scalar_one())


def region_embeddings(session: Session, document_id: int) -> dict[tuple[int, int], bytes]:
    """Embeddings of a document's compared regions, by page and index."""
    statement = (
        select(Page.index, Region.index, Region.embedding)
        .join(Page, Page.id == Region.page_id)
        .where(Page.document_id == document_id, Region.embedding.is_not(None))
    )
    return {(page, index): embedding or b"" for page, index, embedding in session.execute(statement)}


def reference_embeddings(session: Session, ids: Sequence[int]) -> dict[int, bytes]:
    """Embeddings of these references, by their ids."""
    statement = select(Reference.id, Reference.embedding).where(Reference.id.in_(ids))
    return {row.id: row.embedding for row in session.execute(statement)}
