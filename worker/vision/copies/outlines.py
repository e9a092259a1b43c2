"""Rough shapes of signatures, by which copies are sought among many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.copies.skeleton import VARIANTS, Skeleton

#: An outline has a third of the ring's rows and columns.
_OUTLINE = (16, 32)
#: The turns and scales that outlines are sought in, and shifts by so many of their cells.
_SOUGHT = tuple(i for i, (turn, scale) in enumerate(VARIANTS) if 0.75 < scale < 1.3)
_SHIFTS = tuple(product((-1, 0, 1), repeat=2))


def outline(strokes: Skeleton) -> bytes:
    """The rough shape, by which copies are sought among many: 512 bytes; none where there are no strokes."""
    if not strokes.enough:
        return b""
    rough = _reduced(np.fft.ifftshift(strokes.field(0.0, 1.0)))
    return bytes(np.round(255 * rough / rough.max()).astype(np.uint8).tobytes())


def nearest(strokes: Skeleton, outlines: Sequence[bytes], *, top: int) -> list[int]:
    """Positions of the `top` outlines most like the strokes in some turn, scale and shift, best first."""
    known = [i for i, stored in enumerate(outlines) if stored]
    if not (known and strokes.enough):
        return []
    stored = np.stack([np.frombuffer(outlines[i], np.uint8) for i in known]).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    rough = [_reduced(np.fft.ifftshift(strokes.fields[i])) for i in _SOUGHT]
    asked = np.stack([np.roll(field, shift, axis=(0, 1)).ravel() for field in rough for shift in _SHIFTS])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    order = np.argsort(-(stored @ asked.T).max(axis=1), kind="stable")
    return [known[i] for i in order[:top]]


def _reduced(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(field, _OUTLINE[::-1], interpolation=cv2.INTER_AREA), np.float32)
