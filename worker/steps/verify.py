"""Verify: crops become clean crops, embeddings and verdicts against the claimed signers' references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy.orm import Session

from db import chunks, claims, events, signers, verdicts
from db.leases import Lease
from db.models import Document, Region
from db.states import ChunkStage
from worker.errors import DamagedCrop, DamagedImage, DamagedReference
from worker.steps import copies
from worker.steps.attempt import Job, attempt, close_stage, hold
from worker.steps.claimed import ClaimedReferences, load_claimed, nobody
from worker.steps.copies import Searchable
from worker.steps.ports import VerifyDeps
from worker.steps.references import as_bytes, as_matrix, refresh_references
from worker.steps.stored import stored_image
from worker.storage.keys import clean_key
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.images import encode_png
from worker.vision.values import Embedding, Embeddings

#: How many enrolled signers are suggested for a signature that nobody claimed.
SUGGESTIONS = 3


@dataclass(frozen=True)
class _References:
    """What signatures are compared with; where nobody is claimed, everybody's embeddings, too."""

    against: Sequence[ClaimedReferences]
    everybody: Mapping[str, Embeddings] = field(default_factory=dict)

    @property
    def claimed(self) -> list[str]:
        """The claimed signers."""
        return [against.signer for against in self.against if against.signer]


@dataclass(frozen=True)
class _RegionRows:
    """Everything to be written for one region."""

    region_id: int
    facts: Mapping[str, object]
    verdicts: Sequence[Mapping[str, object]] = ()
    suggestions: Sequence[Mapping[str, object]] = ()
    searchable: Searchable | None = None


def verify_chunk(chunk_id: int, deps: VerifyDeps) -> bool:
    """Verify a chunk's signatures that sign; False when it is past this stage or in other hands.

    A region whose crop is damaged in storage fails alone; a damaged reference is left out.
    """
    return attempt(Job(ChunkStage.VERIFY, chunk_id), deps, _verify)


def _verify(lease: Lease, document: Document, deps: VerifyDeps) -> None:
    with deps.sessions() as session:
        regions = chunks.compared_regions(session, lease.id)
        claimed = claims.claimed_signers(session, document.id)
    damaged_references = refresh_references(claimed, deps)
    crops, damaged_crops = _crops(regions, deps)
    compared = _compared(crops, _load_references(claimed, deps), deps)
    searchable = [rows.searchable for rows in compared if rows.searchable is not None]
    if searchable:
        with deps.sessions() as session:
            hold(session, lease)
            copies.index_regions(session, searchable)
    matches = copies.search(searchable, deps)
    with deps.sessions() as session:
        versions_id = verdicts.versions_id(session, deps.versions)
        close_stage(session, lease, document.id, deps, versions_id=versions_id)
        # References of signers whom nobody claims do not belong in a document's history.
        for error in (*(damaged_references if claimed else ()), *damaged_crops.values()):
            signer = error.signer if isinstance(error, DamagedReference) else None
            events.record(session, document.id, lease.stage, error.code, detail=str(error), signer=signer)
        _write(session, (*compared, *map(_damaged, damaged_crops, damaged_crops.values())), versions_id)
        copies.record_matches(session, matches)


def _write(session: Session, compared: Sequence[_RegionRows], versions_id: int) -> None:
    verdicts.close_regions(
        session,
        {rows.region_id: rows.facts for rows in compared},
        verdicts=[
            {"region_id": rows.region_id, "versions_id": versions_id, **row}
            for rows in compared
            for row in rows.verdicts
        ],
        suggestions=[{"region_id": rows.region_id, **row} for rows in compared for row in rows.suggestions],
    )


def _load_references(claimed: Sequence[str], deps: VerifyDeps) -> _References:
    with deps.sessions() as session:
        if not claimed:
            return _References([nobody()], _everybody(session, deps))
        return _References(load_claimed(session, claimed, encoder=deps.embedding_version))


def _everybody(session: Session, deps: VerifyDeps) -> Mapping[str, Embeddings]:
    encoder = deps.embedding_version
    mark = signers.mark(session, encoder=encoder)
    return deps.everybody.of(mark, lambda: _matrices(signers.all_embeddings(session, encoder=encoder)))


def _matrices(stored: Mapping[str, Sequence[bytes]]) -> Mapping[str, Embeddings]:
    return {name: as_matrix(rows) for name, rows in stored.items()}


def _crops(
    regions: Sequence[Region], deps: VerifyDeps
) -> tuple[list[tuple[Region, Prepared]], dict[int, DamagedCrop]]:
    """Regions with their crops made ready, and, by region id, why others have none."""
    crops: list[tuple[Region, Prepared]] = []
    damaged: dict[int, DamagedCrop] = {}
    for region in regions:
        try:
            crops.append((region, prepare(stored_image(region.crop_key, deps.store), deps.cleaner)))
        except DamagedImage as error:
            damaged[region.id] = DamagedCrop(region.page.index, region.index, error.reason)
    return crops, damaged


def _damaged(region_id: int, error: DamagedCrop) -> _RegionRows:
    return _RegionRows(region_id, {"reason": error.code, "detail": str(error)})


def _compared(
    crops: Sequence[tuple[Region, Prepared]], references: _References, deps: VerifyDeps
) -> list[_RegionRows]:
    embeddings = deps.verifier.embed([prepared.ink for _, prepared in crops])
    return [
        _compared_region(region, prepared, embedding, references, deps)
        for (region, prepared), embedding in zip(crops, embeddings, strict=True)
    ]


def _compared_region(
    region: Region, prepared: Prepared, query: Embedding, references: _References, deps: VerifyDeps
) -> _RegionRows:
    data = encode_png(prepared.clean)
    key = clean_key(region.crop_key, data)
    deps.store.put(key, data)
    facts = {"clean_key": key, "quality": asdict(prepared.quality), "embedding": as_bytes(query)}
    rows = [against.verdict(query, prepared.quality, deps.verifier) for against in references.against]
    near = (
        []
        if not references.everybody or not prepared.quality.usable
        else _nearest(query, references.everybody, deps)
    )
    suggested = [name for name, _ in near]
    searchable = copies.searchable(region, prepared.ink, claimed=references.claimed, suggested=suggested)
    return _RegionRows(region.id, facts, rows, _suggestions(near), searchable)


def _nearest(
    query: Embedding, everybody: Mapping[str, Embeddings], deps: VerifyDeps
) -> list[tuple[str, float]]:
    near = deps.verifier.nearest(query, everybody, top=SUGGESTIONS)
    if near and not deps.verifier.is_somebody(near[0][1], enrolled=len(everybody)):
        return []
    return near


def _suggestions(near: Sequence[tuple[str, float]]) -> list[dict[str, object]]:
    return [
        {"rank": rank, "signer": name, "probability": probability}
        for rank, (name, probability) in enumerate(near)
    ]
