"""A second, cleaner image beside the raw crop: white paper, without ruled lines, print and stamps.

Ink is only ever taken away, never drawn: a stroke that a line crossed keeps the pixels it had.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from worker.vision import weights
from worker.vision.choices import Cleaning
from worker.vision.cleaning import classical
from worker.vision.cleaning.learned import StrokeNetwork, load_network
from worker.vision.crops import assess, dark_pixels, grey, ink_box
from worker.vision.values import Grey, Pixels

#: Probability from which dark ink is a stroke.
MIN_STROKE = 0.5
#: Tells strokes from other ink: (crop, whitened crop, its dark pixels) to those that are strokes.
Finder = Callable[[Pixels | Grey, Grey, Grey], Grey]


@dataclass(frozen=True, slots=True, eq=False)
class Cleaner:
    """Takes from a crop what is not a stroke; pure, so any number of threads may share it."""

    method: Cleaning
    #: Names all that decides what is taken; embeddings of differently cleaned crops must not be compared.
    version: str
    find: Finder
    #: `auto` leaves a crop alone where less than this share of its ink would go.
    min_removed: float = 0.0

    def clean(self, crop: Pixels | Grey) -> Grey:
        """The crop in grey on white paper, without the ink that is no stroke; `off` gives it in grey alone.

        `auto` leaves the ink alone where little of it would go, and where nothing usable would be left.
        """
        if self.method is Cleaning.OFF:
            return grey(crop)
        whitened = whiten(grey(crop))
        mask = dark_pixels(whitened)
        kept = self.find(crop, whitened, mask)
        if self.method is Cleaning.AUTO and removed_share(mask, kept) < self.min_removed:
            return whitened
        cleaned = without_ink(whitened, mask, kept)
        if self.method is Cleaning.AUTO and not assess(cleaned).usable and assess(whitened).usable:
            return whitened
        return cleaned


def load_cleaner(method: Cleaning = Cleaning.AUTO, *, folder: Path = weights.WEIGHTS_DIR) -> Cleaner:
    """The cleaner of that method; raises WeightsError when the network's file is not the catalogue's."""
    version = cleaner_version(method, folder=folder)
    if method in (Cleaning.OFF, Cleaning.CLASSICAL):
        return Cleaner(method, version, by_rules)
    least = _min_removed(folder) if method is Cleaning.AUTO else 0.0
    return Cleaner(method, version, by_network(load_network(folder)), least)


def cleaner_version(method: Cleaning, *, folder: Path = weights.WEIGHTS_DIR) -> str:
    """What names the cleaner of that method, from the catalogue alone: nothing is loaded for it."""
    if method is Cleaning.OFF:
        return method.value
    if method is Cleaning.CLASSICAL:
        return f"{method.value}-{classical.VERSION}"
    digest = weights.entry("cleaner", folder).sha256
    if method is Cleaning.LEARNED:
        return f"{method.value}-{digest}"
    return f"{method.value}-{_min_removed(folder):g}-{digest}"


def _min_removed(folder: Path) -> float:
    return float(weights.entry("cleaner", folder).parameters["min_removed"])


def by_rules(crop: Pixels | Grey, whitened: Grey, mask: Grey) -> Grey:
    """The strokes that the classical rules find."""
    return classical.strokes(crop, mask)


def by_network(network: StrokeNetwork) -> Finder:
    """The strokes that the network finds."""

    def find(crop: Pixels | Grey, whitened: Grey, mask: Grey) -> Grey:
        left, top, width, height = ink_box(mask)
        kept = np.zeros_like(mask)
        if width and height:
            # Paper around the ink would make the strokes smaller than any that the network has seen.
            rows, columns = slice(top, top + height), slice(left, left + width)
            strokes = network.strokes(whitened[rows, columns]) >= MIN_STROKE
            kept[rows, columns] = np.where(strokes, mask[rows, columns], np.uint8(0))
        return kept

    return find


def removed_share(mask: Grey, kept: Grey) -> float:
    """How much of a mask is not kept, in [0, 1]; 0 for a mask without ink."""
    ink = cv2.countNonZero(mask)
    return 1 - cv2.countNonZero(kept) / ink if ink else 0.0


def without_ink(whitened: Grey, mask: Grey, kept: Grey) -> Grey:
    """The whitened crop with white where dark pixels of `mask` are not `kept`."""
    removed = cv2.bitwise_and(mask, cv2.bitwise_not(kept))
    # The soft rim of removed ink goes with it, but not where a kept stroke is beside it.
    rim = cv2.dilate(removed, np.ones((5, 5), np.uint8))
    near_kept = cv2.dilate(kept, np.ones((3, 3), np.uint8))
    gone = (removed > 0) | ((rim > 0) & (near_kept == 0))
    return np.where(gone, np.uint8(255), whitened)


def whiten(image: Grey) -> Grey:
    """Divide by the paper's own brightness, so that shadows, tints and folds become white."""
    size = max(15, (min(image.shape) // 4) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    padded = cv2.copyMakeBorder(image, size, size, size, size, cv2.BORDER_REFLECT_101)
    paper = cv2.blur(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel), (size, size))
    paper = np.maximum(paper[size:-size, size:-size], 1)
    return np.asarray(cv2.divide(image, paper, scale=255), np.uint8)
