"""An earlier run's answers: which are kept, and which documents are read again because something changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer.claims import claimed
from worker.storage.files import key_of

if TYPE_CHECKING:
    from worker.embedded.workspace import Resumed, Workspace


@dataclass(frozen=True, slots=True)
class AnswersKept:
    """How many earlier answers stay, and, by what changed, the documents that are read again."""

    kept: int
    again: Mapping[str, Sequence[str]]


class Resumption:
    """Registers files in a folder of results that an earlier run left."""

    def __init__(self, workspace: Workspace, table: Mapping[str, Sequence[str]] | None) -> None:
        self._workspace, self._table = workspace, table
        self._inputs = workspace.inputs()
        self._known: list[tuple[Path, Resumed]] = []

    def register(self, path: Path) -> int:
        """The document's id; without a claims table its claims stay as they are. OSError."""
        claims = None if self._table is None else claimed(self._table, key_of(path))
        resumed = self._workspace.resume(path, claims, self._inputs)
        if resumed.known:
            self._known.append((path, resumed))
        return resumed.id

    def told(self) -> AnswersKept:
        """What became of the documents that were known."""
        again: dict[str, list[str]] = {}
        for change, path in _changed(self._known):
            again.setdefault(change, []).append(path.name)
        return AnswersKept(sum(not resumed.changes for _, resumed in self._known), again)


def _changed(known: Iterable[tuple[Path, Resumed]]) -> Iterator[tuple[str, Path]]:
    return ((change.value, path) for path, resumed in known for change in resumed.changes)
