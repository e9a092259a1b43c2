"""The training folder: pages that may be learnt from, varied and written in YOLO's layout.

Pages are chosen by document, not by page: a document with any page in hlx8j's validation or test split gives
nothing. Tobacco800 and Roboflow pages are used as originals, some stretched to a square as hlx8j does it and
some with their aspect kept; a share of them receives extra signatures drawn from recorded pen strokes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.detector.readers import (
    PageRecord,
    near_duplicate_groups,
    read_hlx8j,
    read_pixels,
    read_rf100,
    read_tobacco800,
)
from training.detector.strokes import StrokeBook
from training.synthesis.pages import random_page
from training.synthesis.scanner import random_scanner, scan
from worker.vision.values import Box, Pixels

#: hlx8j stretches every page to this square.
SIDE = 640


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often an original page appears, and how it is varied."""

    signed_copies: int = 5
    unsigned_copies: int = 2
    colour_copies: int = 2
    stretched: float = 0.6
    turned: float = 0.12
    drawn: float = 0.4
    drawn_on_unsigned: float = 0.6
    #: Pages drawn from nothing, letters to forms, with invented signers and everybody's scanners.
    invented: int = 0
    blurred: float = 0.3
    speckled: float = 0.3


def trainable(records: Iterable[PageRecord], held: frozenset[str]) -> list[PageRecord]:
    """The pages whose document occurs nowhere in the held documents, nor in a validation or test split."""
    return [page for page in records if page.split in ("train", "none") and page.group not in held]


def held_documents(root: Path) -> frozenset[str]:
    """Documents with a page in hlx8j's validation or test split, or with a near-duplicate there."""
    pages = [*read_hlx8j(root), *read_tobacco800(root)]
    evaluated = frozenset(page.group for page in pages if page.split in ("test", "valid"))
    return evaluated | near_duplicate_groups(root)


def build(data: Path, out: Path, *, seed: int = 1, recipe: Recipe | None = None, limit: int = 0) -> Path:
    """Write `out/train`, `out/valid` and `out/data.yaml`; return the latter.

    `data` is the folder that holds `detection/` and `verification/`; it is only read. With a `limit` at most
    that many pages of each source are used. The same seed writes the same pages.
    """
    recipe = recipe or Recipe()
    root, cut = data / "detection", slice(limit or None)
    held, rng = held_documents(root), np.random.default_rng(seed)
    hlx8j = read_hlx8j(root)
    writer = _Writer(out / "train", StrokeBook.load(data / "verification"), recipe, rng)
    for page in trainable(hlx8j, held)[cut]:
        writer.copy(page)
    for page in trainable(read_tobacco800(root), held)[cut]:
        writer.vary(page, recipe.signed_copies if page.boxes else recipe.unsigned_copies)
    for page in trainable(read_rf100(root), held)[cut]:
        writer.vary(page, recipe.colour_copies)
    for index in range(min(recipe.invented, limit or recipe.invented)):
        writer.invent(index)
    valid = _Writer(out / "valid", writer.strokes, recipe, rng)
    for page in [page for page in hlx8j if page.split == "valid"][cut]:
        valid.copy(page)
    described = out / "data.yaml"
    described.write_text(f"path: {out}\ntrain: train/images\nval: valid/images\nnames: {{0: signature}}\n")
    return described


def quarter_turn(pixels: Pixels, boxes: Sequence[Box]) -> tuple[Pixels, list[Box]]:
    """The page and its boxes turned by 90 degrees, anticlockwise: tables are often scanned so."""
    width = pixels.shape[1]
    turned = [Box(x=b.y, y=width - b.x - b.width, width=b.height, height=b.width) for b in boxes]
    return np.ascontiguousarray(np.rot90(pixels)), turned


class _Writer:
    """Writes pages and label files into one split's folder."""

    def __init__(self, folder: Path, strokes: StrokeBook, recipe: Recipe, rng: np.random.Generator) -> None:
        self.folder, self.strokes, self.recipe, self.rng = folder, strokes, recipe, rng
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "labels").mkdir(parents=True, exist_ok=True)

    def copy(self, page: PageRecord) -> None:
        """Take the image as it is; a hard copy, because ultralytics writes caches beside its data."""
        shutil.copyfile(page.image, self.folder / "images" / page.image.name)
        pixels = read_pixels(page.image)
        self._label(page.image.stem, page.boxes, pixels)

    def vary(self, page: PageRecord, copies: int) -> None:
        """Write that many varied versions of an original page."""
        original = read_pixels(page.image)
        for index in range(copies):
            pixels, boxes = self._resized(original, page.boxes)
            if self.rng.random() < self.recipe.turned:
                pixels, boxes = quarter_turn(pixels, boxes)
            chance = self.recipe.drawn if boxes else self.recipe.drawn_on_unsigned
            if self.rng.random() < chance:
                pixels, boxes = self.strokes.sign(pixels, boxes, self.rng)
            pixels = self._worn(pixels)
            self._write(f"{page.group}-{page.image.stem}-{index}", pixels, boxes)

    def invent(self, index: int) -> None:
        """Write a drawn page; initials and dates on it are no signatures, and stay unlabelled."""
        page = scan(random_page(self.rng), random_scanner(self.rng), self.rng)
        signatures = [Box(*mark.box) for mark in page.marks if mark.label == "signature"]
        pixels, boxes = self._resized(page.pixels, signatures)
        self._write(f"invented-{index:04d}", pixels, boxes)

    def _write(self, name: str, pixels: Pixels, boxes: Sequence[Box]) -> None:
        Image.fromarray(pixels).save(self.folder / "images" / f"{name}.jpg", quality=85)
        self._label(name, boxes, pixels)

    def _resized(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[Pixels, list[Box]]:
        height, width = pixels.shape[:2]
        across = down = SIDE / max(height, width)
        if self.rng.random() < self.recipe.stretched:
            across, down = SIDE / width, SIDE / height
        size = (round(width * across), round(height * down))
        shrunk = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return shrunk, [Box(b.x * across, b.y * down, b.width * across, b.height * down) for b in boxes]

    def _worn(self, pixels: Pixels) -> Pixels:
        """Blur and salt-and-pepper, each on a share of the pages, at hlx8j's strength."""
        if self.rng.random() < self.recipe.blurred:
            pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), self.rng.uniform(0.3, 1.1)), dtype=np.uint8)
        if self.rng.random() < self.recipe.speckled:
            pixels = pixels.copy()
            specks = self.rng.random(pixels.shape[:2]) < 0.0097
            pixels[specks] = self.rng.choice(np.array([0, 255], dtype=np.uint8), size=(specks.sum(), 1))
        return pixels

    def _label(self, name: str, boxes: Sequence[Box], pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        lines = [
            f"0 {(b.x + b.width / 2) / width:.6f} {(b.y + b.height / 2) / height:.6f} "
            f"{b.width / width:.6f} {b.height / height:.6f}"
            for b in boxes
        ]
        (self.folder / "labels" / f"{name}.txt").write_text("\n".join(lines))
