"""Answers at once about images that are not kept: compared, looked through, classified, searched with.

One at a time is worked on, and few may wait: who comes when they are many is told to come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import ModuleType
from typing import TYPE_CHECKING

from db.engine import Sessions
from producer.services.compare import open_comparer
from worker.errors import TransientError
from worker.result import ComparisonResult
from worker.result.inspection import ClassificationResult, InspectionResult
from worker.result.search import SearchResult
from worker.settings import Detection, Reading

if TYPE_CHECKING:
    from worker.embedded.comparison import Comparer
    from worker.embedded.inspection import Inspector
    from worker.embedded.searching import Searcher

#: Requests that are worked on or wait for it.
MOST_ASKING = 4


class Busy(TransientError):
    """Too many ask at this moment."""

    code = "busy"

    def __str__(self) -> str:
        return "too many ask at this moment: come back in a few seconds"


class Opinions:
    """The models of this process, loaded when somebody first asks."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MOST_ASKING)
        self._turn = Lock()
        self._comparer: Comparer | None = None
        self._inspector: Inspector | None = None
        self._searcher: Searcher | None = None

    def compare(self, a: Path, b: Path, *, names: tuple[str, str]) -> ComparisonResult:
        """Two images of one signature each, as `countersign compare` has it, under these names. Busy."""
        with self._asked():
            comparer = self._loaded_comparer()
            try:
                answer = comparer.compare(a, (b,))
            finally:
                comparer.forget()
        detail = answer.detail
        for path, name in zip((a, b), names, strict=True):
            detail = detail and detail.replace(str(path), name)
        return answer.model_copy(update={"a": names[0], "b": names[1], "detail": detail})

    def search(self, path: Path, sessions: Sessions, *, name: str, most: int) -> SearchResult:
        """Who has signed like this, and where; the image is called by this name. Busy.

        The first search of a process reads what there is; later ones what has changed.
        """
        with self._asked():
            searcher = self._loaded_searcher(sessions)
            try:
                answer = searcher.search(path, most=most)
            finally:
                self._loaded_comparer().forget()
        detail = answer.detail and answer.detail.replace(str(path), name)
        return answer.model_copy(update={"detail": detail})

    def inspect(self, path: Path) -> InspectionResult:
        """What is found on the first page of a file. Busy; DocumentError."""
        with self._asked():
            return self._loaded_inspector().inspect(path.read_bytes())

    def classify(self, path: Path) -> ClassificationResult:
        """What the first page of a file shows, taken for one crop. Busy; DocumentError."""
        with self._asked():
            return self._loaded_inspector().classify(path.read_bytes())

    def close(self) -> None:
        """End the processes that read files."""
        for opened in (self._comparer, self._inspector):
            if opened is not None:
                opened.close()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            with self._turn:
                yield
        finally:
            self._places.release()

    def _loaded_comparer(self) -> Comparer:
        if self._comparer is None:
            self._comparer = open_comparer()
        return self._comparer

    def _loaded_searcher(self, sessions: Sessions) -> Searcher:
        if self._searcher is None:
            self._searcher = _embedded()[1].Searcher(self._loaded_comparer(), sessions)
        return self._searcher

    def _loaded_inspector(self) -> Inspector:
        if self._inspector is None:
            self._inspector = _embedded()[0].Inspector(Reading(), Detection())
        return self._inspector


def _embedded() -> tuple[ModuleType, ModuleType]:
    """What inspects and what searches."""
    from worker.embedded import inspection, searching  # noqa: PLC0415 - loads the models

    return inspection, searching
