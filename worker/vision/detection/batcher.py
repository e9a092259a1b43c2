"""One detector shared by many task threads: whatever pages have arrived go through in one forward pass."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from worker.vision.detection.detector import Detector
from worker.vision.values import DetectedRegion, Pixels


@dataclass
class _Request:
    image: Pixels
    answer: Future[list[DetectedRegion]] = field(default_factory=Future)


class BatchingDetector:
    """A detector that joins the pages of concurrent callers into batches of up to `max_pages`.

    A batch leaves when it is full or `max_ms` after its first page. A batch that fails is halved until the
    page that breaks it is alone: only its caller sees the error.
    """

    def __init__(self, detector: Detector, *, max_pages: int, max_ms: float) -> None:
        self._detector = detector
        self._max_pages = max_pages
        self._max_seconds = max_ms / 1000
        self._waiting: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="batcher", daemon=True).start()

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """Regions of each page; blocks until its batch went through."""
        requests = [_Request(page) for page in pages]
        for request in requests:
            self._waiting.put(request)
        return [request.answer.result() for request in requests]

    def _serve(self) -> None:
        while True:
            self._answer(self._batch())

    def _batch(self) -> list[_Request]:
        batch = [self._waiting.get()]
        deadline = time.monotonic() + self._max_seconds
        while len(batch) < self._max_pages:
            try:
                batch.append(self._waiting.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
        return batch

    def _answer(self, batch: list[_Request]) -> None:
        try:
            answers = self._detector.detect([request.image for request in batch])
        except Exception as error:  # noqa: BLE001 - handed to the one caller whose page it is
            self._bisect(batch, error)
            return
        for request, regions in zip(batch, answers, strict=True):
            request.answer.set_result(regions)

    def _bisect(self, batch: list[_Request], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].answer.set_exception(error)
            return
        middle = len(batch) // 2
        self._answer(batch[:middle])
        self._answer(batch[middle:])
