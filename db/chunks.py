"""Queries on chunks, pages and regions. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, contains_eager

from db.engine import clock
from db.models import Chunk, Document, Page, Region, Versions, VersionsContent
from db.signing import is_compared
from db.states import ChunkStage, DocumentStage, PageStatus
from db.writes import Values, insert_all_once, insert_or_find


def add(
    session: Session,
    document_id: int,
    index: int,
    page_rows: Sequence[Values],
    *,
    stage: ChunkStage,
) -> int:
    """Add a chunk that waits for `stage`, with its pages; a known one stays as it is. Answer its id."""
    chunk_id, new = insert_or_find(
        session,
        Chunk,
        {"document_id": document_id, "index": index},
        stage=stage,
        fence=0,
        deliveries=0,
        due_at=clock(session),
    )
    if new:
        rows = [{"document_id": document_id, "chunk_id": chunk_id, **row} for row in page_rows]
        insert_all_once(session, Page, rows)
    return chunk_id


def pages_known(session: Session, document_id: int) -> int:
    """How many pages an earlier, interrupted rendering left behind; chunks come in order, without gaps."""
    statement = select(func.count(Page.id)).where(Page.document_id == document_id)
    return session.execute(statement).scalar_one()


def unfinished(session: Session, document_id: int) -> list[int]:
    """Ids of the document's open chunks, in page order."""
    statement = (
        select(Chunk.id)
        .where(Chunk.document_id == document_id, Chunk.stage != ChunkStage.CLOSED)
        .order_by(Chunk.index)
    )
    return list(session.execute(statement).scalars())


def open_stages(session: Session, document_id: int) -> dict[int, ChunkStage]:
    """What each of the document's open chunks waits for, by their ids, in page order."""
    statement = select(Chunk.id, Chunk.stage).where(
        Chunk.document_id == document_id, Chunk.stage != ChunkStage.CLOSED
    )
    return {row.id: row.stage for row in session.execute(statement.order_by(Chunk.index))}


def document_of(session: Session, chunk_id: int) -> Document | None:
    """The chunk's document, or None when the chunk was wiped for a fresh start or its document is closed."""
    statement = (
        select(Document)
        .join(Chunk, Chunk.document_id == Document.id)
        .where(Chunk.id == chunk_id, Document.stage != DocumentStage.CLOSED)
    )
    return session.execute(statement).scalar_one_or_none()


def pages(session: Session, chunk_id: int, status: PageStatus) -> Sequence[Page]:
    """The chunk's pages with that status, in order."""
    statement = select(Page).where(Page.chunk_id == chunk_id, Page.status == status).order_by(Page.index)
    return session.execute(statement).scalars().all()


def compared_regions(session: Session, chunk_id: int) -> Sequence[Region]:
    """The chunk's regions that are compared with references, with their pages: in page order, best first."""
    statement = (
        select(Region)
        .join(Page, Region.page_id == Page.id)
        .options(contains_eager(Region.page))
        .where(Page.chunk_id == chunk_id, is_compared())
        .order_by(Page.index, Region.index)
    )
    return session.execute(statement).scalars().all()


def close_pages(session: Session, region_rows: Mapping[int, Sequence[Values]], *, versions_id: int) -> None:
    """Write what was found on pages, by their ids."""
    rows = [{"page_id": page_id, **row} for page_id, of_page in region_rows.items() for row in of_page]
    insert_all_once(session, Region, rows)
    values = {"status": PageStatus.DETECTED, "versions_id": versions_id}
    session.execute(update(Page).where(Page.id.in_(region_rows)).values(values))


def note_slots(session: Session, page_id: int, slots: Sequence[dict[str, object]]) -> None:
    """Write which slots a page has."""
    session.execute(update(Page).where(Page.id == page_id).values(slots=list(slots)))


def fail_page(session: Session, page_id: int, *, reason: str, detail: str) -> None:
    """Write that a page could not be read."""
    values = {"status": PageStatus.FAILED, "reason": reason, "detail": detail}
    session.execute(update(Page).where(Page.id == page_id).values(values))


def first_failed_page(session: Session, document_id: int) -> Page:
    """The first of the document's pages that could not be read; there must be one."""
    statement = (
        select(Page)
        .where(Page.document_id == document_id, Page.status == PageStatus.FAILED)
        .order_by(Page.index)
        .limit(1)
    )
    return session.execute(statement).scalar_one()


def first_damaged_region(session: Session, document_id: int) -> Region:
    """The first of the document's regions that verification could not work on; there must be one."""
    statement = (
        select(Region)
        .join(Page, Region.page_id == Page.id)
        .where(Page.document_id == document_id, Region.reason.is_not(None))
        .order_by(Page.index, Region.index)
        .limit(1)
    )
    return session.execute(statement).scalar_one()


#: What only detection decides; of the versions that verification wrote it may lie in other settings.
_DETECTION = ("detector", "classifier", "roles", "thresholds")


def versions(session: Session, document_id: int) -> tuple[VersionsContent, dict[int, VersionsContent]]:
    """Digests, thresholds and code that verified the document's chunks and detected on its pages.

    With the rows that say so, by their ids.
    """
    of_pages = Versions.id.in_(select(Page.versions_id).where(Page.document_id == document_id))
    of_chunks = Versions.id.in_(select(Chunk.versions_id).where(Chunk.document_id == document_id))
    statement = select(Versions.id, Versions.content, of_pages, of_chunks).where(of_pages | of_chunks)
    rows = session.execute(statement.order_by(Versions.id)).all()
    detected = _merged(content for _, content, detected, _ in rows if detected)
    merged = _merged(content for _, content, _, verified in rows if verified)
    if detected:
        merged = {name: value for name, value in merged.items() if name not in _DETECTION}
        merged |= {name: detected[name] for name in _DETECTION if name in detected}
    return merged, {row_id: content for row_id, content, *_ in rows}


def _merged(contents: Iterable[VersionsContent]) -> VersionsContent:
    return {name: value for content in contents for name, value in content.items()}
