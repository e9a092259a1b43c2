"""Marks as training reads them: features, facts, what is true of them, and their pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.roles.head import head_inputs
from worker.vision.detection.roles import Facts

Rows = npt.NDArray[np.int64]
Words = npt.NDArray[np.str_]
Floats = npt.NDArray[np.float32]

#: What `signed` of a page and `signs` of a mark say besides 0 and 1: the eye could not tell, nobody looked.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class PageTable:
    """Pages, one row each."""

    source: Words
    #: The document; pages of one never part over folds.
    group: Words
    #: 0, 1 or UNKNOWN.
    signed: Rows
    #: Signed, and by no full signature.
    by_initials: Rows

    def of(self, source: str) -> Rows:
        """The rows of a source whose answer is known."""
        return np.flatnonzero((self.source == source) & (self.signed != UNKNOWN))


@dataclass(frozen=True, slots=True)
class MarkTable:
    """Candidates, one row each."""

    #: (n, 1280) each.
    tight: Floats
    near: Floats
    facts: Facts
    #: 0, 1 or UNKNOWN.
    signs: Rows
    #: How much it counts in training; 0 where what is true of it is not known.
    weight: Floats
    #: Row of its page.
    page: Rows

    def inputs(self) -> Tensor:
        """What the head reads, not standardised: (n, INPUTS)."""
        return head_inputs(*map(torch.from_numpy, (self.tight, self.near, self.facts)))


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks and their pages."""

    marks: MarkTable
    pages: PageTable

    @property
    def source(self) -> Words:
        """The source of each mark."""
        return self.pages.source[self.marks.page]

    @property
    def group(self) -> Words:
        """The document of each mark."""
        return self.pages.group[self.marks.page]

    def save(self, path: Path) -> None:
        """Write to an .npz file."""
        np.savez(path, **_arrays("marks", self.marks), **_arrays("pages", self.pages))  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as stored:
            parts = {
                part: {field.name: stored[f"{part}_{field.name}"] for field in fields(kind)}
                for part, kind in (("marks", MarkTable), ("pages", PageTable))
            }
        return cls(MarkTable(**parts["marks"]), PageTable(**parts["pages"]))

    def page_scores(self, probabilities: Floats) -> Floats:
        """The highest probability on each page, 0 where there is no mark."""
        best = np.zeros(len(self.pages.source), np.float32)
        np.maximum.at(best, self.marks.page, probabilities)
        return best


def joined_marks(tables: Sequence[Marks]) -> Marks:
    """The marks and pages of all tables, one after the other."""
    starts = np.cumsum([0, *(len(table.pages.source) for table in tables)])
    marks = [
        replace(table.marks, page=table.marks.page + start)
        for table, start in zip(tables, starts, strict=False)
    ]
    return Marks(
        MarkTable(**_concatenated(marks, MarkTable)),
        PageTable(**_concatenated([table.pages for table in tables], PageTable)),
    )


def _concatenated(
    parts: Sequence[MarkTable] | Sequence[PageTable], kind: type[MarkTable | PageTable]
) -> dict[str, Any]:
    names = [field.name for field in fields(kind)]
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def _arrays(part: str, table: MarkTable | PageTable) -> dict[str, npt.NDArray[np.generic]]:
    return {f"{part}_{field.name}": getattr(table, field.name) for field in fields(table)}
