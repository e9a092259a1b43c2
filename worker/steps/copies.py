"""Copies: the same ink on two documents, or on a document and a reference, found while a chunk is verified.

A region is first made visible, in a transaction of its own, and only then looks for others. So of two
documents at work at once, the one that becomes visible later sees the other. The order of registration, not
of verification, says which is the earlier. A document that is verified late writes its finding to the later
one, whose answer is written again when the late one finishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import copies, events, signers
from db.copies import Place
from db.models import Region
from db.states import ChunkStage
from worker.steps.ports import Deps
from worker.storage.keys import page_digest
from worker.vision.boxes import iou
from worker.vision.copies.likeness import SAME_INK, likeness
from worker.vision.copies.outlines import nearest, outline
from worker.vision.copies.skeleton import Skeleton, fingerprint, skeleton
from worker.vision.values import Box, Grey

#: Regions of each scope that are looked through, the newest first.
SEARCHED = 1000
#: How many of these are laid over the region.
CANDIDATES = 8


@dataclass(frozen=True)
class Searchable:
    """A region as others find it, and among whom it looks itself."""

    region_id: int
    skeleton: Skeleton
    data: bytes
    outline: bytes
    #: Signers whose references it is compared with.
    names: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """What shows the same ink as a region: other regions with the similarity, references by signer."""

    region_id: int
    regions: Mapping[int, float]
    references: Mapping[str, tuple[int, float]]


def searchable(
    region: Region, ink: Grey, *, claimed: Sequence[str], suggested: Sequence[str]
) -> Searchable | None:
    """What a region is found by; None where there is too little ink to tell a copy from another act."""
    data = fingerprint(ink)
    lines = skeleton(data)
    if not lines.enough:
        return None
    names = tuple(claimed or suggested)
    scopes = {copies.signer_scope(name) for name in (names if claimed else ("", *names))}
    pixels = copies.pixels_scope(page_digest(region.page.image_key or ""))
    return Searchable(region.id, lines, data, outline(lines), names, (*sorted(scopes), pixels))


def index_regions(session: Session, regions: Sequence[Searchable]) -> None:
    """Make these regions visible to searches."""
    shapes = {region.region_id: {"strokes": region.data, "outline": region.outline} for region in regions}
    copies.note_shapes(session, shapes, {region.region_id: region.scopes for region in regions})


def search(regions: Sequence[Searchable], deps: Deps) -> list[Matches]:
    """Look for the same ink among the regions of the same scopes and the references of the same signers."""
    if not regions:
        return []
    with deps.sessions() as session:
        shapes = {
            scopes: copies.outlines(session, scopes, limit=SEARCHED)
            for scopes in {region.scopes for region in regions}
        }
        references = {
            names: signers.reference_strokes(session, names) for names in {region.names for region in regions}
        }
    likely = {region.region_id: _likely(region, shapes[region.scopes]) for region in regions}
    with deps.sessions() as session:
        stored = copies.region_strokes(session, {other for others in likely.values() for other in others})
    return [
        Matches(
            region.region_id,
            _same(region, {other: stored[other] for other in likely[region.region_id] if other in stored}),
            _references(region, references[region.names]),
        )
        for region in regions
    ]


def _likely(region: Searchable, shapes: Mapping[int, bytes]) -> list[int]:
    """Those of the others whose outlines are most like this one's; all where they are few."""
    others = {key: shape for key, shape in shapes.items() if shape and key != region.region_id}
    ids = list(others)
    if len(ids) <= CANDIDATES:
        return ids
    return [ids[i] for i in nearest(region.skeleton, list(others.values()), top=CANDIDATES)]


def record_matches(session: Session, matches: Sequence[Matches]) -> None:
    """Write what was found, with the later region of each pair, and into its document's history."""
    copied = [match for match in matches if match.regions]
    ids = {match.region_id for match in copied} | {other for match in copied for other in match.regions}
    places = copies.locked_places(session, ids) if ids else {}
    for match in sorted(matches, key=lambda match: match.region_id):
        copies.record_reference_copies(session, match.region_id, match.references)
        place = places.get(match.region_id)
        others = [places[other] for other in sorted(match.regions) if other in places]
        if place is not None:
            apart = [other for other in others if not _same_spot(place, other)]
            for later, earlier in _pairs(place, apart):
                _record(session, later, earlier, match.regions[earlier.id if later is place else later.id])


def _pairs(place: Place, others: Sequence[Place]) -> list[tuple[Place, Place]]:
    """The later and the earlier of each pair to be noted: all later ones, and the earliest before."""
    before = [other for other in others if other < place]
    first = [(place, min(before))] if before else []
    return first + [(other, place) for other in others if other > place]


def _record(session: Session, later: Place, earlier: Place, similarity: float) -> None:
    kind = _kind(later, earlier)
    if copies.record_duplicate(session, later, earlier, similarity=similarity, kind=kind):
        detail = (
            f"page {later.page + 1}, region {later.region + 1}: same {kind} as document {earlier.document}, "
            f"page {earlier.page + 1}, region {earlier.region + 1}"
        )
        events.record(session, later.document, ChunkStage.VERIFY, "duplicate", detail=detail)


def _same(region: Searchable, stored: Mapping[int, bytes]) -> dict[int, float]:
    alike = {other: likeness(region.skeleton, skeleton(data)).similarity for other, data in stored.items()}
    return {other: round(value, 4) for other, value in alike.items() if value >= SAME_INK}


def _references(
    region: Searchable, stored: Mapping[str, Sequence[bytes | None]]
) -> dict[str, tuple[int, float]]:
    """By signer the number of the reference with the same ink, and the similarity."""
    copied = {}
    for name, references in stored.items():
        alike = [likeness(region.skeleton, skeleton(data)).similarity if data else 0.0 for data in references]
        best = max(range(len(alike)), key=alike.__getitem__)
        if alike[best] >= SAME_INK:
            copied[name] = (best + 1, round(alike[best], 4))
    return copied


def _kind(later: Place, earlier: Place) -> str:
    """What else is the same: all bytes of the document, all pixels of the page, or the ink alone."""
    if later.document != earlier.document and later.sha256 and later.sha256 == earlier.sha256:
        return "bytes"
    same_page = page_digest(later.image_key or "") == page_digest(earlier.image_key or "")
    return "page" if same_page and (later.document, later.page) != (earlier.document, earlier.page) else "ink"


def _same_spot(place: Place, other: Place) -> bool:
    """Whether two boxes lie over the same signature of the same page."""
    if (place.document, place.page) != (other.document, other.page):
        return False
    return iou(Box(*place.box), Box(*other.box)) > 0
