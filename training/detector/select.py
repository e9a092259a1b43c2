"""Choosing what ships: input size and default threshold, on validation pages only."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.detector.evaluate import EVERYTHING, Notice, found_on
from training.detector.export import export
from training.detector.metrics import figures, score_page
from training.detector.readers import PageRecord, read_hlx8j, read_tobacco800
from worker.vision.detector import OnnxDetector
from worker.vision.values import Thresholds

#: A larger input must gain this much mAP50 to be worth its time, which grows with the square of the size.
WORTH = 0.01


@dataclass(frozen=True, slots=True)
class Choice:
    """An input size with what it reached on validation pages; `min_score` is where F1 is greatest."""

    size: int
    map50: float
    min_score: float


def choose(tried: Sequence[Choice]) -> Choice:
    """The smallest size after which no larger one gains enough."""
    chosen, *larger = sorted(tried, key=lambda choice: choice.size)
    for candidate in larger:
        if candidate.map50 >= chosen.map50 + WORTH:
            chosen = candidate
    return chosen


def choose_and_export(
    checkpoint: Path, data: Path, sizes: Sequence[int], notice: Notice | None = None
) -> Choice:
    """Try each size on validation pages and register the checkpoint at the best one."""
    pages = validation_pages(data / "detection")
    chosen = choose([_try(checkpoint, size, pages, notice) for size in sizes])
    export(checkpoint, size=chosen.size, min_score=chosen.min_score)
    return chosen


def validation_pages(root: Path) -> list[PageRecord]:
    """hlx8j's validation pages, stretched to squares, without those that leak, and Tobacco800's as scanned.

    Both together, because what is served are whole pages, and what is compared with others are squares.
    """
    stretched = [page for page in read_hlx8j(root) if page.split == "valid" and not page.leaks]
    return stretched + [page for page in read_tobacco800(root) if page.split == "valid"]


def _try(checkpoint: Path, size: int, pages: Sequence[PageRecord], notice: Notice | None) -> Choice:
    with tempfile.TemporaryDirectory() as scratch:
        export(checkpoint, size=size, min_score=EVERYTHING, folder=Path(scratch))
        detector = OnnxDetector("detector", thresholds=Thresholds(min_score=EVERYTHING), folder=Path(scratch))
        scored = [
            score_page(page.group, regions, page.boxes)
            for page, regions in found_on(pages, detector, f"{size} px", notice)
        ]
    reached = figures(scored, rounds=1)
    return Choice(size=size, map50=reached.map50, min_score=round(reached.best_score, 2))
