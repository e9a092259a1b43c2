"""Many threads, one detector: batches fill, answers find their callers, a bad page harms nobody else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from worker.vision.detection.batcher import BatchingDetector
from worker.vision.values import Box, DetectedRegion, Pixels

POISON = 255


class Numbered:
    """A detector that answers with the first pixel of each page once `gate` is open."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.batches: list[int] = []
        self._gate = gate or threading.Event()
        if gate is None:
            self._gate.set()

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        assert self._gate.wait(10)
        self.batches.append(len(pages))
        numbers = [int(page[0, 0, 0]) for page in pages]
        if POISON in numbers:
            raise MemoryError("the poison page")
        return [[DetectedRegion(Box(number, 0, 1, 1), 0.5)] for number in numbers]


def page(number: int) -> Pixels:
    return np.full((2, 2, 3), number, np.uint8)


def first_pixels(answers: list[list[DetectedRegion]]) -> list[float]:
    return [regions[0].box.x for regions in answers]


def test_every_caller_gets_its_own_answers_in_order() -> None:
    detector = BatchingDetector(Numbered(), max_pages=4, max_ms=5)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(detector.detect, [page(n), page(n + 1)]) for n in range(0, 40, 2)]

    assert [first_pixels(one.result()) for one in asked] == [[n, n + 1] for n in range(0, 40, 2)]


def test_pages_of_different_callers_share_a_forward_pass() -> None:
    gate = threading.Event()
    inner = Numbered(gate)
    detector = BatchingDetector(inner, max_pages=4, max_ms=1000)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(detector.detect, [page(number)]) for number in range(8)]
        gate.set()
        assert [first_pixels(one.result()) for one in asked] == [[number] for number in range(8)]

    assert inner.batches == [4, 4]


def test_a_batch_never_exceeds_its_size() -> None:
    inner = Numbered()

    BatchingDetector(inner, max_pages=3, max_ms=50).detect([page(number) for number in range(8)])

    assert sum(inner.batches) == 8
    assert max(inner.batches) <= 3


def test_a_poison_page_fails_its_caller_alone() -> None:
    gate = threading.Event()
    detector = BatchingDetector(Numbered(gate), max_pages=8, max_ms=1000)

    with ThreadPoolExecutor(8) as pool:
        healthy = [pool.submit(detector.detect, [page(number)]) for number in range(7)]
        poisoned = pool.submit(detector.detect, [page(POISON)])
        gate.set()
        with pytest.raises(MemoryError, match="poison"):
            poisoned.result()
        assert [first_pixels(one.result()) for one in healthy] == [[number] for number in range(7)]


def test_no_pages_need_no_forward_pass() -> None:
    inner = Numbered()

    assert BatchingDetector(inner, max_pages=4, max_ms=5).detect([]) == []
    assert inner.batches == []
