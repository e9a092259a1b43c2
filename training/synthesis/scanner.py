"""What scanners and fax machines do to a page: skew, shadow, tint, bleed-through, noise, speckle, one bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.common.degradations import (
    bled_through,
    blurred,
    dusty,
    edge_shadow,
    one_bit,
    skew,
    skewed,
    tiled_noise,
)
from training.common.pixels import in_grey, to_pixels
from training.synthesis.ink import Colour, Pixels
from training.synthesis.pages import DrawnMark, DrawnPage

_Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Scanner:
    """The faults of one device. All are off by default: a perfect scan.

    `skew` is in degrees; `noise` the standard deviation in grey levels; `speckle` the number of specks per
    million pixels; `shadow` and `bleed` are strengths in [0, 1]; `blur` is a Gaussian's sigma in pixels;
    `fax` reduces the page to black and white.
    """

    skew: float = 0.0
    noise: float = 0.0
    speckle: float = 0.0
    shadow: float = 0.0
    bleed: float = 0.0
    blur: float = 0.0
    tint: Colour = (255, 255, 255)
    grey: bool = False
    fax: bool = False


#: Grey level below which a fax machine prints black.
FAX_THRESHOLD = 165
#: Devices by name.
SCANNERS = {
    "flatbed": Scanner(skew=0.3, noise=2.0, blur=0.5, tint=(252, 251, 248)),
    "feeder": Scanner(skew=0.9, noise=3.0, speckle=6, shadow=0.35, blur=0.6, grey=True),
    "archive": Scanner(
        skew=-0.6, noise=4.0, speckle=18, shadow=0.5, bleed=0.12, blur=0.8, tint=(244, 234, 212)
    ),
    "fax": Scanner(skew=0.5, speckle=60, blur=0.7, fax=True, grey=True),
}


def random_scanner(rng: _Rng) -> Scanner:
    """One of the devices, worn to a random degree."""
    device = list(SCANNERS.values())[int(rng.integers(len(SCANNERS)))]
    wear = rng.uniform(0.3, 1.6)
    return replace(
        device,
        skew=float(rng.normal(0, 0.8)),
        noise=device.noise * wear,
        speckle=device.speckle * wear,
        shadow=min(device.shadow * wear, 0.7),
        bleed=device.bleed * wear if rng.random() < 0.5 else 0.0,
    )


def scan(page: DrawnPage, device: Scanner, rng: _Rng, *, back: Pixels | None = None) -> DrawnPage:
    """The page as the device delivers it; the marks move with the paper.

    `back` is what is printed on the other side, for the bleed-through; by default the page itself.
    """
    pixels = page.pixels.copy()
    if device.bleed:
        pixels = bled_through(pixels, page.pixels if back is None else back, device.bleed)
    pixels, marks = _skewed(pixels, page.marks, device.skew)
    if device.blur:
        pixels = blurred(pixels, device.blur)
    pixels = dusty(_toned(pixels, device, rng), device.speckle, rng)
    return DrawnPage(one_bit(pixels, FAX_THRESHOLD) if device.fax else pixels, page.dpi, marks)


def _skewed(
    pixels: Pixels, marks: tuple[DrawnMark, ...], degrees: float
) -> tuple[Pixels, tuple[DrawnMark, ...]]:
    if not degrees:
        return pixels, marks
    matrix = skew(pixels.shape, degrees)
    return skewed(pixels, degrees, paper=255), tuple(mark.moved(matrix) for mark in marks)


def _toned(pixels: Pixels, device: Scanner, rng: _Rng) -> Pixels:
    """Paper colour, the shadow of the page's edge and sensor noise, in one pass."""
    if device.grey:
        pixels = in_grey(pixels)
    height, width = pixels.shape[:2]
    light = edge_shadow(width, device.shadow, rng) if device.shadow else np.ones(width, np.float32)
    toned = pixels * (light[None, :, None] * (np.asarray(device.tint, np.float32) / 255))
    if device.noise:
        toned += tiled_noise((height, width), device.noise, rng)[..., None]
    return to_pixels(toned)
