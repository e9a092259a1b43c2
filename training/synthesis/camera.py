"""What a phone does to a page: perspective, a dark desk around it, uneven light, blur, noise and JPEG."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from training.common.degradations import blurred, compressed, noisy
from training.synthesis.ink import Pixels
from training.synthesis.pages import DrawnMark, DrawnPage

_Rng = np.random.Generator
#: How far a corner of the page may lie off the upright rectangle, as a share of the page.
_TILT = 0.05
#: Desk left around the page, as a share of it.
_DESK = 0.06


def photograph(page: DrawnPage, rng: _Rng) -> DrawnPage:
    """The page as photographed on a desk with a phone in the hand; marks are moved with it."""
    height, width = page.pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    aims = corners * (1 - 2 * _DESK) + np.array([width, height], np.float32) * _DESK
    aims += rng.uniform(-_TILT, _TILT, (4, 2)).astype(np.float32) * np.array([width, height], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, aims.astype(np.float32))
    desk = tuple(int(tone) for tone in rng.integers(30, 110, 3))
    seen = cv2.warpPerspective(
        page.pixels, matrix, (width, height), flags=cv2.INTER_AREA, borderValue=desk
    ).astype(np.uint8)
    pixels = compressed(_lit(seen, rng), int(rng.integers(45, 80)))
    return DrawnPage(
        pixels, page.dpi, tuple(_moved(mark, np.asarray(matrix, np.float64)) for mark in page.marks)
    )


def _moved(mark: DrawnMark, matrix: npt.NDArray[np.float64]) -> DrawnMark:
    hull = np.array(mark.hull, np.float64).reshape(-1, 1, 2)
    moved = cv2.perspectiveTransform(hull, matrix).reshape(-1, 2)
    return replace(mark, hull=tuple((float(x), float(y)) for x, y in moved))


def _lit(pixels: Pixels, rng: _Rng) -> Pixels:
    """Light that falls off to one side, the soft shadow of a hand, warm colour, blur and noise."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    across = np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)
    light = 0.85 + rng.uniform(0.1, 0.35) * across
    light *= 1 - rng.uniform(0.1, 0.4) / (1 + np.exp(-(across + 0.5 - edge) * 25))
    warm = np.array([1.0, rng.uniform(0.93, 1.0), rng.uniform(0.82, 0.97)], np.float32)
    seen = blurred(pixels, rng.uniform(0.6, 1.4)).astype(np.float32)
    seen *= light[..., None] * warm
    return noisy(seen, rng.standard_normal((height, width, 1), np.float32) * rng.uniform(2, 6))
