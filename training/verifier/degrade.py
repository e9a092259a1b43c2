"""What scanners, forms and detectors do to a signature: pure functions from a clean crop to a worse one."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

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
    mask = ink_mask(image)
    x, y, width, height = cv2.boundingRect(mask)
    scale = WIDTH / max(width, 1)
    size = WIDTH, max(8, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ink = cv2.resize(mask[y : y + height, x : x + width], size, interpolation=method)
    ink = cv2.copyMakeBorder(ink, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=0)
    share = cv2.GaussianBlur(ink, (0, 0), 0.7).astype(np.float32) / 255
    return _noisy(PAPER - share * (PAPER - INK), rng)


def loose(crop: Grey, rng: _Rng) -> Grey:
    """Half the signature's size of paper on every side."""
    height, width = crop.shape
    wide = cv2.copyMakeBorder(
        crop, height // 2, height // 2, width // 2, width // 2, cv2.BORDER_CONSTANT, value=PAPER
    )
    return _noisy(wide.astype(np.float32), rng, amount=1.0)


def tight(crop: Grey, rng: _Rng) -> Grey:
    """Cut at the outermost ink."""
    x, y, width, height = cv2.boundingRect(ink_mask(crop))
    return crop[y : y + height, x : x + width].copy()


def clipped(crop: Grey, rng: _Rng) -> Grey:
    """A tenth of the ink's width cut off at one end, and a tenth of its height at the bottom or the top."""
    inner = tight(crop, rng)
    height, width = inner.shape
    left, top = (int(rng.random() < 0.5) for _ in range(2))
    across, down = round(0.1 * width), round(0.1 * height)
    return inner[down * top : height - down * (1 - top), across * left : width - across * (1 - left)].copy()


def low_resolution(crop: Grey, rng: _Rng) -> Grey:
    """A 75 dpi scan."""
    return np.asarray(cv2.resize(crop, None, fx=0.375, fy=0.375, interpolation=cv2.INTER_AREA), np.uint8)


def one_bit(crop: Grey, rng: _Rng) -> Grey:
    """Black and white at 200 dpi, with a threshold that is often wrong, as fax machines do."""
    threshold = rng.uniform(110, 200)
    return np.where(crop < threshold, np.uint8(0), np.uint8(255))


def blurred(crop: Grey, rng: _Rng) -> Grey:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), 2.0), np.uint8)


def compressed(crop: Grey, rng: _Rng) -> Grey:
    """JPEG at quality 15."""
    _, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 15])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def ruled(crop: Grey, rng: _Rng) -> Grey:
    """The line to sign on, through the lower half of the ink."""
    found, height = crop.copy(), crop.shape[0]
    level = round(height * rng.uniform(0.5, 0.8))
    cv2.line(found, (0, level), (crop.shape[1], level + int(rng.integers(-3, 4))), 70, 2)
    return found


def printed(crop: Grey, rng: _Rng) -> Grey:
    """A row of print through the ink and another beneath it."""
    height, width = crop.shape
    found = np.vstack([crop, _noisy(np.full((30, width), PAPER, np.float32), rng)])
    for level in (round(height * rng.uniform(0.4, 0.7)), height + 22):
        words = str(rng.choice(_WORDS))
        cv2.putText(
            found, words, (int(rng.integers(0, 60)), level), cv2.FONT_HERSHEY_DUPLEX, 0.6, 50, 1, cv2.LINE_AA
        )
    return found


def all_at_once(crop: Grey, rng: _Rng) -> Grey:
    """Ruled, printed over, loosely cut, at 100 dpi and compressed."""
    found = loose(printed(ruled(crop, rng), rng), rng)
    small = np.asarray(cv2.resize(found, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    return compressed(small, rng)


def _noisy(values: npt.NDArray[np.floating], rng: _Rng, *, amount: float = 4.0) -> Grey:
    noise = rng.normal(0, amount, values.shape)
    return np.clip(values + noise, 0, 255).astype(np.uint8)


CONDITIONS: dict[str, Degrade] = {
    "as scanned": lambda crop, rng: crop,
    "loosely cut": loose,
    "tightly cut": tight,
    "clipped by a tenth": clipped,
    "75 dpi": low_resolution,
    "1-bit": one_bit,
    "blurred": blurred,
    "JPEG 15": compressed,
    "ruled line through it": ruled,
    "print through it": printed,
    "all at once": all_at_once,
}
