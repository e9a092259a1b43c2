"""What scanners and fax machines do to a page: skew, shadow, tint, bleed-through, noise, speckle, one bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from training.synthesis.ink import Colour, Pixels
from training.synthesis.pages import Mark, Page

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


def scan(page: Page, device: Scanner, rng: _Rng, *, back: Pixels | None = None) -> Page:
    """The page as the device delivers it; the marks move with the paper.

    `back` is what is printed on the other side, for the bleed-through; by default the page itself.
    """
    pixels = page.pixels.copy()
    if device.bleed:
        pixels = _bleed(pixels, page.pixels if back is None else back, device.bleed)
    pixels, marks = _skewed(pixels, page.marks, device.skew)
    if device.blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), device.blur).astype(np.uint8, copy=False)
    pixels = _toned(pixels, device, rng)
    _speckle(pixels, device.speckle, rng)
    return Page(_one_bit(pixels) if device.fax else pixels, page.dpi, marks)


def _bleed(pixels: Pixels, back: Pixels, strength: float) -> Pixels:
    seen = cv2.GaussianBlur(cv2.resize(back[:, ::-1], pixels.shape[1::-1]), (0, 0), 2.2)
    faint = 255 - (255 - seen.astype(np.float32)) * strength
    result: Pixels = (pixels * (faint / 255)).astype(np.uint8)
    return result


def _skewed(pixels: Pixels, marks: tuple[Mark, ...], degrees: float) -> tuple[Pixels, tuple[Mark, ...]]:
    if not degrees:
        return pixels, marks
    height, width = pixels.shape[:2]
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), np.float64)
    turned = cv2.warpAffine(
        pixels,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255,) * 3,
    )
    return turned.astype(np.uint8, copy=False), tuple(_moved(mark, matrix) for mark in marks)


def _moved(mark: Mark, matrix: npt.NDArray[np.float64]) -> Mark:
    points = np.array(mark.hull) @ matrix[:, :2].T + matrix[:, 2]
    return replace(mark, hull=tuple((float(x), float(y)) for x, y in points))


def _toned(pixels: Pixels, device: Scanner, rng: _Rng) -> Pixels:
    """Paper colour, the shadow of the page's edge and sensor noise, in one pass."""
    if device.grey:
        pixels = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)
    light = np.ones(pixels.shape[1], np.float32)
    if device.shadow:
        depth = int(pixels.shape[1] * rng.uniform(0.012, 0.03))
        light[:depth] -= device.shadow * np.linspace(1, 0, depth, dtype=np.float32) ** 2
        light = light[::-1] if rng.random() < 0.5 else light
    gain = light[None, :, None] * (np.asarray(device.tint, np.float32) / 255)
    toned = pixels * gain
    if device.noise:
        toned += _grain(pixels.shape[:2], device.noise, rng)[..., None]
    return np.clip(toned, 0, 255).astype(np.uint8)


def _grain(shape: tuple[int, int], strength: float, rng: _Rng) -> npt.NDArray[np.float32]:
    """Sensor noise, repeated from one tile: as good to the eye, and a tenth of the time."""
    tile = rng.standard_normal((509, 509), np.float32) * np.float32(strength)
    repeats = (shape[0] // 509 + 1, shape[1] // 509 + 1)
    return np.tile(tile, repeats)[: shape[0], : shape[1]]


def _speckle(pixels: Pixels, per_million: float, rng: _Rng) -> None:
    """Dust: dark specks of one to three pixels, in place."""
    height, width = pixels.shape[:2]
    count = int(per_million * height * width / 1e6)
    spots = zip(
        rng.integers(0, width, count), rng.integers(0, height, count), rng.integers(0, 2, count), strict=True
    )
    for x, y, radius in spots:
        cv2.circle(pixels, (int(x), int(y)), int(radius), (50, 50, 50), -1)


def _one_bit(pixels: Pixels) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    black = np.where(grey < 165, 0, 255).astype(np.uint8)
    return np.repeat(black[..., None], 3, axis=2)
