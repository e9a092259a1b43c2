"""Two signature images against each other, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.errors import UnusableReference
from worker.models import build_cleaner, build_verifier
from worker.renderer import SandboxRenderer
from worker.settings import Models, Reading
from worker.steps.references import prepared_image, signature_image
from worker.vision.values import Opinion, Outcome, Quality


class Comparer:
    """Compares images; remembers those it has read."""

    def __init__(self) -> None:
        settings = Models()
        self._cleaner = build_cleaner(settings)
        self._encoder, self._verifier = build_verifier(settings)
        self._renderer = SandboxRenderer(Reading())
        self._known: dict[Path, tuple[npt.NDArray[np.float32], Quality]] = {}

    def compare(self, a: Path, b: Path) -> dict[str, Any]:
        """The pair with probability, verdict and confidence; a reason when an image will not do."""
        reason = detail = None
        try:
            opinion = self._opinion(a, b)
        except UnusableReference as error:
            opinion, reason, detail = Opinion(Outcome.INCONCLUSIVE), "unusable_image", str(error)
        return {
            "a": str(a),
            "b": str(b),
            "probability": opinion.probability,
            "verdict": opinion.outcome.value,
            "confidence": None if opinion.confidence is None else opinion.confidence.value,
            "llr": opinion.llr,
            "reason": reason,
            "detail": detail,
        }

    def _opinion(self, a: Path, b: Path) -> Opinion:
        (questioned, quality), (reference, _) = self._read(a), self._read(b)
        return self._verifier.compare(questioned, reference[None], quality=quality)

    def _read(self, path: Path) -> tuple[npt.NDArray[np.float32], Quality]:
        if path not in self._known:
            shown = signature_image(str(path), _bytes(path), self._renderer)
            one = prepared_image(str(path), shown.data, self._cleaner)
            self._known[path] = (self._encoder.encode([one.normal])[0], one.quality)
        return self._known[path]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableReference(str(path), error.strerror or str(error)) from error
