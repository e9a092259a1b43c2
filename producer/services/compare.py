"""Pairs of signature images, one opinion each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            if not {"a", "b"} <= set(reader.fieldnames or ()):
                raise WrongUse(f"{path} needs the columns a,b")
            return [_pair(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongUse(f"cannot read the pairs {path}: {error}") from error


def _pair(row: Mapping[str, str | None], place: str) -> Pair:
    first, second = row["a"], row["b"]
    if not first or not second:
        raise WrongUse(f"{place}: a pair needs two images")
    return Path(first), Path(second)
