"""Whether both engines find the same: ONNX Runtime and torch on the same pages, box for box."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from worker.vision.boxes import iou
from worker.vision.detection.detector import Detector
from worker.vision.values import DetectedRegion, Pixels

#: What counts as the same box.
MIN_IOU, MAX_SCORE_GAP = 0.98, 0.01


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two engines agree; `alone` are regions of one engine without a twin in the other."""

    pages: int
    regions: int
    alone: int
    least_iou: float
    largest_score_gap: float

    @property
    def holds(self) -> bool:
        """Every region has its twin."""
        return self.regions > 0 and self.alone == 0


def compare_engines(pages: Iterable[Pixels], first: Detector, other: Detector, *, min_score: float) -> Parity:
    """Look for a twin of every region that reaches `min_score`.

    The engines' own threshold must lie lower, by twice the allowed gap: a twin may score a little less.
    """
    seen = regions = alone = 0
    least, largest = 1.0, 0.0
    for page in pages:
        seen += 1
        sides = first.detect([page])[0], other.detect([page])[0]
        for mine, theirs in (sides, sides[::-1]):
            for region in mine:
                if region.score < min_score:
                    continue
                twin = _twin(region, theirs)
                regions += 1
                overlap = iou(region.box, twin.box) if twin else 0.0
                gap = abs(region.score - twin.score) if twin else 1.0
                alone += overlap < MIN_IOU or gap > MAX_SCORE_GAP
                least, largest = min(least, overlap), max(largest, gap)
    return Parity(seen, regions // 2, alone, least, largest)


def _twin(region: DetectedRegion, others: Iterable[DetectedRegion]) -> DetectedRegion | None:
    alike = (other for other in others if other.label == region.label)
    return max(alike, key=lambda other: iou(region.box, other.box), default=None)
