"""Prepared training pages: small images in a folder, with the boxes on them and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from worker.vision.choices import Label
from worker.vision.values import Box, Pixels

INDEX = "sheets.json"
#: Longer side of a prepared page: one and a half times the detector's usual input.
LONGEST = 960
#: Sources of pages that are drawn from nothing.
DRAWN = ("drawn", "agreements")
#: Labels in the order of the detector's answer; a region may be called otherwise by others.
LABELS = (
    Label.SIGNATURE,
    Label.INITIALS,
    Label.HANDWRITTEN_DATE,
    Label.REDACTION,
    Label.HANDWRITING,
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A box with its label, in pixels of its page."""

    label: Label
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A page to learn from.

    `pixels` is (height, width) or (height, width, 3) uint8, grey pages taking a third of the room. `known`
    are the labels of which every instance on the page is marked. `source` decides how often it is drawn.
    """

    pixels: npt.NDArray[np.uint8]
    marks: tuple[Marked, ...]
    known: frozenset[Label]
    source: str


class SheetFolder:
    """Writes sheets into a folder; the index is written by `close`."""

    def __init__(self, folder: Path, *, quality: int = 92) -> None:
        self._folder, self._quality, self._index = folder, quality, list[dict[str, Any]]()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, pixels: Pixels, marks: Iterable[Marked], *, known: Iterable[Label], source: str) -> None:
        """Reduce a page to LONGEST, its marks with it, and write it."""
        small, marks = reduced(pixels, tuple(marks))
        name = f"{len(self._index):05d}.jpg"
        Image.fromarray(_lean(small)).save(self._folder / name, quality=self._quality)
        self._index.append(
            {
                "image": name,
                "source": source,
                "known": [label.value for label in known],
                "marks": [[m.label.value, m.box.x, m.box.y, m.box.width, m.box.height] for m in marks],
            }
        )

    def close(self) -> Path:
        """Write the index; return its path."""
        path = self._folder / INDEX
        path.write_text(json.dumps(self._index), encoding="utf-8")
        return path


def read_sheets(folder: Path) -> list[Sheet]:
    """All sheets of a folder, decoded into memory."""
    rows = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return [_sheet(folder, row) for row in rows]


def reduced(pixels: Pixels, marks: Sequence[Marked]) -> tuple[Pixels, tuple[Marked, ...]]:
    """The page with its longer side at most LONGEST, by area averages."""
    height, width = pixels.shape[:2]
    if max(height, width) <= LONGEST:
        return pixels, tuple(marks)
    scale = LONGEST / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    across, down = size[0] / width, size[1] / height
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return small, tuple(
        Marked(m.label, Box(m.box.x * across, m.box.y * down, m.box.width * across, m.box.height * down))
        for m in marks
    )


def _lean(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """One channel where there is no colour."""
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def _sheet(folder: Path, row: dict[str, Any]) -> Sheet:
    with Image.open(folder / row["image"]) as image:
        pixels = np.asarray(image, dtype=np.uint8)
    return Sheet(
        pixels=pixels,
        marks=tuple(Marked(Label(label), Box(*numbers)) for label, *numbers in row["marks"]),
        known=frozenset(Label(label) for label in row["known"]),
        source=row["source"],
    )
