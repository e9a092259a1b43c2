"""What a page of memos costs as it is served: processor time on one thread, decoding not included."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.common.console import StageNotice
from training.common.statistics import Estimate
from training.detector.marked import read_marked
from training.detector.testsets import rendered
from worker.vision.detection.detector import Detector

#: The source whose pages are timed, how many of them, and what they are called in the figures.
_SOURCE, PAGES, TIMED = "memos", 38, "memos, one CPU thread"


@dataclass(frozen=True, slots=True)
class PageTimes:
    """Milliseconds a page; the interval of the mean is that of pages drawn anew."""

    pages: int
    mean: Estimate
    median: float
    slowest: float


def measure_page_times(
    data: Path, detector: Detector, notice: StageNotice, *, limit: int = 0
) -> PageTimes | None:
    """Detect on some pages, far apart in the source, one at a time; None where there are none.

    The first is seen twice and counts once.
    """
    pages = read_marked(data / "detection", _SOURCE)
    chosen = pages[:: max(1, len(pages) // PAGES)][: limit or PAGES]
    taken = list[float]()
    for done, page in enumerate([*chosen[:1], *chosen]):
        pixels = rendered(page.image.read_bytes())
        begun = time.process_time()
        detector.detect([pixels])
        taken.append(1000 * (time.process_time() - begun))
        notice(TIMED, done, len(chosen))
    return _times(np.array(taken[1:])) if chosen else None


def _times(taken: np.typing.NDArray[np.float64]) -> PageTimes:
    mean, error = float(taken.mean()), 1.96 * float(taken.std()) / len(taken) ** 0.5
    return PageTimes(
        len(taken), Estimate(mean, mean - error, mean + error), float(np.median(taken)), float(taken.max())
    )
