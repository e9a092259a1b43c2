"""What scanners, forms and detectors do to a signature: pure functions from a clean crop to a worse one."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from training.common import degradations
from training.common.pixels import cut_to_ink, resampled, scaled
from worker.vision.crops import ink_mask
from worker.vision.values import Grey

_Rng = np.random.Generator
#: From a crop (grey, dark ink on light paper) to what arrives instead.
Degrade = Callable[[Grey, _Rng], Grey]

#: A signature of about five centimetres at 200 dpi.
WIDTH = 400
PAPER, INK = 238.0, 60.0
_WORDS = ("Signature of the applicant", "Name in block letters", "the undersigned agrees", "Place and date")


def as_scanned(image: Grey, rng: _Rng) -> Grey:
    """The specimen as a 200 dpi scan shows it: soft edges, grey ink, tinted paper, noise, little margin."""
    inner = cut_to_ink(ink_mask(image))
    ink = resampled(inner, (WIDTH, max(8, round(inner.shape[0] * WIDTH / inner.shape[1]))))
    share = degradations.blurred(np.pad(ink, 16), 0.7).astype(np.float32) / 255
    return _noisy(PAPER - share * (PAPER - INK), rng)


def _loose(crop: Grey, rng: _Rng) -> Grey:
    """Half the signature's size of paper on every side."""
    height, width = crop.shape
    wide = cv2.copyMakeBorder(
        crop, height // 2, height // 2, width // 2, width // 2, cv2.BORDER_CONSTANT, value=PAPER
    )
    return _noisy(wide.astype(np.float32), rng, amount=1.0)


def _tight(crop: Grey, rng: _Rng) -> Grey:
    """Cut at the outermost ink."""
    x, y, width, height = cv2.boundingRect(ink_mask(crop))
    return crop[y : y + height, x : x + width].copy()


def _clipped(crop: Grey, rng: _Rng) -> Grey:
    """A tenth of the ink's width cut off at one end, and a tenth of its height at the bottom or the top."""
    inner = _tight(crop, rng)
    height, width = inner.shape
    left, top = (int(rng.random() < 0.5) for _ in range(2))
    across, down = round(0.1 * width), round(0.1 * height)
    return inner[down * top : height - down * (1 - top), across * left : width - across * (1 - left)].copy()


def _low_resolution(crop: Grey, rng: _Rng) -> Grey:
    """A 75 dpi scan."""
    return scaled(crop, 0.375)


def _one_bit(crop: Grey, rng: _Rng) -> Grey:
    """Black and white at 200 dpi, with a threshold that is often wrong, as fax machines do."""
    return degradations.one_bit(crop, rng.uniform(110, 200))


def _blurred(crop: Grey, rng: _Rng) -> Grey:
    """Out of focus."""
    return degradations.blurred(crop, 2.0)


def _compressed(crop: Grey, rng: _Rng) -> Grey:
    """JPEG at quality 15."""
    return degradations.compressed(crop, 15)


def _ruled(crop: Grey, rng: _Rng) -> Grey:
    """The line to sign on, through the lower half of the ink."""
    height, width = crop.shape
    level = round(height * rng.uniform(0.5, 0.8))
    return degradations.with_line(
        crop, (0, level), (width, level + int(rng.integers(-3, 4))), level=70, width=2
    )


def _printed(crop: Grey, rng: _Rng) -> Grey:
    """A row of print through the ink and another beneath it."""
    height, width = crop.shape
    lined = np.vstack([crop, _noisy(np.full((30, width), PAPER, np.float32), rng)])
    for level in (round(height * rng.uniform(0.4, 0.7)), height + 22):
        words = str(rng.choice(_WORDS))
        cv2.putText(
            lined, words, (int(rng.integers(0, 60)), level), cv2.FONT_HERSHEY_DUPLEX, 0.6, 50, 1, cv2.LINE_AA
        )
    return lined


def _all_at_once(crop: Grey, rng: _Rng) -> Grey:
    """Ruled, printed over, loosely cut, at 100 dpi and compressed."""
    return _compressed(scaled(_loose(_printed(_ruled(crop, rng), rng), rng), 0.5), rng)


def _noisy(values: npt.NDArray[np.floating], rng: _Rng, *, amount: float = 4.0) -> Grey:
    return degradations.noisy(values, rng.normal(0, amount, values.shape))


CONDITIONS: dict[str, Degrade] = {
    "as scanned": lambda crop, rng: crop,
    "loosely cut": _loose,
    "tightly cut": _tight,
    "clipped by a tenth": _clipped,
    "75 dpi": _low_resolution,
    "1-bit": _one_bit,
    "blurred": _blurred,
    "JPEG 15": _compressed,
    "ruled line through it": _ruled,
    "print through it": _printed,
    "all at once": _all_at_once,
}
