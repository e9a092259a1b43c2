"""Signatures beside the references that they were compared with. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Document, Page, Reference, Region, Signer, Verdict
from db.relations import PAGES_OF
from db.search import embeddings_of_references, embeddings_of_regions
from db.signers import NAMED, SAME_PERSON


@dataclass(frozen=True, slots=True)
class ReferenceOnFile:
    """One reference: its number among its signer's, from 1 in the order of enrolment, and its picture.

    `llr` is how it stands among the person's others, None where nobody can say.
    """

    id: int
    number: int
    image_key: str
    llr: float | None


def references_on_file(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[ReferenceOnFile]]:
    """Those of these signers that were on file at a moment, or are now, in the order of their numbers.

    Under whichever name of the person they were enrolled.
    """
    statement = (
        select(NAMED.name, Reference.id, Reference.image_key, Reference.llr, Reference.enrolled_at)
        .select_from(NAMED)
        .join(Signer, SAME_PERSON)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(NAMED.name.in_(names))
        .order_by(NAMED.name, Reference.id)
    )
    by_name: dict[str, list[ReferenceOnFile]] = {}
    for name, rows in groupby(session.execute(statement), key=lambda row: row.name):
        by_name[name] = [
            ReferenceOnFile(row.id, number, row.image_key, row.llr)
            for number, row in enumerate(rows, 1)
            if before is None or row.enrolled_at <= before
        ]
    return by_name


def may_read_embeddings(session: Session) -> bool:
    """Whether this login may: who only reads results may not (db/roles.sql)."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    granted = func.has_function_privilege("search_region_embeddings(bigint[])", "EXECUTE")
    return bool(session.execute(select(granted)).scalar_one())


def region_embeddings(session: Session, document_id: int) -> dict[tuple[int, int], bytes]:
    """Embeddings of a document's compared regions, by page and index."""
    rows = session.execute(
        select(Region.id, Page.index, Region.index)
        .join(Page, Page.id == Region.page_id)
        .where(Page.document_id == document_id)
    )
    places = {number: (page, index) for number, page, index in rows}
    embeddings = embeddings_of_regions(session, list(places))
    return {places[number]: embedding for number, embedding in embeddings.items()}


def reference_embeddings(session: Session, ids: Sequence[int], *, encoder: str) -> Mapping[int, bytes]:
    """Embeddings of those of these references that this encoder has embedded, by their ids."""
    made = select(Reference.id).where(Reference.id.in_(ids), Reference.encoder == encoder)
    return embeddings_of_references(session, list(session.execute(made).scalars()))


def picture_of_reference(
    session: Session, document_id: int, page: int, region: int, reference_id: int
) -> str | None:
    """Where the picture of a reference lies with which a region was compared; None without one.

    One that is off file by now is found by what the region's verdicts keep of it.
    """
    statement = (
        select(Verdict.compared_with)
        .join(Region, Region.id == Verdict.region_id)
        .join(Page, Page.id == Region.page_id)
        .join(Document, Page.document_id == PAGES_OF)
        .where(Document.id == document_id, Page.index == page, Region.index == region)
    )
    for used in session.execute(statement).scalars():
        for reference in used or ():
            if reference["id"] == reference_id:
                return reference["image"]
    on_file = select(Reference.image_key).where(Reference.id == reference_id)
    return session.execute(on_file).scalar_one_or_none()
