"""Signature images and their references, one opinion each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from producer.tables import Row, read_csv
from worker.errors import WrongUse
from worker.result import ComparisonResult
from worker.settings import Detection, Reading, Verification

if TYPE_CHECKING:
    from worker.embedded.comparison import Comparer

#: An image of one signature, and those of one or several references.
Pair = tuple[Path, tuple[Path, ...]]
#: Stands between several references in a column.
_SEVERAL = ";"


def open_comparer() -> Comparer:
    """The models that a comparison needs, by the settings of this process. Close it."""
    from worker.embedded.comparison import Comparer  # noqa: PLC0415 - loads the models

    return Comparer(Reading(), Verification(), Detection())


def compare_pairs(comparer: Comparer, pairs: Iterable[Pair]) -> Iterator[ComparisonResult]:
    """An answer for each pair, in order; one whose image cannot be used has a `reason`."""
    return (comparer.compare(query, references) for query, references in pairs)


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a CSV with the columns `a` and `b`, paths of images. WrongUse.

    Several references stand in `b`, parted by semicolons.
    """
    return [_pair(row, f"{path}, line {line}") for line, row in read_csv(path, ("a", "b"), "pairs")]


def _pair(row: Row, place: str) -> Pair:
    query, references = row["a"], [path.strip() for path in (row["b"] or "").split(_SEVERAL)]
    if not query or not all(references):
        raise WrongUse(f"{place}: a pair needs two images")
    return Path(query), tuple(map(Path, references))
