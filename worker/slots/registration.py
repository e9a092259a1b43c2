"""Lays a scanned page onto the blank form that it was printed from, by points of their print that look alike.

Points are found and described by ORB (Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV
2011); turn, scale and shift are those on which most pairs agree (RANSAC).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.slots.template_files import PRINT_DPI
from worker.vision.values import Grey

#: Points of a page at most.
_POINTS = 2000
#: A pair counts where the second best is so much worse; pairs agree within so many pixels.
_RATIO, _AGREE = 0.85, 4.0
#: Pairs that must agree: so many, and this share of those that were made.
_LEAST_PAIRS, _LEAST_SHARE = 40, 0.15
#: A copy is so many times larger or smaller at most.
_LARGER = 1.25

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Points of a page's print: where they are, (n, 2) in inches, and how they look, (n, 32) uint8."""

    points: npt.NDArray[np.float32]
    looks: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """How a page lies to a form: (2, 3), from its inches to the form's, and how many pairs agree."""

    matrix: Matrix
    agreeing: int


def scaled_size(page: Grey, scale: float) -> tuple[int, int]:
    """Width and height of a page at that scale: a pixel at least, however narrow it is."""
    height, width = page.shape
    return max(1, round(width * scale)), max(1, round(height * scale))


def find_landmarks(page: Grey, *, dpi: float) -> Landmarks:
    """The strongest points of a page's print."""
    scale = PRINT_DPI / dpi
    small = cv2.resize(page, scaled_size(page, scale), interpolation=cv2.INTER_AREA)
    points, looks = cv2.ORB.create(_POINTS, fastThreshold=10).detectAndCompute(small, None)
    if looks is None:
        return Landmarks(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
    places = np.array([point.pt for point in points], np.float32) / np.float32(PRINT_DPI)
    return Landmarks(places, np.asarray(looks, np.uint8))


def register_page(page: Landmarks, form: Landmarks) -> Registration | None:
    """How the page lies to the form; None where it is no copy of it."""
    if min(len(page.looks), len(form.looks)) < _LEAST_PAIRS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(page.looks, form.looks, k=2)
    chosen = [best for best, second in pairs if best.distance < _RATIO * second.distance]
    if len(chosen) < _LEAST_PAIRS:
        return None
    here = page.points[[pair.queryIdx for pair in chosen]]
    there = form.points[[pair.trainIdx for pair in chosen]]
    within = _AGREE / PRINT_DPI
    matrix, agree = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=within)
    if matrix is None:
        return None
    agreeing, scale = int(agree.sum()), float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if agreeing < max(_LEAST_PAIRS, _LEAST_SHARE * len(chosen)) or not 1 / _LARGER < scale < _LARGER:
        return None
    return Registration(np.asarray(matrix, np.float64), agreeing)
