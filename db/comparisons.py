"""Signatures beside the references that they were compared with. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Page, Reference, Region, Signer
from db.signers import NAMED, PERSON, SAME_PERSON

_COLUMNS = (
    Reference.id,
    Reference.image_key,
    Reference.encoder,
    Reference.llr,
    Reference.enrolled_at,
)


@dataclass(frozen=True, slots=True)
class ReferenceOnFile:
    """One reference: whose it is, its number among theirs, from 1 in the order of enrolment, its picture.

    `llr` is how it stands among the person's others, None where nobody can say.
    """

    id: int
    signer_id: int
    number: int
    image_key: str
    #: Versions of encoder and cleaner behind its embedding.
    encoder: str
    llr: float | None


def references_on_file(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[ReferenceOnFile]]:
    """Those of these signers that were on file at a moment, or are now, in the order of their numbers.

    Under whichever name of the person they were enrolled.
    """
    statement = (
        select(NAMED.name, PERSON.label("signer_id"), *_COLUMNS)
        .select_from(NAMED)
        .join(Signer, SAME_PERSON)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(NAMED.name.in_(names))
        .order_by(NAMED.name, Reference.id)
    )
    by_name: dict[str, list[ReferenceOnFile]] = {}
    for name, rows in groupby(session.execute(statement), key=lambda row: row.name):
        by_name[name] = [
            ReferenceOnFile(row.id, row.signer_id, number, row.image_key, row.encoder, row.llr)
            for number, row in enumerate(rows, 1)
            if before is None or row.enrolled_at <= before
        ]
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
