"""A page and a claim through the steps of the product: the same functions, in the same order, without tables.

As the stages detect, verify and finish do it, with default settings and one page a document.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.claims.asked import AskedClaim, ReferenceMade
from training.claims.counting import ClaimTrial
from worker.engines import build_cleaner, build_detector, build_verifier
from worker.errors import UnusableReference
from worker.result.claims import ReadState, claim_results, with_assignment
from worker.result.document import VerdictResult
from worker.settings import Detection, Verification
from worker.steps.claimed import ClaimedReferences
from worker.steps.references import as_bytes, as_matrix, graded_image
from worker.vision.choices import Label
from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.copies.skeleton import Skeleton, fingerprint, skeleton
from worker.vision.crops import crop
from worker.vision.detection.detector import Detector
from worker.vision.detection.orientation import turned
from worker.vision.detection.tiles import detect_closely
from worker.vision.images import encode_png, in_colour
from worker.vision.values import DetectedRegion, Embeddings, Pixels, Quality
from worker.vision.verification.specimen import serving
from worker.vision.verification.verifier import Verifier


@dataclass(frozen=True, slots=True, eq=False)
class PageRead:
    """The signatures of a page that sign it, ready to be compared: embeddings (n, d) and qualities."""

    embeddings: Embeddings
    qualities: tuple[Quality, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The models that serve."""

    detector: Detector
    cleaner: Cleaner
    verifier: Verifier

    @classmethod
    def load(cls) -> Product:
        """As shipped, with default settings."""
        return cls(build_detector(Detection()), build_cleaner(Verification()), build_verifier(Verification()))

    def read_page(self, pixels: Pixels, dpi: float) -> PageRead:
        """Detect, cut, clean and embed."""
        (regions,) = detect_closely(self.detector, [pixels], [dpi])
        signing = [region for region in regions if _is_compared(region)]
        crops = [in_colour(turned(crop(pixels, region.box), region.turns)) for region in signing]
        prepared = [prepare(raw, self.cleaner) for raw in crops]
        return PageRead(self._stored(prepared), tuple(crop.quality for crop in prepared))

    def enrolled(self, name: str, image: Pixels) -> tuple[ReferenceMade, Skeleton] | None:
        """An image of one signature as a reference, and its strokes; None where enrolment refuses it."""
        try:
            prepared, grade = graded_image(name, encode_png(image), self.cleaner)
        except UnusableReference:
            return None
        (embedding,) = self._stored([prepared])
        return ReferenceMade(embedding, grade.score), skeleton(fingerprint(prepared.ink))

    def answer(self, page: PageRead, claim: AskedClaim) -> ClaimTrial:
        """What becomes of the claim on that page."""
        verdicts = with_assignment([claim.signer], self._verdicts(page, claim))
        (result,) = claim_results({claim.signer: None}, verdicts, ReadState.WHOLE)
        answering = next((row for row in verdicts if row.region == result.region), None)
        return ClaimTrial(
            signer=claim.signer,
            truth=claim.truth,
            references=len(claim.references),
            verdict=result.verdict,
            confidence=None if answering is None else answering.confidence,
            probability=None if answering is None else answering.probability,
        )

    def _verdicts(self, page: PageRead, claim: AskedClaim) -> list[VerdictResult]:
        usable = serving([reference.score for reference in claim.references])
        used = [claim.references[index] for index in usable] or claim.references
        on_file = ClaimedReferences(
            claim.signer, np.stack([reference.embedding for reference in used]), weak=not usable
        )
        rows = (
            on_file.verdict(query, quality, self.verifier)
            for query, quality in zip(page.embeddings, page.qualities, strict=True)
        )
        return [
            VerdictResult.model_validate({"page": 0, "region": index, **_known(row)})
            for index, row in enumerate(rows)
        ]

    def _stored(self, prepared: list[Prepared]) -> Embeddings:
        """Embeddings with the digits that are stored of them."""
        embeddings = self.verifier.embed([crop.ink for crop in prepared])
        return as_matrix([as_bytes(row) for row in embeddings]) if prepared else embeddings


def _is_compared(region: DetectedRegion) -> bool:
    """As `db.signing.is_compared` has it: a signature that signs, or whose role is not known."""
    return region.label is Label.SIGNATURE and region.signs is not False


def _known(row: dict[str, object]) -> dict[str, object]:
    """What the answers go by, under the names of the result."""
    kept = {name: row[name] for name in ("signer", "probability", "llr", "confidence", "references")}
    return {"verdict": row["outcome"], **kept}
