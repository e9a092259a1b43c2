"""Queries on copied signatures: what regions are sought among, and what was found. The caller owns the
transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from db.models import Document, Duplicate, Page, ReferenceCopy, Region, Scope
from db.writes import Values, insert_all_once, insert_once, update_all


def signer_scope(name: str) -> str:
    """The scope of a signer, claimed or suggested; the empty name stands for "nobody is claimed"."""
    return f"signer:{name}"


def pixels_scope(digest: str) -> str:
    """The scope of a page's pixels: the same scan, in whichever file."""
    return f"page:{digest}"


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where a region stands. Places sort as documents were registered, then by page and region.

    That order, and no clock, says which of two is the earlier: whoever is verified first, and however often.
    """

    document: int
    page: int
    region: int
    id: int
    #: Left, top, width and height in pixels of the page.
    box: tuple[float, float, float, float]
    sha256: str | None
    image_key: str | None


def note_shapes(session: Session, shapes: Mapping[int, Values], scopes: Mapping[int, Iterable[str]]) -> None:
    """Let regions be found by others: `strokes` and `outline` by id, and in which scopes each is sought.

    Committed before these regions look for others themselves: of two at work at once the one that commits
    this later sees the other.
    """
    update_all(session, Region, shapes)
    rows = [{"name": name, "region_id": key} for key, names in scopes.items() for name in sorted(set(names))]
    insert_all_once(session, Scope, rows)


def outlines(session: Session, scopes: Iterable[str], *, limit: int) -> dict[int, bytes]:
    """Rough shapes of the newest regions in each scope, at most `limit` a scope, by region."""
    shapes: dict[int, bytes] = {}
    for name in sorted(set(scopes)):
        statement = (
            select(Region.id, Region.outline)
            .join(Scope, Scope.region_id == Region.id)
            .where(Scope.name == name)
            .order_by(Scope.region_id.desc())
            .limit(limit)
        )
        shapes.update((region_id, outline or b"") for region_id, outline in session.execute(statement))
    return shapes


def region_strokes(session: Session, region_ids: Collection[int]) -> dict[int, bytes]:
    """Strokes by region; those that were erased meanwhile are missing."""
    statement = select(Region.id, Region.strokes).where(Region.id.in_(region_ids))
    return {region_id: stored for region_id, stored in session.execute(statement) if stored}


def places(session: Session, region_ids: Iterable[int]) -> dict[int, Place]:
    """Where regions stand; those that were erased meanwhile are missing."""
    return {place.id: place for place in _places(session, _standing(region_ids))}


def locked_places(session: Session, region_ids: Iterable[int]) -> dict[int, Place]:
    """The same, and they cannot be erased before the transaction ends; who is being erased is missing."""
    lock = _standing(region_ids).with_for_update(of=Region, read=True, key_share=True, skip_locked=True)
    return {place.id: place for place in _places(session, lock)}


def record_duplicate(session: Session, later: Place, earlier: Place, *, similarity: float, kind: str) -> bool:
    """Note that one region shows the same ink as an earlier one; False when an earlier one is known."""
    row = {"of_region_id": earlier.id, "similarity": similarity, "kind": kind}
    if insert_once(session, Duplicate, {"region_id": later.id, **row}):
        return True
    statement = select(Duplicate.of_region_id).where(Duplicate.region_id == later.id).with_for_update()
    known = places(session, [session.execute(statement).scalar_one() or 0])
    if any(place <= earlier for place in known.values()):
        return False
    session.execute(update(Duplicate).where(Duplicate.region_id == later.id).values(row))
    return True


def record_reference_copies(
    session: Session, region_id: int, references: Mapping[str, tuple[int, float]]
) -> None:
    """Note which references a region is a copy of: by signer their number and the similarity."""
    rows = [
        {"region_id": region_id, "signer": signer, "reference": number, "similarity": similarity}
        for signer, (number, similarity) in references.items()
    ]
    insert_all_once(session, ReferenceCopy, rows)


def duplicates_of(session: Session, document_id: int) -> list[tuple[int, int | None]]:
    """The document's regions that are duplicates, with those they duplicate."""
    statement = (
        select(Duplicate.region_id, Duplicate.of_region_id)
        .join(Region, Region.id == Duplicate.region_id)
        .join(Page, Page.id == Region.page_id)
        .where(Page.document_id == document_id)
        .order_by(Duplicate.region_id)
    )
    return [(region_id, of) for region_id, of in session.execute(statement)]


def documents_with_copies_of(session: Session, document_id: int) -> list[int]:
    """Ids of other documents with a region that duplicates one of this document."""
    originals = select(Region.id).join(Page, Page.id == Region.page_id).where(Page.document_id == document_id)
    statement = (
        select(Page.document_id)
        .join(Region, Region.page_id == Page.id)
        .join(Duplicate, Duplicate.region_id == Region.id)
        .where(Duplicate.of_region_id.in_(originals), Page.document_id != document_id)
        .distinct()
        .order_by(Page.document_id)
    )
    return list(session.execute(statement).scalars())


def _standing(region_ids: Iterable[int]) -> Select[Region, Page, str | None]:
    return (
        select(Region, Page, Document.sha256)
        .join(Page, Page.id == Region.page_id)
        .join(Document, Document.id == Page.document_id)
        .where(Region.id.in_(sorted(set(region_ids))))
        .order_by(Region.id)
    )


def _places(session: Session, statement: Select[Region, Page, str | None]) -> list[Place]:
    return [
        Place(
            document=page.document_id,
            page=page.index,
            region=region.index,
            id=region.id,
            box=(region.x, region.y, region.width, region.height),
            sha256=sha256,
            image_key=page.image_key,
        )
        for region, page, sha256 in session.execute(statement)
    ]
