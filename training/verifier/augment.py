"""What a pen, a hand and a scanner change about a signature without changing whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.common.degradations import one_bit, with_line, with_pen
from training.common.pixels import scaled
from training.verifier.readers import CANVAS, Drawn, Specimen
from worker.vision.crops import HEIGHT, WIDTH, fit
from worker.vision.values import Grey, Normal

#: What all specimens of a writer share, so that every draw is another writer: a mirror, slant, proportions.
MIRROR_ACROSS, MIRROR_DOWN = 0.25, 0.12
SHARED_DEGREES, SHARED_SHEAR, SHARED_STRETCH, SHARED_BEND = 6.0, 0.25, 0.2, 6.0
#: What differs from act to act and from scan to scan.
DEGREES, SHEAR, STRETCH = 3.0, 0.05, 0.06
SHIFT_PIXELS = 3
#: Kernel sizes of erosion (negative) and dilation, and how often each is used.
PENS = (-3, 0, 3, 5)
PEN_SHARES = (0.2, 0.35, 0.3, 0.15)
#: Shares of specimens that were scanned coarsely, and that a stray rule crosses.
COARSE, CROSSED = 0.15, 0.05


@dataclass(frozen=True)
class Hand:
    """A made-up change of a writer's hand: (2, 2) linear map, and a field that bends the fitted form."""

    linear: npt.NDArray[np.float64]
    bend: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None


def another_hand(rng: np.random.Generator) -> Hand:
    """Draw what all specimens of a writer, genuine and forged, will share.

    Whoever forges a slanted hand slants: a change that all share makes another writer, where one that
    each has for itself would say that slant and proportion mean nothing.
    """
    mirror = np.diag(np.where(rng.random(2) < (MIRROR_ACROSS, MIRROR_DOWN), -1.0, 1.0))
    linear = _linear(rng, SHARED_DEGREES, SHARED_SHEAR, SHARED_STRETCH) @ mirror
    return Hand(linear, _bend(rng) if rng.random() < 0.5 else None)


def augmented(specimen: Specimen, hand: Hand, rng: np.random.Generator) -> Normal:
    """The specimen in the encoder's form as `hand` wrote it, with another pen, turn, position and scan."""
    ink = specimen.mask(rng)
    if not isinstance(specimen, Drawn):
        ink = _another_pen(ink, rng)
    ink = _warped(ink, _linear(rng, DEGREES, SHEAR, STRETCH) @ hand.linear)
    if rng.random() < COARSE:
        ink = _coarse(ink, rng)
    if rng.random() < CROSSED:
        ink = _crossed(ink, rng)
    normal = fit(ink)
    if hand.bend is not None:
        normal = np.asarray(cv2.remap(normal, *hand.bend, cv2.INTER_LINEAR), np.float32)
    return _moved(normal, rng)


def _linear(
    rng: np.random.Generator, degrees: float, shear: float, stretch: float
) -> npt.NDArray[np.float64]:
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    cos, sin = np.cos(angle), np.sin(angle)
    slanted = np.array([[1.0, rng.uniform(-shear, shear)], [0.0, 1.0]])
    stretched = np.diag([1.0, np.exp(rng.uniform(-stretch, stretch))])
    turned: npt.NDArray[np.float64] = np.array([[cos, -sin], [sin, cos]]) @ slanted @ stretched
    return turned


def _bend(rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where every pixel of the bent form comes from: a smooth field of a few pixels."""
    coarse = rng.uniform(-SHARED_BEND, SHARED_BEND, (2, 3, 6)).astype(np.float32)
    across, down = (cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for part in coarse)
    ys, xs = np.indices((HEIGHT, WIDTH), dtype=np.float32)
    return xs + np.asarray(across, np.float32), ys + np.asarray(down, np.float32)


def _another_pen(ink: Grey, rng: np.random.Generator) -> Grey:
    size = int(rng.choice(PENS, p=PEN_SHARES))
    changed = with_pen(ink, size)
    # A hairline that erosion would break stays as it is.
    return ink if cv2.countNonZero(changed) < 0.45 * cv2.countNonZero(ink) else changed


def _warped(ink: Grey, linear: npt.NDArray[np.float64]) -> Grey:
    """Map about the centre, scaled to a canvas that holds all of it."""
    height, width = ink.shape
    size = np.array([CANVAS[0] + 60, CANVAS[1] + 80])
    extent = np.abs(linear) @ np.array([width, height])
    linear = linear * min(1.0, *(size / np.maximum(extent, 1.0)))
    offset = size / 2 - linear @ np.array([width / 2, height / 2])
    matrix = np.hstack([linear, offset[:, None]])
    return np.asarray(
        cv2.warpAffine(ink, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_AREA), np.uint8
    )


def _coarse(ink: Grey, rng: np.random.Generator) -> Grey:
    """As a scan at a third to two thirds of the resolution, then black and white, shows it."""
    share = rng.uniform(0.35, 0.7)
    return one_bit(scaled(ink, share), 61)


def _crossed(ink: Grey, rng: np.random.Generator) -> Grey:
    """With what a cleaner leaves of a ruled line."""
    x, y, width, height = cv2.boundingRect(ink)
    level = int(y + rng.uniform(0.5, 1.0) * height)
    start = int(x + rng.uniform(0, 0.6) * width)
    end = int(start + rng.uniform(0.2, 0.6) * width)
    return with_line(ink, (start, level), (end, level), level=255, width=int(rng.integers(2, 5)))


def _moved(normal: Normal, rng: np.random.Generator) -> Normal:
    """Shift by a few pixels; the padding of `fit` takes most of it."""
    dy, dx = rng.integers(-SHIFT_PIXELS, SHIFT_PIXELS + 1, size=2)
    return np.roll(normal, (int(dy), int(dx)), axis=(0, 1))
