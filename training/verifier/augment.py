"""What a pen, a hand and a scanner change about a signature without changing whose it is."""

from __future__ import annotations

import cv2
import numpy as np

from training.verifier.readers import CANVAS, Drawn, Specimen
from worker.vision.crops import fit
from worker.vision.values import Grey, Normal

ROTATION_DEGREES = 7.0
SHEAR = 0.12
STRETCH = 0.12
SHIFT_PIXELS = 3
#: Kernel sizes of erosion (negative) and dilation, and how often each is used.
PENS = (-3, 0, 3, 5)
PEN_SHARES = (0.2, 0.35, 0.3, 0.15)


def augmented(specimen: Specimen, rng: np.random.Generator) -> Normal:
    """The specimen in the encoder's form, slightly turned, sheared, stretched, moved, with another pen."""
    ink = specimen.mask(rng)
    if not isinstance(specimen, Drawn):
        ink = _another_pen(ink, rng)
    return _moved(fit(_warped(ink, rng)), rng)


def _another_pen(ink: Grey, rng: np.random.Generator) -> Grey:
    size = int(rng.choice(PENS, p=PEN_SHARES))
    if size == 0:
        return ink
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(size), abs(size)))
    changed = cv2.dilate(ink, kernel) if size > 0 else cv2.erode(ink, kernel)
    # A hairline that erosion would break stays as it is.
    return ink if cv2.countNonZero(changed) < 0.45 * cv2.countNonZero(ink) else np.asarray(changed, np.uint8)


def _warped(ink: Grey, rng: np.random.Generator) -> Grey:
    """Rotate, shear and stretch about the centre, on a canvas that holds all of it."""
    angle = np.deg2rad(rng.uniform(-ROTATION_DEGREES, ROTATION_DEGREES))
    cos, sin = np.cos(angle), np.sin(angle)
    shear = np.array([[1.0, rng.uniform(-SHEAR, SHEAR)], [0.0, 1.0]])
    stretch = np.diag([1.0, np.exp(rng.uniform(-STRETCH, STRETCH))])
    linear = 0.95 * np.array([[cos, -sin], [sin, cos]]) @ shear @ stretch
    height, width = ink.shape
    size = np.array([CANVAS[0] + 60, CANVAS[1] + 80])
    offset = size / 2 - linear @ np.array([width / 2, height / 2])
    matrix = np.hstack([linear, offset[:, None]])
    return np.asarray(cv2.warpAffine(ink, matrix, (int(size[0]), int(size[1]))), np.uint8)


def _moved(normal: Normal, rng: np.random.Generator) -> Normal:
    """Shift by a few pixels; the padding of `fit` takes most of it."""
    dy, dx = rng.integers(-SHIFT_PIXELS, SHIFT_PIXELS + 1, size=2)
    return np.roll(normal, (int(dy), int(dx)), axis=(0, 1))
