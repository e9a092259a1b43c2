"""Copies: the same ink on two documents, or on a document and a reference, found while a chunk is verified.

A region is first shown, in a transaction of its own, and only then looks for others: of two documents at
work at once, the one that is shown later sees the other. Which of the two is the earlier is a matter of
places, not of time; so a document that is verified late writes its finding to the later one, whose answer is
written again when the late one finishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import copies, events, signers
from db.copies import Place
from db.models import Region
from db.states import ChunkStage
from worker.steps.ports import Deps
from worker.storage.keys import page_digest
from worker.vision.boxes import iou
from worker.vision.copies import SAME_INK, Strokes, fingerprint, likeness, nearest, outline, strokes
from worker.vision.values import Box, Grey

#: Regions of each scope that are looked through, the newest first.
SEARCHED = 1000
#: How many of these are laid over the region.
CANDIDATES = 8


@dataclass(frozen=True)
class Shown:
    """A region as others find it, and among whom it looks itself."""

    region_id: int
    strokes: Strokes
    data: bytes
    outline: bytes
    #: Signers whose references it is compared with.
    names: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What shows the same ink as a region: other regions with the similarity, references by signer."""

    region_id: int
    regions: Mapping[int, float]
    references: Mapping[str, tuple[int, float]]


def shown(region: Region, ink: Grey, *, claimed: Sequence[str], suggested: Sequence[str]) -> Shown | None:
    """What of a region is shown; None where there is too little ink to tell a copy from another act."""
    data = fingerprint(ink)
    found = strokes(data)
    if not found.enough:
        return None
    names = tuple(claimed or suggested)
    scopes = {copies.signer_scope(name) for name in (names if claimed else ("", *names))}
    pixels = copies.pixels_scope(page_digest(region.page.image_key or ""))
    return Shown(region.id, found, data, outline(found), names, (*sorted(scopes), pixels))


def show(session: Session, regions: Iterable[Shown]) -> None:
    """Let these regions be found."""
    for one in regions:
        copies.show(session, one.region_id, strokes=one.data, outline=one.outline, scopes=one.scopes)


def seek(regions: Sequence[Shown], deps: Deps) -> list[Found]:
    """Look for the same ink among the regions of the same scopes and the references of the same signers."""
    shapes: dict[tuple[str, ...], dict[int, bytes]] = {}
    found = []
    for one in regions:
        with deps.sessions() as session:
            if one.scopes not in shapes:
                shapes[one.scopes] = copies.outlines(session, one.scopes, limit=SEARCHED)
            others = {key: value for key, value in shapes[one.scopes].items() if key != one.region_id}
            ids = list(others)
            likely = [ids[i] for i in nearest(one.strokes, list(others.values()), top=CANDIDATES)]
            stored = copies.strokes(session, likely)
            references = signers.strokes(session, one.names)
        found.append(Found(one.region_id, _same(one, stored), _references(one, references)))
    return found


def record(session: Session, found: Sequence[Found]) -> None:
    """Write what was found, with the later region of each pair, and into its document's history."""
    ids = {one.region_id for one in found} | {other for one in found for other in one.regions}
    standing = copies.held(session, ids)
    for one in sorted(found, key=lambda one: one.region_id):
        copies.record_references(session, one.region_id, one.references)
        own = standing.get(one.region_id)
        others = [standing[other] for other in sorted(one.regions) if other in standing]
        if own is not None:
            apart = [other for other in others if not _same_spot(own, other)]
            for later, earlier in _pairs(own, apart):
                _record(session, later, earlier, one.regions[earlier.id if later is own else later.id])


def _pairs(own: Place, others: Sequence[Place]) -> list[tuple[Place, Place]]:
    """The later and the earlier of each pair to be noted: all later ones, and the earliest before."""
    before = [other for other in others if other < own]
    first = [(own, min(before))] if before else []
    return first + [(other, own) for other in others if other > own]


def _record(session: Session, later: Place, earlier: Place, similarity: float) -> None:
    kind = _kind(later, earlier)
    if copies.record(session, later, earlier, similarity=similarity, kind=kind):
        detail = (
            f"page {later.page}, region {later.region}: same {kind} as document {earlier.document}, "
            f"page {earlier.page}, region {earlier.region}"
        )
        events.record(session, later.document, ChunkStage.VERIFY, "duplicate", detail=detail)


def _same(one: Shown, stored: Mapping[int, bytes]) -> dict[int, float]:
    alike = {other: likeness(one.strokes, strokes(data)).similarity for other, data in stored.items()}
    return {other: round(value, 4) for other, value in alike.items() if value >= SAME_INK}


def _references(one: Shown, stored: Mapping[str, Sequence[bytes | None]]) -> dict[str, tuple[int, float]]:
    """By signer the number of the reference with the same ink, and the similarity."""
    found = {}
    for name, references in stored.items():
        alike = [likeness(one.strokes, strokes(data)).similarity if data else 0.0 for data in references]
        best = max(range(len(alike)), key=alike.__getitem__)
        if alike[best] >= SAME_INK:
            found[name] = (best + 1, round(alike[best], 4))
    return found


def _kind(later: Place, earlier: Place) -> str:
    """What else is the same: all bytes of the document, all pixels of the page, or the ink alone."""
    if later.document != earlier.document and later.sha256 and later.sha256 == earlier.sha256:
        return "bytes"
    same_page = page_digest(later.image_key or "") == page_digest(earlier.image_key or "")
    return "page" if same_page and (later.document, later.page) != (earlier.document, earlier.page) else "ink"


def _same_spot(one: Place, other: Place) -> bool:
    """Whether two boxes lie over the same signature of the same page."""
    if (one.document, one.page) != (other.document, other.page):
        return False
    return iou(Box(*one.box), Box(*other.box)) > 0
