"""How a piece comes before the network: boxed as detectors do it, on other paper, through other scanners."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.classifier.pieces import Piece
from training.common.degradations import (
    blurred,
    noisy,
    one_bit,
    salt_and_pepper,
    skewed,
    with_line,
    with_pen,
)
from worker.vision.crops import crop
from worker.vision.detection.classifier import MARGIN, Kind, Look, as_look
from worker.vision.values import Box, Grey

_Rng = np.random.Generator
#: How much of the print is seen lying on a side or upside down: tables often do on pages that stand.
_SIDEWAYS = 0.08


def varied_look(piece: Piece, papers: Sequence[Piece], rng: _Rng) -> Look:
    """The piece moved, laid on another paper where it is bare ink, stretched, turned and worn."""
    pixels = piece.pixels
    if piece.ink:
        pixels = _inked(pixels, rng)
        if papers and rng.random() < 0.6:
            pixels = _laid(pixels, papers[int(rng.integers(len(papers)))], rng)
    if rng.random() < 0.5:
        pixels = skewed(pixels, float(rng.normal(0, 3.5)), paper=None)
    image = crop(pixels, moved(piece.box, rng), margin=MARGIN)
    if piece.kind is Kind.PRINTED_TEXT and rng.random() < _SIDEWAYS:
        image = np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4))))
    return as_look(worn(image, rng))


def moved(box: Box, rng: _Rng) -> Box:
    """The box with every side moved by a few per cent; one in eight loses up to a third on one side."""
    left, top, right, bottom = rng.normal(0.02, 0.07, 4).clip(-0.12, 0.25)
    if rng.random() < 0.125:
        lost = -float(rng.uniform(0.1, 0.35))
        side = int(rng.integers(4))
        left, top, right, bottom = (
            lost if i == side else x for i, x in enumerate((left, top, right, bottom))
        )
    x, y = max(0.0, box.x - left * box.width), max(0.0, box.y - top * box.height)
    return Box(
        x, y, max(4.0, box.x + box.width * (1 + right) - x), max(4.0, box.y + box.height * (1 + bottom) - y)
    )


def worn(image: Grey, rng: _Rng) -> Grey:
    """Stretched pages, coarse scans, thick and thin pens, blur, faxes, noise, specks, ruled lines."""
    height, width = image.shape
    # hlx8j stretches letters to a square; tall and wide crops come of that.
    stretch = float(np.exp(rng.normal(0, 0.16)))
    coarse = float(rng.uniform(0.35, 1.0)) * min(1.0, 260 / max(height, width))
    size = max(12, round(width * stretch * coarse)), max(8, round(height * coarse))
    image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.12:
        image = 255 - with_pen(255 - image, 2 if rng.random() < 0.6 else -2, shape=cv2.MORPH_RECT)
    if rng.random() < 0.15:
        image = _rule(image, rng)
    if rng.random() < 0.4:
        image = blurred(image, float(rng.uniform(0.3, 1.1)))
    if rng.random() < 0.25:
        image = one_bit(image, rng.uniform(110, 200))
    if rng.random() < 0.4:
        image = noisy(image, rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(2, 14)))
    if rng.random() < 0.2:
        image = salt_and_pepper(image, rng.random(image.shape, np.float32) < rng.uniform(0.001, 0.012), rng)
    return image


def _inked(pixels: Grey, rng: _Rng) -> Grey:
    """Bare ink of another strength, from pencil to marker."""
    strength = rng.uniform(0.45, 1.0)
    return np.asarray(255 - (255 - pixels) * strength, np.uint8)


def _laid(ink: Grey, paper: Piece, rng: _Rng) -> Grey:
    """Ink on a paper that has print of its own, mostly pushed to the edge and at times right below."""
    height, width = ink.shape
    under = np.asarray(cv2.resize(paper.pixels, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    down = int(height * rng.choice([-1, 1]) * rng.uniform(0.3, 0.8))
    across = int(width * rng.uniform(-0.6, 0.6))
    shift = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved_paper = cv2.warpAffine(under, shift, (width, height), borderValue=(255,))
    return np.asarray(np.minimum(ink, moved_paper), np.uint8)


def _rule(image: Grey, rng: _Rng) -> Grey:
    height, width = image.shape
    y = int(rng.uniform(0.5, 0.98) * height)
    left = int(rng.uniform(0, 0.2) * width)
    return with_line(image, (left, y), (width, y), level=int(rng.integers(0, 120)), width=1)
