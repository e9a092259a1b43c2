"""Verify: crops become clean crops, embeddings and verdicts against the claimed signers' references."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from db import chunks, claims, events, signers, verdicts
from db.leases import Lease
from db.models import Document, Region
from db.states import ChunkStage
from worker.errors import DamagedCrop, DamagedImage, DamagedReference
from worker.steps import copies
from worker.steps.attempt import Job, attempt, close_stage, hold
from worker.steps.copies import Searchable
from worker.steps.ports import VerifyDeps
from worker.steps.references import NO_EMBEDDINGS, as_bytes, as_matrix, refresh_references
from worker.steps.stored import stored_image
from worker.storage.keys import clean_key
from worker.vision.choices import Outcome
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.images import encode_png
from worker.vision.values import Embedding, Embeddings, Opinion
from worker.vision.verification.enrolment import Standing
from worker.vision.verification.specimen import held_back, serving

#: How many enrolled signers are suggested for a signature that nobody claimed.
SUGGESTIONS = 3


@dataclass(frozen=True)
class _References:
    """References to compare with: of the claimed signers, or of all when nobody is claimed."""

    claimed: Sequence[str]
    embeddings: Mapping[str, Embeddings]
    #: Claimed signers none of whose references reaches the grade that a verdict asks for.
    weak: Collection[str]
    #: Numbers of the references that disagree with the signer's others.
    doubtful: Mapping[str, list[int]]
    #: Numbers of the references that are left out, for their pictures are damaged.
    damaged: Mapping[str, list[int]]


@dataclass(frozen=True)
class _Answer:
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
    answers = _answers(crops, _load_references(claimed, deps), deps)
    searchable = [answer.searchable for answer in answers if answer.searchable is not None]
    with deps.sessions() as session:
        hold(session, lease)
        copies.index_regions(session, searchable)
    matches = copies.search(searchable, deps)
    with deps.sessions() as session:
        close_stage(session, lease, document.id, deps)
        # References of signers whom nobody claims do not belong into a document's history.
        for error in (*(damaged_references if claimed else ()), *damaged_crops.values()):
            signer = error.signer if isinstance(error, DamagedReference) else None
            events.record(session, document.id, lease.stage, error.code, detail=str(error), signer=signer)
        _write(session, lease, (*answers, *map(_unanswered, damaged_crops, damaged_crops.values())), deps)
        copies.record_matches(session, matches)


def _write(session: Session, lease: Lease, answers: Iterable[_Answer], deps: VerifyDeps) -> None:
    versions_id = verdicts.versions_id(session, deps.versions)
    chunks.name_versions(session, lease.id, versions_id)
    for answer in answers:
        verdicts.close_region(
            session,
            answer.region_id,
            facts=answer.facts,
            verdicts=[{**row, "versions_id": versions_id} for row in answer.verdicts],
            suggestions=answer.suggestions,
        )


def _load_references(claimed: Sequence[str], deps: VerifyDeps) -> _References:
    encoder = deps.embedding_version
    with deps.sessions() as session:
        embeddings = (
            _matrices(signers.embeddings(session, claimed, encoder=encoder))
            if claimed
            else _everybody(session, deps)
        )
        grades = signers.reference_grades(session, claimed, encoder=encoder)
        llrs = signers.llrs(session, claimed)
        damaged = signers.left_out(session, claimed, encoder=encoder)
    usable = {name: serving(of_one) for name, of_one in grades.items()}
    served = {name: rows[usable.get(name) or slice(None)] for name, rows in embeddings.items()}
    weak = [name for name, indices in usable.items() if not indices]
    return _References(
        claimed, served, weak, {name: _doubtful(of_one) for name, of_one in llrs.items()}, damaged
    )


def _everybody(session: Session, deps: VerifyDeps) -> Mapping[str, Embeddings]:
    encoder = deps.embedding_version
    mark = signers.mark(session, encoder=encoder)
    return deps.everybody.of(mark, lambda: _matrices(signers.all_embeddings(session, encoder=encoder)))


def _matrices(stored: Mapping[str, Sequence[bytes]]) -> Mapping[str, Embeddings]:
    return {name: as_matrix(rows) for name, rows in stored.items()}


def _doubtful(llrs: Sequence[float | None]) -> list[int]:
    standings = [Standing(number, llr) for number, llr in enumerate(llrs, 1)]
    return [standing.number for standing in standings if standing.outlier]


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


def _unanswered(region_id: int, error: DamagedCrop) -> _Answer:
    return _Answer(region_id, {"reason": error.code, "detail": str(error)})


def _answers(
    crops: Sequence[tuple[Region, Prepared]], references: _References, deps: VerifyDeps
) -> list[_Answer]:
    embeddings = deps.verifier.embed([prepared.ink for _, prepared in crops])
    return [
        _answer(region, prepared, embedding, references, deps)
        for (region, prepared), embedding in zip(crops, embeddings, strict=True)
    ]


def _answer(
    region: Region, prepared: Prepared, query: Embedding, references: _References, deps: VerifyDeps
) -> _Answer:
    data = encode_png(prepared.clean)
    key = clean_key(region.crop_key, data)
    deps.store.put(key, data)
    facts = {"clean_key": key, "quality": asdict(prepared.quality), "embedding": as_bytes(query)}
    rows = []
    for name in references.claimed or [""]:
        embeddings = references.embeddings.get(name, NO_EMBEDDINGS)
        opinion = deps.verifier.compare(query, embeddings, quality=prepared.quality)
        if name in references.weak:
            opinion = held_back(opinion)
        rows.append(_verdict(name, opinion, references))
    near = [] if references.claimed or not prepared.quality.usable else _nearest(query, references, deps)
    suggested = [name for name, _ in near]
    searchable = copies.searchable(region, prepared.ink, claimed=references.claimed, suggested=suggested)
    return _Answer(region.id, facts, rows, _suggestions(near), searchable)


def _verdict(signer: str, opinion: Opinion, references: _References) -> dict[str, object]:
    damaged = references.damaged.get(signer)
    lacking = damaged and opinion.outcome is Outcome.NO_REFERENCE
    return {
        "signer": signer,
        "outcome": opinion.outcome.value,
        "probability": opinion.probability,
        "llr": opinion.llr,
        "confidence": None if opinion.confidence is None else opinion.confidence.value,
        "references": opinion.references,
        "doubtful": references.doubtful.get(signer, []),
        "damaged": damaged,
        "reason": DamagedReference.code if lacking else None,
    }


def _nearest(query: Embedding, references: _References, deps: VerifyDeps) -> list[tuple[str, float]]:
    near = deps.verifier.nearest(query, references.embeddings, top=SUGGESTIONS)
    if near and not deps.verifier.is_somebody(near[0][1], enrolled=len(references.embeddings)):
        return []
    return near


def _suggestions(near: Sequence[tuple[str, float]]) -> list[dict[str, object]]:
    return [
        {"rank": rank, "signer": name, "probability": probability}
        for rank, (name, probability) in enumerate(near)
    ]
