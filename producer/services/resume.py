"""An earlier run's answers: which are kept, and which documents are read again because something changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer.services.local_files import LocalFile
from producer.services.run_claims import ClaimsOfRun

if TYPE_CHECKING:
    from worker.embedded.workspace import Resumed, Workspace


@dataclass(frozen=True, slots=True)
class AnswersKept:
    """How many earlier answers stay, and, by what changed, the documents that are read again.

    `unfinished` counts documents that an earlier run has left without an answer.
    """

    kept: int
    again: Mapping[str, Sequence[str]]
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class AnswersOnFile:
    """How many answers earlier runs left in the folder, where they are not to be kept."""

    number: int


class Resumption:
    """Registers files in a folder of results that an earlier run left."""

    def __init__(self, workspace: Workspace, claims: ClaimsOfRun) -> None:
        self._workspace, self._claims = workspace, claims
        self._inputs = workspace.inputs()
        self._known: list[tuple[Path, Resumed]] = []

    def register(self, file: LocalFile) -> int:
        """The document's id; where nothing says who signed it, its claims stay as they are. OSError."""
        resumed = self._workspace.resume(file.path, self._claims.of(file), self._inputs)
        if resumed.known:
            self._known.append((file.path, resumed))
        return resumed.id

    def told(self) -> AnswersKept:
        """What became of the documents that were known."""
        again: dict[str, list[str]] = {}
        for change, path in _changed(self._known):
            again.setdefault(change, []).append(path.name)
        unchanged = [resumed.answered for _, resumed in self._known if not resumed.changes]
        return AnswersKept(sum(unchanged), again, unfinished=unchanged.count(False))


def _changed(known: Iterable[tuple[Path, Resumed]]) -> Iterator[tuple[str, Path]]:
    return ((change.value, path) for path, resumed in known for change in resumed.changes)
