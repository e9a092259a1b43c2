"""The whole detector with roles: on drawn pages askew and photographed, and on the home test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.common.console import StageNotice
from training.common.shares import Share
from training.detector.conditions import Marks, PageCondition, drawn_family
from training.detector.metrics import LabelFigures, label_figures, score_page
from training.detector.signed_pages import MARK_IOU
from training.detector.testsets import squares
from worker.vision.boxes import iou
from worker.vision.choices import Label
from worker.vision.detection.detector import Detector
from worker.vision.values import DetectedRegion, Pixels

#: The conditions by name; the first is what the others are compared with.
CONDITIONS = ("200 dpi, colour", "askew by 6°", "askew by 10°", "photographed")
#: What the pages are called in the figures.
DRAWN, HOME = "drawn pages", "hlx8j test-419"


@dataclass(frozen=True, slots=True)
class SignaturesFound:
    """The signatures on pages under one condition that a region which signs overlaps."""

    condition: str
    share: Share


def measure_conditions(detector: Detector, notice: StageNotice, *, limit: int = 0) -> list[SignaturesFound]:
    """Signed drawn pages under CONDITIONS, in their order."""
    family = drawn_family()
    known = {condition.name: condition for condition in family.conditions}
    counted: dict[str, list[bool]] = {name: [] for name in CONDITIONS}
    cases = family.cases[: limit or None]
    for done, case in enumerate(cases, start=1):
        pixels, marks = case.read()
        for name in CONDITIONS:
            counted[name] += _under(known[name], pixels, marks, detector)
        notice(DRAWN, done, len(cases))
    return [SignaturesFound(name, Share(sum(hits), len(hits))) for name, hits in counted.items()]


def _under(condition: PageCondition, pixels: Pixels, marks: Marks, detector: Detector) -> list[bool]:
    """Which signatures of a page are found once the condition changed it."""
    seen, moved = condition.change(pixels, marks)
    (regions,) = detector.detect([seen])
    signing = [region.box for region in regions if region.signs]
    signatures = [mark.box for mark in moved if mark.label is Label.SIGNATURE]
    return [any(iou(box, other) >= MARK_IOU for other in signing) for box in signatures]


def measure_home(root: Path, detector: Detector, notice: StageNotice, *, limit: int = 0) -> LabelFigures:
    """The signatures of the published test set as they are served."""
    cases = squares(root, "test")[: limit or None]
    scored = []
    for done, case in enumerate(cases, start=1):
        pixels, marks = case.read()
        (regions,) = detector.detect([pixels])
        boxes = [mark.box for mark in marks]
        scored.append(score_page(case.group, _signatures(regions), boxes))
        notice(HOME, done, len(cases))
    return label_figures(scored)


def _signatures(regions: Sequence[DetectedRegion]) -> list[DetectedRegion]:
    return [region for region in regions if region.label is Label.SIGNATURE]
