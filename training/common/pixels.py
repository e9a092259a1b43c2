"""Sizes and levels of images, as all of training changes them.

An image is uint8: (height, width) grey or (height, width, 3) RGB. A mask is grey, 255 where ink is full.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

#: (height, width) or (height, width, 3) uint8.
Image = npt.NDArray[np.uint8]


def decoded_grey(data: bytes, name: str = "it") -> Image:
    """An image file's bytes as (height, width) grey. ValueError, with the name, for what is no image."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if image is None:
        raise ValueError(f"{name} is no image that can be read")
    return np.asarray(image, np.uint8)


def resampled(image: Image, size: tuple[int, int], *, enlarging: int = cv2.INTER_LINEAR) -> Image:
    """The image at (width, height): by averages of areas where it shrinks, else by `enlarging`."""
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else enlarging
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def scaled(image: Image, factor: float) -> Image:
    """The image `factor` times as large: by averages of areas where it shrinks, else linearly."""
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=method), np.uint8)


def cut_to_ink(mask: Image, *, above: int = 0) -> Image:
    """The smallest rectangle of a mask with all its pixels over `above`; the mask itself without any."""
    rows, columns = np.flatnonzero(mask.max(axis=1) > above), np.flatnonzero(mask.max(axis=0) > above)
    if not rows.size or not columns.size:
        return mask
    return np.ascontiguousarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def to_pixels(levels: npt.NDArray[np.floating]) -> Image:
    """Computed levels as pixels: cut to 0 and 255, fractions dropped."""
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def in_grey(pixels: Image) -> Image:
    """An RGB image without its colours, in three equal channels."""
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)
