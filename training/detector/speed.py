"""How long a page takes as it is served: laid upright, prepared, looked at, read, looked at again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.detector.testsets import PageCase
from worker.engines import build_detector
from worker.settings import Detection

#: Scanned pages that are timed.
PAGES = 30


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds a page, decoding it not included."""

    pages: int
    threads: int
    mean: float
    median: float
    slowest: float


def timed(cases: Sequence[PageCase], *, name: str, device: Literal["cpu", "cuda"], threads: int) -> Speed:
    """Detect on the first pages one at a time, in this process; the first is seen twice and counts once."""
    detector = build_detector(Detection(detector=name, detect_device=device, threads=threads))
    taken = list[float]()
    pages = [case.read()[0] for case in cases[:PAGES]]
    for pixels in [*pages[:1], *pages]:
        started = time.perf_counter()
        detector.detect([pixels])
        taken.append(1000 * (time.perf_counter() - started))
    counted = np.array(taken[1:])
    return Speed(len(counted), threads, *(float(f(counted)) for f in (np.mean, np.median, np.max)))
