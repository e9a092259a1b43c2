"""The references of a claimed signer that signatures are compared with, as of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from db import signers
from db.models import Reference
from worker.errors import DamagedReference
from worker.steps.references import NO_EMBEDDINGS, as_matrix
from worker.vision.choices import Outcome
from worker.vision.values import Embedding, Embeddings, Opinion, Quality
from worker.vision.verification.enrolment import Standing
from worker.vision.verification.specimen import held_back, serving
from worker.vision.verification.verifier import Verifier


@dataclass(frozen=True)
class ClaimedReferences:
    """What a name is compared with; numbers are those of the signer's references, from 1."""

    signer: str
    embeddings: Embeddings = field(default_factory=lambda: NO_EMBEDDINGS)
    #: The signer on file whom the name means; None where it means nobody.
    signer_id: int | None = None
    #: The references behind the embeddings, as verdicts keep them.
    compared_with: Sequence[dict[str, object]] = ()
    #: Whether none of them reaches the grade that a verdict asks for.
    weak: bool = False
    #: Numbers of those that disagree with the signer's others.
    doubtful: Sequence[int] = ()
    #: Numbers of those that are left out, for their pictures are damaged.
    damaged: Sequence[int] = ()

    def verdict(self, query: Embedding, quality: Quality, verifier: Verifier) -> dict[str, object]:
        """The row of the verdict on a signature."""
        opinion = verifier.compare(query, self.embeddings, quality=quality)
        if self.weak:
            opinion = held_back(opinion)
        return self._row(opinion)

    def _row(self, opinion: Opinion) -> dict[str, object]:
        lacking = self.damaged and opinion.outcome is Outcome.NO_REFERENCE
        return {
            "signer": self.signer,
            "outcome": opinion.outcome.value,
            "probability": opinion.probability,
            "llr": opinion.llr,
            "confidence": None if opinion.confidence is None else opinion.confidence.value,
            "references": opinion.references,
            "doubtful": list(self.doubtful),
            "damaged": list(self.damaged) or None,
            "reason": DamagedReference.code if lacking else None,
            "signer_id": self.signer_id,
            "compared_with": list(self.compared_with),
        }


def load_claimed(session: Session, names: Sequence[str], *, encoder: str) -> list[ClaimedReferences]:
    """What each claimed name is compared with, in their order: what this encoder has embedded."""
    on_file = signers.references_of(session, names)
    people = signers.people_meant(session, names)
    return [_of_name(name, people.get(name), on_file.get(name, ()), encoder) for name in names]


def nobody() -> ClaimedReferences:
    """What a signature is compared with whose document claims nobody."""
    return ClaimedReferences("")


def _of_name(name: str, signer_id: int | None, rows: Sequence[Reference], encoder: str) -> ClaimedReferences:
    embedded = [(number, row) for number, row in enumerate(rows, 1) if row.encoder == encoder]
    usable = serving([row.quality.get("score") for _, row in embedded])
    used = [embedded[index] for index in usable] or embedded
    standings = [Standing(number, row.llr) for number, row in enumerate(rows, 1)]
    return ClaimedReferences(
        name,
        as_matrix([row.embedding for _, row in used]) if used else NO_EMBEDDINGS,
        signer_id,
        [
            {"id": row.id, "number": number, "sha256": row.sha256, "image": row.image_key}
            for number, row in used
        ],
        weak=bool(embedded) and not usable,
        doubtful=[standing.number for standing in standings if standing.outlier],
        damaged=[number for number, row in enumerate(rows, 1) if row.encoder != encoder],
    )
