"""Pairs of signature images, one opinion each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from producer.tables import Row, read_csv
from worker.errors import WrongUse
from worker.result import ComparisonResult

if TYPE_CHECKING:
    from worker.embedded.comparison import Comparer

#: Two images, of one signature each.
Pair = tuple[Path, Path]


def compare_pairs(comparer: Comparer, pairs: Iterable[Pair]) -> Iterator[ComparisonResult]:
    """An answer for each pair, in order; one whose image cannot be used has a `reason`."""
    return (comparer.compare(first, second) for first, second in pairs)


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a CSV with the columns `a` and `b`, paths of images. WrongUse."""
    return [_pair(row, f"{path}, line {line}") for line, row in read_csv(path, ("a", "b"), "pairs")]


def _pair(row: Row, place: str) -> Pair:
    first, second = row["a"], row["b"]
    if not first or not second:
        raise WrongUse(f"{place}: a pair needs two images")
    return Path(first), Path(second)
