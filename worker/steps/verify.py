"""Verify: crops become clean crops, embeddings and verdicts against the claimed signers' references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from db import chunks, documents, signers, verdicts
from db.base import ChunkStage
from db.leases import Lease
from db.models import Document, Region
from worker.steps import copies
from worker.steps.attempt import Job, attempt, close_stage, hold
from worker.steps.copies import Shown
from worker.steps.ports import VerifyDeps
from worker.steps.references import NO_EMBEDDINGS, as_bytes, as_matrix, refresh_references
from worker.storage.keys import clean_key
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.crops import ink_mask
from worker.vision.images import decode, encode_png
from worker.vision.values import Embeddings, Label, Opinion
from worker.vision.verification.enrolment import Standing

#: How many enrolled signers are suggested for a signature that nobody claimed.
SUGGESTIONS = 3


@dataclass(frozen=True)
class _Files:
    """References to compare with: of the claimed signers, or of all when nobody is claimed."""

    claimed: Sequence[str]
    embeddings: Mapping[str, Embeddings]
    #: Numbers of the references that disagree with the signer's others.
    doubtful: Mapping[str, list[int]]


@dataclass(frozen=True)
class _Answer:
    """Everything to be written for one region."""

    region_id: int
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    suggestions: list[dict[str, Any]]
    shown: Shown | None


def verify_chunk(chunk_id: int, deps: VerifyDeps) -> bool:
    """Verify a chunk's signatures; False when it is past this stage or in other hands."""
    return attempt(Job(ChunkStage.VERIFY, chunk_id), deps, _verify)


def _verify(lease: Lease, document: Document, deps: VerifyDeps) -> None:
    with deps.sessions() as session:
        regions = chunks.regions(session, lease.id, Label.SIGNATURE.value)
        claimed = documents.claimed_signers(session, document.id)
    refresh_references(claimed, deps)
    answers = _answers(regions, _references(claimed, deps), deps)
    shown = [answer.shown for answer in answers if answer.shown is not None]
    with deps.sessions() as session:
        hold(session, lease)
        copies.show(session, shown)
    found = copies.seek(shown, deps)
    with deps.sessions() as session:
        close_stage(session, lease, document.id, deps)
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
        copies.record(session, found)


def _references(claimed: Sequence[str], deps: VerifyDeps) -> _Files:
    encoder = deps.embedding_version
    with deps.sessions() as session:
        embeddings = (
            _matrices(signers.embeddings(session, claimed, encoder=encoder))
            if claimed
            else _everybody(session, deps)
        )
        llrs = signers.llrs(session, claimed)
    return _Files(claimed, embeddings, {name: _doubtful(found) for name, found in llrs.items()})


def _everybody(session: Session, deps: VerifyDeps) -> Mapping[str, Embeddings]:
    encoder = deps.embedding_version
    mark = signers.mark(session, encoder=encoder)
    return deps.everybody.of(mark, lambda: _matrices(signers.all_embeddings(session, encoder=encoder)))


def _matrices(stored: Mapping[str, Sequence[bytes]]) -> Mapping[str, Embeddings]:
    return {name: as_matrix(rows) for name, rows in stored.items()}


def _doubtful(llrs: Sequence[float | None]) -> list[int]:
    standings = [Standing(number, llr) for number, llr in enumerate(llrs, 1)]
    return [one.number for one in standings if one.outlier]


def _answers(regions: Sequence[Region], files: _Files, deps: VerifyDeps) -> list[_Answer]:
    prepared = [prepare(decode(deps.store.get(region.crop_key)), deps.cleaner) for region in regions]
    embeddings = deps.verifier.embed([one.clean for one in prepared])
    rows = zip(regions, prepared, embeddings, strict=True)
    return [_answer(region, one, embedding, files, deps) for region, one, embedding in rows]


def _answer(region: Region, one: Prepared, embedding: Any, files: _Files, deps: VerifyDeps) -> _Answer:
    data = encode_png(one.clean)
    key = clean_key(region.crop_key, data)
    deps.store.put(key, data)
    facts = {
        "clean_key": key,
        "quality": asdict(one.quality),
        "embedding": as_bytes(embedding),
    }
    compared = {
        name: deps.verifier.compare(embedding, files.embeddings.get(name, NO_EMBEDDINGS), quality=one.quality)
        for name in files.claimed or [""]
    }
    near = [] if files.claimed or not one.quality.usable else _nearest(embedding, files, deps)
    rows = [_verdict(name, opinion, files.doubtful.get(name, [])) for name, opinion in compared.items()]
    suggested = [one["signer"] for one in near]
    shown = copies.shown(region, ink_mask(one.clean), claimed=files.claimed, suggested=suggested)
    return _Answer(region.id, facts, rows, near, shown)


def _verdict(signer: str, opinion: Opinion, doubtful: list[int]) -> dict[str, Any]:
    return {
        "signer": signer,
        "outcome": opinion.outcome.value,
        "probability": opinion.probability,
        "llr": opinion.llr,
        "confidence": None if opinion.confidence is None else opinion.confidence.value,
        "references": opinion.references,
        "doubtful": doubtful,
    }


def _nearest(embedding: Any, files: _Files, deps: VerifyDeps) -> list[dict[str, Any]]:
    near = deps.verifier.nearest(embedding, files.embeddings, top=SUGGESTIONS)
    if near and not deps.verifier.is_somebody(near[0][1], enrolled=len(files.embeddings)):
        return []
    return [
        {"rank": rank, "signer": name, "probability": probability}
        for rank, (name, probability) in enumerate(near)
    ]
