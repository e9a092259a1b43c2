"""Paper that fills its picture badly: small in the dark frame of a film, or with a corner folded over."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from training.synthesis.ink import Pixels
from training.synthesis.pages import DrawnPage

_Rng = np.random.Generator
#: How dark the frame of a film is, the lid behind a folded corner, and the back of the paper.
_FILM, _LID, _BACK = 14, 40, 236


def framed(page: DrawnPage, rng: _Rng, *, share: float = 0.72) -> DrawnPage:
    """The page as microfilm shows it: reduced to that share of the picture's sides, the rest nearly black.

    The picture keeps its size; the marks move with the paper, which lies a little off the middle.
    """
    height, width = page.pixels.shape[:2]
    inner = (round(width * share), round(height * share))
    left, top = ((width - inner[0]) // 2, (height - inner[1]) // 2)
    left, top = (round(edge * rng.uniform(0.6, 1.4)) for edge in (left, top))
    pixels = np.full_like(page.pixels, _FILM)
    small = cv2.resize(page.pixels, inner, interpolation=cv2.INTER_AREA)
    pixels[top : top + inner[1], left : left + inner[0]] = small
    matrix = np.array([[share, 0, left], [0, share, top]], np.float64)
    return DrawnPage(pixels, page.dpi, tuple(mark.moved(matrix) for mark in page.marks))


def folded(page: DrawnPage, rng: _Rng, *, share: float = 0.14) -> DrawnPage:
    """The page with its upper right corner folded over, about that share of its width; marks stay.

    The lid of the scanner shows where the corner was, and the fold throws a shadow.
    """
    pixels, width = page.pixels.copy(), page.pixels.shape[1]
    wide, tall = (round(width * share * rng.uniform(0.8, 1.2)) for _ in range(2))
    corner, across, down = (width, 0), (width - wide, 0), (width, tall)
    # The corner comes to lie where the fold mirrors it.
    reach = 2 * wide * tall / (wide**2 + tall**2)
    tip = (round(width - reach * tall), round(reach * wide))
    _filled(pixels, (across, corner, down), _LID)
    shadow = round(0.02 * width)
    _shaded(pixels, (across, (tip[0] - shadow, tip[1] + shadow), down))
    _filled(pixels, (across, tip, down), _BACK)
    cv2.polylines(pixels, [np.array((across, tip, down), np.int32)], False, (110,) * 3, 2, cv2.LINE_AA)
    return replace(page, pixels=pixels)


def _filled(pixels: Pixels, corners: tuple[tuple[int, int], ...], tone: int) -> None:
    cv2.fillPoly(pixels, [np.array(corners, np.int32)], (tone,) * 3, cv2.LINE_AA)


def _shaded(pixels: Pixels, corners: tuple[tuple[int, int], ...]) -> None:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 255)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.006 * pixels.shape[1])
    np.multiply(pixels, (1 - soft[..., None] / 255 * 0.35), out=pixels, casting="unsafe")
