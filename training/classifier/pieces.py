"""What the crop classifier learns from: crops with their surroundings, so that boxes can be moved about."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.common.pixels import scaled
from worker.vision.crops import grey
from worker.vision.detection.classifier import Kind
from worker.vision.values import Box, Grey, Pixels

#: Share of a box that is kept on every side, and the most pixels that a kept box is wide or high.
AROUND, LARGEST = 0.4, 320


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Something on paper: `box` is what a perfect detector would find, in pixels of `pixels`.

    `source` says where it comes from, `group` which document, writer or drawing it belongs to. `ink` says
    that `pixels` is dark ink on pure white, which may be laid on other paper.
    """

    kind: Kind
    source: str
    group: str
    pixels: Grey
    box: Box
    ink: bool = False


def cut_piece(page: Pixels | Grey, box: Box, kind: Kind, *, source: str, group: str) -> Piece:
    """The box and its surroundings out of a page, reduced where it is large."""
    height, width = page.shape[:2]
    left, top = max(0, int(box.x - AROUND * box.width)), max(0, int(box.y - AROUND * box.height))
    right = min(width, int(box.x + (1 + AROUND) * box.width) + 1)
    bottom = min(height, int(box.y + (1 + AROUND) * box.height) + 1)
    pixels = grey(page[top:bottom, left:right])
    scale = min(1.0, LARGEST / max(box.width, box.height))
    if scale < 1:
        pixels = scaled(pixels, scale)
    inner = Box((box.x - left) * scale, (box.y - top) * scale, box.width * scale, box.height * scale)
    return Piece(kind, source, group, np.ascontiguousarray(pixels, np.uint8), inner)


def whole(ink: Grey, kind: Kind, *, source: str, group: str) -> Piece | None:
    """A piece that is nothing but ink (255 is full, 0 none), on white with room around; None without ink."""
    x, y, width, height = cv2.boundingRect(ink)
    if width < 4 or height < 4:
        return None
    tight = 255 - ink[y : y + height, x : x + width]
    scale = min(1.0, LARGEST / max(width, height))
    if scale < 1:
        tight = scaled(tight, scale)
    down, across = (round(AROUND * side) for side in tight.shape)
    pixels = cv2.copyMakeBorder(tight, down, down, across, across, cv2.BORDER_CONSTANT, value=(255,))
    box = Box(across, down, tight.shape[1], tight.shape[0])
    return Piece(kind, source, group, np.asarray(pixels, np.uint8), box, ink=True)
