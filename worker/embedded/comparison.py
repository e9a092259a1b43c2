"""Signature images against each other, without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.engines import build_cleaner, build_detector, build_verifier
from worker.errors import EndReason, UnusableReference
from worker.rendering.renderer import SandboxRenderer
from worker.result import ComparisonResult, ReferenceScores
from worker.settings import Detection, Reading, Verification
from worker.single_signature import SignatureReader
from worker.steps.references import graded_image
from worker.vision.choices import Outcome
from worker.vision.copies.likeness import SAME_INK, likeness
from worker.vision.copies.skeleton import fingerprint, skeleton
from worker.vision.values import Embeddings, Grey, Opinion, Quality
from worker.vision.verification.enrolment import Grade
from worker.vision.verification.specimen import held_back, serving

#: Stands between the paths of several references.
SEVERAL = ";"


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """One image, read: what is compared, and how good it is."""

    ink: Grey
    quality: Quality
    grade: Grade
    fingerprint: bytes
    #: Where the signature was found, when it is not the whole image.
    note: str | None
    #: Made when they are first needed, by whether they may serve as a signer's only reference.
    embeddings: dict[bool, npt.NDArray[np.float32]] = field(default_factory=dict)


class Comparer:
    """Compares images; remembers those it has read."""

    def __init__(self, reading: Reading, verification: Verification, detection: Detection) -> None:
        self._cleaner = build_cleaner(verification)
        self._verifier = build_verifier(verification)
        self._renderer = SandboxRenderer(reading)
        self._reader = SignatureReader(self._renderer, lambda: build_detector(detection))
        self._known: dict[Path, _Image] = {}

    def compare(self, query: Path, references: Sequence[Path]) -> ComparisonResult:
        """The opinion with probability, verdict and confidence; a reason when one image will not do.

        Of a page its one signature is compared, and `detail` says so.
        """
        reason = detail = scores = None
        same_ink = False
        try:
            asked, known = self._read(query), [self._read(path) for path in references]
            opinion = self._opinion(asked, known)
            scores = ReferenceScores(a=asked.grade.score, b=min(image.grade.score for image in known))
            same_ink = any(_same_ink(asked, image, opinion) for image in known)
            detail = "; ".join(filter(None, dict.fromkeys(image.note for image in (asked, *known)))) or None
        except UnusableReference as error:
            opinion, reason, detail = Opinion(Outcome.INCONCLUSIVE), EndReason.UNUSABLE_IMAGE, str(error)
        return ComparisonResult(
            a=str(query),
            b=SEVERAL.join(map(str, references)),
            references=len(references),
            probability=opinion.probability,
            verdict=opinion.outcome,
            confidence=opinion.confidence,
            llr=opinion.llr,
            scores=scores,
            same_ink=same_ink,
            reason=reason,
            detail=detail,
        )

    @property
    def embedding_versions(self) -> tuple[str, str]:
        """The encoder and the cleaner: embeddings that others made must not be compared with these."""
        return self._verifier.embedding_version, self._cleaner.version

    @property
    def code_floats(self) -> int:
        """How many numbers at the front of an embedding are its code."""
        return self._verifier.code_floats

    def embedding(self, path: Path) -> tuple[npt.NDArray[np.float32], str | None]:
        """The embedding (d,) of an image of one signature, and where that was found. UnusableReference.

        It may serve as a signer's only reference, too.
        """
        image = self._read(path)
        if not image.quality.usable:
            raise UnusableReference(str(path), ", ".join(image.quality.issues))
        return self._embedding(image, alone=True), image.note

    def nearest(
        self, query: npt.NDArray[np.float32], known: Mapping[str, Embeddings], *, top: int
    ) -> list[tuple[str, float]]:
        """Up to `top` names whose embeddings (k, d) are likeliest of one hand with the query, best first."""
        return self._verifier.nearest(query, known, top=top)

    def forget(self) -> None:
        """Forget the images read so far: other files may come under their names."""
        self._known.clear()

    def close(self) -> None:
        """End the processes that read images."""
        self._renderer.close()

    def _opinion(self, asked: _Image, known: Sequence[_Image]) -> Opinion:
        """Of those that reach the grade; held back where the query or all of the others do not."""
        usable = [known[index] for index in serving([image.grade.score for image in known])]
        references = usable or known
        embeddings = np.stack([self._embedding(image, alone=len(references) == 1) for image in references])
        query = self._embedding(asked, alone=False)
        opinion = self._verifier.compare(query, embeddings, quality=asked.quality)
        return opinion if usable and serving([asked.grade.score]) else held_back(opinion)

    def _read(self, path: Path) -> _Image:
        if path not in self._known:
            signature = self._reader.read(str(path), _bytes(path))
            prepared, grade = graded_image(str(path), signature.data, self._cleaner)
            ink, strokes = prepared.ink, fingerprint(prepared.ink)
            self._known[path] = _Image(ink, prepared.quality, grade, strokes, signature.note)
        return self._known[path]

    def _embedding(self, image: _Image, *, alone: bool) -> npt.NDArray[np.float32]:
        """One that may stand alone serves wherever there is one; else the cheaper is made."""
        embedding = image.embeddings.get(True, None if alone else image.embeddings.get(False))
        if embedding is None:
            embedding = image.embeddings[alone] = self._verifier.embed([image.ink], alone=alone)[0]
        return embedding


def _same_ink(first: _Image, second: _Image, opinion: Opinion) -> bool:
    """Whether both are one act of writing; asked only of what leans genuine, which every copy does."""
    if (opinion.llr or 0.0) <= 0:
        return False
    strokes = skeleton(first.fingerprint), skeleton(second.fingerprint)
    return likeness(*strokes).similarity >= SAME_INK


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableReference(str(path), error.strerror or str(error)) from error
