"""What scanners, fax machines, cameras and pens do to a picture: pure functions for drawing and training.

Images are uint8, (height, width) grey or (height, width, 3) RGB: dark ink on light paper, or a mask (255 is
full ink) where an argument is called so. The same generator gives the same pixels.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from training.common.pixels import Image, in_grey, to_pixels

Rng = np.random.Generator
_Kind = TypeVar("_Kind", np.uint8, np.float32)
#: Side of the tile that sensor noise is repeated from; a prime, so that no print repeats with it.
_TILE = 509


def blurred(image: npt.NDArray[_Kind], sigma: float) -> npt.NDArray[_Kind]:
    """Out of focus: a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), image.dtype)


def compressed(image: Image, quality: int) -> Image:
    """What JPEG leaves at a quality of 1 to 95."""
    is_grey = image.ndim == 2
    _, data = cv2.imencode(
        ".jpg", image if is_grey else image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR))
    return np.ascontiguousarray(seen if is_grey else seen[..., ::-1], np.uint8)


def one_bit(image: Image, threshold: float) -> Image:
    """Black below `threshold` and white from it on, as fax machines decide; RGB keeps three channels."""
    seen = image if image.ndim == 2 else in_grey(image)
    return np.where(seen < threshold, np.uint8(0), np.uint8(255))


def noisy(image: Image | npt.NDArray[np.floating], grain: npt.NDArray[np.floating]) -> Image:
    """The image with sensor noise in grey levels added."""
    return to_pixels(image + grain)


def tiled_noise(shape: tuple[int, int], deviation: float, rng: Rng) -> npt.NDArray[np.float32]:
    """Noise of that deviation in grey levels, repeated from one tile: a tenth of the time."""
    tile = rng.standard_normal((_TILE, _TILE), np.float32) * np.float32(deviation)
    repeats = (shape[0] // _TILE + 1, shape[1] // _TILE + 1)
    return np.tile(tile, repeats)[: shape[0], : shape[1]]


def salt_and_pepper(image: Image, specks: npt.NDArray[np.bool_], rng: Rng) -> Image:
    """The image with each pixel of (height, width) `specks` black or white."""
    count, seen = int(specks.sum()), image.copy()
    size = (count,) if image.ndim == 2 else (count, 1)
    seen[specks] = rng.choice(np.array([0, 255], np.uint8), size)
    return seen


def dusty(image: Image, per_million: float, rng: Rng) -> Image:
    """The image with dark specks of one to three pixels, so many per million pixels."""
    height, width = image.shape[:2]
    count, seen = int(per_million * height * width / 1e6), image.copy()
    spots = zip(
        rng.integers(0, width, count), rng.integers(0, height, count), rng.integers(0, 2, count), strict=True
    )
    for x, y, radius in spots:
        cv2.circle(seen, (int(x), int(y)), int(radius), (50, 50, 50), -1)
    return seen


def bled_through(image: Image, back: Image, strength: float) -> Image:
    """The image with what is printed on its other side, mirrored and faint; `strength` in [0, 1]."""
    seen = blurred(cv2.resize(back[:, ::-1], image.shape[1::-1]).astype(np.uint8), 2.2)
    faint = 255 - (255 - seen.astype(np.float32)) * strength
    return (image * (faint / 255)).astype(np.uint8)


def edge_shadow(width: int, strength: float, rng: Rng) -> npt.NDArray[np.float32]:
    """The light that reaches each column, 1 in full, where a lid leaves one edge in the dark."""
    light = np.ones(width, np.float32)
    depth = int(width * rng.uniform(0.012, 0.03))
    light[:depth] -= strength * np.linspace(1, 0, depth, dtype=np.float32) ** 2
    return light[::-1] if rng.random() < 0.5 else light


def skew(shape: tuple[int, ...], degrees: float) -> npt.NDArray[np.float64]:
    """The (2, 3) matrix that turns an image about its middle, anticlockwise to the eye."""
    return np.asarray(cv2.getRotationMatrix2D((shape[1] / 2, shape[0] / 2), degrees, 1.0), np.float64)


def skewed(image: Image, degrees: float, *, paper: int | None) -> Image:
    """The image turned about its middle; its corners are `paper`, or go on as its edges do where None."""
    border = cv2.BORDER_REPLICATE if paper is None else cv2.BORDER_CONSTANT
    value = (paper or 0,) * 3
    size = (image.shape[1], image.shape[0])
    seen = cv2.warpAffine(image, skew(image.shape, degrees), size, borderMode=border, borderValue=value)
    return np.asarray(seen, np.uint8)


def with_pen(mask: Image, change: int, *, shape: int = cv2.MORPH_ELLIPSE) -> Image:
    """A mask written with a wider pen, or a finer one below 0; `change` is a kernel's size in pixels."""
    if not change:
        return mask
    kernel = cv2.getStructuringElement(shape, (abs(change), abs(change)))
    return np.asarray(cv2.dilate(mask, kernel) if change > 0 else cv2.erode(mask, kernel), np.uint8)


def with_line(image: Image, start: tuple[int, int], end: tuple[int, int], *, level: int, width: int) -> Image:
    """The image with a straight line of that grey level from (x, y) to (x, y)."""
    return np.asarray(cv2.line(image.copy(), start, end, (level,) * 3, width), np.uint8)
