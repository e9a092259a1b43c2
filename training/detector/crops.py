"""What the network sees in training: windows of pages, most with a mark wholly inside, varied at random.

A window is cut at the scale at which the product shows a page, so nothing is lost against whole pages, and a
step costs a quarter of theirs. A share of the pages is stretched to a square, as hlx8j stretches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from training.common.degradations import blurred, compressed, salt_and_pepper
from training.common.pixels import in_grey, to_pixels
from training.detector.patches import PatchBook
from training.detector.sheets import DRAWN, LABELS, Sheet
from worker.vision.values import Box, Pixels

#: The size of a page, in pixels of the detector's input, that windows are cut from.
PAGE = 640
_PADDING = 114
#: A box is whole when so much of it is inside, and absent when so little is.
_WHOLE, _ABSENT = 0.97, 0.03
_Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Mix:
    """How samples are chosen and varied; shares in [0, 1]."""

    #: How often a page of that source is taken.
    sources: dict[str, float]
    whole: bool = False
    aimed: float = 0.8
    stretched: float = 0.5
    pasted: float = 0.35
    zoom: float = 0.3
    turned: float = 0.1
    #: The weight of "nothing here" for labels that a page's source does not mark.
    unknown: float = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class TrainingWindow:
    """One input: (size, size, 3) uint8, corners (n, 4) in its pixels, label indices, a weight per label."""

    pixels: Pixels
    corners: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


class Sampler:
    """Draws samples from sheets; the same seed draws the same ones."""

    def __init__(self, sheets: Sequence[Sheet], patches: PatchBook, mix: Mix, *, size: int) -> None:
        self._mix, self._patches, self._size = mix, patches, size
        self._by_source: dict[str, list[Sheet]] = {}
        for sheet in sheets:
            self._by_source.setdefault(sheet.source, []).append(sheet)
        self._sources = [name for name in mix.sources if name in self._by_source] or list(self._by_source)
        shares = np.array([mix.sources.get(name, 1.0) for name in self._sources])
        self._shares = shares / shares.sum()

    def draw(self, rng: _Rng) -> TrainingWindow:
        """The next sample."""
        source = self._sources[int(rng.choice(len(self._sources), p=self._shares))]
        sheets = self._by_source[source]
        sheet = sheets[int(rng.integers(len(sheets)))]
        window = self._page(sheet, rng) if self._mix.whole else self._window(sheet, rng)
        pixels, corners, labels = cut_window(sheet, window, self._size)
        if source not in DRAWN and rng.random() < self._mix.pasted:
            corners, labels = self._paste(pixels, corners, labels, rng)
        if rng.random() < self._mix.turned:
            pixels, corners = quarter_turned(pixels, corners, int(rng.integers(1, 4)))
        weights = np.array([1.0 if label in sheet.known else self._mix.unknown for label in LABELS])
        return TrainingWindow(as_other_device(pixels, rng), corners, labels, weights.astype(np.float32))

    def _page(self, sheet: Sheet, rng: _Rng) -> Box:
        """The whole page, stretched or padded to a square, a little smaller or shifted."""
        height, width = sheet.pixels.shape[:2]
        if rng.random() < self._mix.stretched:
            return Box(0.0, 0.0, float(width), float(height))
        side = float(max(height, width)) * float(rng.uniform(1.0, 1.1))
        return Box((width - side) * rng.uniform(0, 1), (height - side) * rng.uniform(0, 1), side, side)

    def _window(self, sheet: Sheet, rng: _Rng) -> Box:
        """A window that cuts no box if one is found in a few tries, mostly around some mark."""
        tried = []
        for _ in range(10):
            window = self._some_window(sheet, rng)
            cuts = sum(_ABSENT < _share(mark.box, window) < _WHOLE for mark in sheet.marks)
            tried.append((cuts, window))
            if not cuts:
                break
        return min(tried, key=lambda one: one[0])[1]

    def _some_window(self, sheet: Sheet, rng: _Rng) -> Box:
        height, width = sheet.pixels.shape[:2]
        across = down = max(height, width) / PAGE
        if rng.random() < self._mix.stretched:
            across, down = width / PAGE, height / PAGE
        zoom = np.exp(rng.uniform(-self._mix.zoom, self._mix.zoom))
        wide = self._size * across * zoom * np.exp(rng.uniform(-0.1, 0.1))
        tall = self._size * down * zoom
        if sheet.marks and rng.random() < self._mix.aimed:
            box = sheet.marks[int(rng.integers(len(sheet.marks)))].box
            grown = max(1.0, 1.1 * box.width / wide, 1.1 * box.height / tall)
            wide, tall = wide * grown, tall * grown
            left = box.x - rng.uniform(0.03, 0.97) * (wide - box.width)
            top = box.y - rng.uniform(0.03, 0.97) * (tall - box.height)
        else:
            left = rng.uniform(-0.08 * wide, max(width - 0.92 * wide, 1))
            top = rng.uniform(-0.08 * tall, max(height - 0.92 * tall, 1))
        return Box(float(left), float(top), float(wide), float(tall))

    def _paste(
        self,
        pixels: Pixels,
        corners: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64],
        rng: _Rng,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """One or two patches more, none over a mark that is there."""
        for _ in range(int(rng.integers(1, 3))):
            before = pixels.copy()
            scale = float(np.exp(rng.uniform(-self._mix.zoom, self._mix.zoom)))
            added = self._patches.paste(pixels, rng, scale=scale)
            if added is None:
                continue
            label, box = added
            new = np.array([[box.x, box.y, box.x + box.width, box.y + box.height]], np.float32)
            if _touches(new[0], corners):
                pixels[:] = before
            elif label is not None:
                corners, labels = np.concatenate([corners, new]), np.append(labels, LABELS.index(label))
        return corners, labels


def _touches(new: npt.NDArray[np.float32], corners: npt.NDArray[np.float32]) -> bool:
    apart = (corners[:, 0] >= new[2]) | (corners[:, 2] <= new[0]) | (corners[:, 1] >= new[3])
    return bool((~(apart | (corners[:, 3] <= new[1]))).any())


def _share(box: Box, window: Box) -> float:
    """The share of the box that lies in the window."""
    wide = min(box.x + box.width, window.x + window.width) - max(box.x, window.x)
    tall = min(box.y + box.height, window.y + window.height) - max(box.y, window.y)
    return max(wide, 0.0) * max(tall, 0.0) / max(box.width * box.height, 1e-9)


def cut_window(
    sheet: Sheet, window: Box, size: int
) -> tuple[Pixels, npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The window as (size, size, 3), padded where it leaves the page, with the boxes that lie wholly in it.

    What is left of a box that it cuts is covered with paper.
    """
    left, top = round(window.x), round(window.y)
    right, bottom = round(window.x + window.width), round(window.y + window.height)
    page = sheet.pixels
    inner = page[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    edges = (max(-top, 0), max(bottom - page.shape[0], 0), max(-left, 0), max(right - page.shape[1], 0))
    if any(edges):
        framed = cv2.copyMakeBorder(inner, *edges, cv2.BORDER_CONSTANT, value=(_PADDING,) * 3)
        inner = np.asarray(framed, dtype=np.uint8)
    across, down = size / inner.shape[1], size / inner.shape[0]
    method = cv2.INTER_AREA if across <= 1 and down <= 1 else cv2.INTER_LINEAR
    small = cv2.resize(inner, (size, size), interpolation=method)
    pixels = np.array(small if small.ndim == 3 else np.repeat(small[..., None], 3, axis=2), dtype=np.uint8)
    corners, labels = list[tuple[float, ...]](), list[int]()
    for mark in sheet.marks:
        box = mark.box
        x, y = (box.x - left) * across, (box.y - top) * down
        sides = np.clip((x, y, x + box.width * across, y + box.height * down), 0, size)
        share = _share(box, window)
        if share >= _WHOLE:
            corners.append(tuple(sides))
            labels.append(LABELS.index(mark.label))
        elif share > _ABSENT:
            x0, y0, x1, y1 = (int(side) for side in sides.round())
            pixels[y0 : y1 + 1, x0 : x1 + 1] = np.quantile(pixels.reshape(-1, 3)[::97], 0.8, axis=0)
    return pixels, np.array(corners, np.float32).reshape(-1, 4), np.array(labels, np.int64)


def quarter_turned(
    pixels: Pixels, corners: npt.NDArray[np.float32], quarters: int
) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """A square and its boxes turned anticlockwise by so many quarter turns."""
    size = pixels.shape[0]
    for _ in range(quarters):
        x0, y0, x1, y1 = corners.T
        corners = np.stack([y0, size - x1, y1, size - x0], axis=1)
    return np.ascontiguousarray(np.rot90(pixels, quarters)), corners


def as_other_device(pixels: Pixels, rng: _Rng) -> Pixels:
    """Another device: tone, tint, blur, one bit, salt and pepper, compression, each on a share."""
    chances, seen = rng.random(7), np.array(pixels)
    if chances[0] < 0.15:
        seen = in_grey(seen)
    if chances[1] < 0.3:
        seen = blurred(seen, float(rng.uniform(0.3, 1.0)))
    if chances[2] < 0.12:
        middle, gain = rng.uniform(150, 220), rng.uniform(1.5, 5)
        seen = _relit(seen, (np.arange(256) - middle) * gain + 128)
    if chances[3] < 0.5:
        light = (np.arange(256) / 255) ** rng.uniform(0.7, 1.4)
        seen = _relit(seen, light * 255 * rng.uniform(0.85, 1.1))
    if chances[4] < 0.15:
        seen = (seen * np.array(rng.uniform(0.82, 1.0, 3), np.float32)).astype(np.uint8)
    if chances[5] < 0.2:
        seen = salt_and_pepper(seen, rng.random(seen.shape[:2]) < rng.uniform(0.0, 0.0097), rng)
    if chances[6] < 0.25:
        # Red and blue stand swapped, as they did when the shipped weights were trained.
        seen = compressed(seen[..., ::-1], int(rng.integers(35, 90)))[..., ::-1]
    return np.ascontiguousarray(seen, dtype=np.uint8)


def _relit(pixels: Pixels, levels: npt.NDArray[np.floating[Any]]) -> Pixels:
    """Every level replaced by the one that stands at its place among 256."""
    return np.asarray(cv2.LUT(pixels, to_pixels(levels)), np.uint8)
