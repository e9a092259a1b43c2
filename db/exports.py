"""Queries of the exports: ids by status, whole documents at once, and one flat row per verdict."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Join, Row, and_, func, join, outerjoin, select
from sqlalchemy.orm import Session, aliased, selectinload

from db.documents import NOTED
from db.models import Document, Duplicate, Event, Page, ReferenceCopy, Region, Verdict, Versions
from db.relations import PAGES_OF
from db.signing import how_signed
from db.states import Status


def ids(
    session: Session, *, statuses: Collection[Status] = (), after: int = 0, limit: int = 1000
) -> Sequence[int]:
    """Ids of documents with one of the statuses (of all when none is named), in order, a page at a time."""
    statement = select(Document.id).where(Document.id > after).order_by(Document.id).limit(limit)
    if statuses:
        statement = statement.where(Document.status.in_(statuses))
    return session.execute(statement).scalars().all()


def load_documents(session: Session, document_ids: Collection[int]) -> Sequence[Document]:
    """The documents and those they are linked to, with all that hangs on them, in few queries.

    While the answer is held, `worker.result.rows.document_result` finds everything in the session.
    """
    originals = select(Document.original_id).where(
        Document.id.in_(document_ids), Document.original_id.is_not(None)
    )
    regions = selectinload(Document.pages).selectinload(Page.regions)
    statement = (
        select(Document)
        .where(Document.id.in_(document_ids) | Document.id.in_(originals))
        .options(
            selectinload(Document.claims),
            selectinload(Document.newest_answer),
            regions.selectinload(Region.verdicts),
            regions.selectinload(Region.suggestions),
            regions.selectinload(Region.reference_copies),
            regions.selectinload(Region.duplicate)
            .selectinload(Duplicate.of)
            .selectinload(Region.page)
            .selectinload(Page.document),
        )
    )
    return session.execute(statement).scalars().all()


#: The earlier region that a duplicate shows again, and its page.
_EARLIER, _EARLIER_PAGE = aliased(Region), aliased(Page)
#: What was noted of it, in one text.
_NOTES = (
    select(func.aggregate_strings(Event.detail, ", "))
    .where(Event.document_id == PAGES_OF, Event.event == NOTED)
    .scalar_subquery()
)
#: Those of `worker.result.VerdictRow`, in its order.
_COLUMNS = (
    Document.id.label("document"),
    Document.bucket,
    Document.key,
    Document.version,
    Document.sha256,
    Document.status,
    Document.reason,
    Document.signed,
    Page.index.label("page"),
    Region.index.label("region"),
    Region.x,
    Region.y,
    Region.width,
    Region.height,
    Region.score,
    Region.label.label("label"),
    Verdict.signer,
    Verdict.outcome.label("verdict"),
    Verdict.probability,
    Verdict.llr,
    Verdict.confidence,
    Verdict.references,
    *(Versions.content[name].as_string().label(name) for name in ("detector", "encoder", "code")),
    _EARLIER_PAGE.document_id.label("duplicate_of"),
    _EARLIER_PAGE.index.label("duplicate_page"),
    _EARLIER.index.label("duplicate_region"),
    Duplicate.similarity.label("duplicate_similarity"),
    Duplicate.kind.label("duplicate_kind"),
    ReferenceCopy.reference.label("copy_of_reference"),
    Region.signs,
    Region.role_probability,
    how_signed(PAGES_OF).label("signed_by"),
    _NOTES.label("notes"),
    Verdict.signer_id,
)


def verdict_rows(session: Session, document_ids: Collection[int]) -> Sequence[Row[*tuple[object, ...]]]:
    """One row per verdict, or per document without one, by document, page, region and verdict.

    The columns are those of `worker.result.VerdictRow`. A linked document has the verdicts of the one it is
    linked to.
    """
    statement = (
        select(*_COLUMNS)
        .select_from(_documents_with_verdicts())
        .where(Document.id.in_(document_ids))
        .order_by(Document.id, Page.index, Region.index, Verdict.id)
    )
    return session.execute(statement).all()


def _documents_with_verdicts() -> Join:
    answers = join(Page, Region, Region.page_id == Page.id).join(Verdict, Verdict.region_id == Region.id)
    copied = and_(ReferenceCopy.region_id == Region.id, ReferenceCopy.signer == Verdict.signer)
    return (
        outerjoin(Document, answers, Page.document_id == PAGES_OF)
        .join(Versions, Versions.id == Document.versions_id, isouter=True)
        .join(Duplicate, Duplicate.region_id == Region.id, isouter=True)
        .join(_EARLIER, _EARLIER.id == Duplicate.of_region_id, isouter=True)
        .join(_EARLIER_PAGE, _EARLIER_PAGE.id == _EARLIER.page_id, isouter=True)
        .join(ReferenceCopy, copied, isouter=True)
    )
