"""Two signatures laid over each other, and the parts of the questioned one that agree."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from worker.rendering.encoding import encode
from worker.report.drawing import Colour
from worker.vision.crops import HEIGHT, WIDTH, normalise
from worker.vision.images import decode_as_stored
from worker.vision.values import Normal, Pixels
from worker.vision.verification.correspondence import Correspondence, Likeness

#: The questioned ink and what differs; the reference's ink and what agrees. Readers who see no red or green
#: can tell them, and where both inks lie the picture is dark.
QUESTIONED: Colour = (214, 96, 0)
REFERENCE: Colour = (0, 98, 178)
#: Pixels of the picture for one of the field.
_SCALE = 2
#: Likeness of a cell that counts as different and as agreeing: between them lie most cells of genuine pairs
#: and of skilled forgeries.
_DIFFERS, _AGREES = 0.45, 0.9
#: How strong a cell's tint is.
_TINT = 0.55


def ink_picture(data: bytes) -> bytes:
    """The ink of a picture as it is compared: cut out, in one size, dark on white; a PNG file."""
    normal = normalise(decode_as_stored(data))
    ink = (255 * (1 - np.asarray(normal, np.float32))).round().astype(np.uint8)
    size = (WIDTH * _SCALE, HEIGHT * _SCALE)
    large = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return encode(large, lossy=False).data


def overlay(questioned: Normal, reference: Normal, matched: Correspondence) -> Pixels:
    """Above, both inks; below, the questioned one on cells from "differs" to "agrees": (512, 576, 3)."""
    placed = cv2.warpAffine(reference, matched.placed, (WIDTH, HEIGHT))
    together = _inked(_inked(_paper(), questioned, QUESTIONED), placed, REFERENCE)
    tinted = _inked(_tinted(matched.questioned), questioned, (25, 25, 25))
    return np.vstack([together, tinted]).round().astype(np.uint8)


def _paper() -> npt.NDArray[np.float64]:
    return np.full((HEIGHT * _SCALE, WIDTH * _SCALE, 3), 255.0)


def _inked(paper: npt.NDArray[np.float64], ink: npt.ArrayLike, colour: Colour) -> npt.NDArray[np.float64]:
    """Paper with ink on it, as print on print: what lies twice is darker."""
    large = cv2.resize(
        np.asarray(ink, np.float32), None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_LINEAR
    )
    return paper * (1 - large[..., None] * (1 - np.asarray(colour) / 255))


def _tinted(likeness: Likeness) -> npt.NDArray[np.float64]:
    """Paper whose inked cells are tinted from one colour over white to the other."""
    inked = ~np.isnan(likeness)
    agrees = np.clip((np.nan_to_num(likeness) - _DIFFERS) / (_AGREES - _DIFFERS), 0.0, 1.0)[..., None]
    towards = np.where(agrees > 0.5, np.asarray(REFERENCE), np.asarray(QUESTIONED))
    strength = _TINT * np.abs(2 * agrees - 1) * inked[..., None]
    cells = 255 * (1 - strength) + towards * strength
    return np.asarray(cv2.resize(cells, (WIDTH * _SCALE, HEIGHT * _SCALE), interpolation=cv2.INTER_NEAREST))
