"""How an image lies in the field that a network reads: scaled with its aspect kept, centred, padded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.boxes import Corners
from worker.vision.images import resized
from worker.vision.values import Grey, Pixels


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a scaled image lies in a field. All whole pixels.

    `source_*` is the image's own size, `inner_*` its size after scaling, `width` and `height` the field's.
    """

    source_width: int
    source_height: int
    inner_width: int
    inner_height: int
    width: int
    height: int

    @classmethod
    def around(cls, source_width: int, source_height: int, *, size: int, stride: int = 32) -> Letterbox:
        """The smallest field for an image whose longer side becomes `size`; small images are enlarged.

        Its sides are multiples of `stride`.
        """
        inner_width, inner_height = _scaled(
            source_width, source_height, size / max(source_width, source_height)
        )
        return cls(
            source_width=source_width,
            source_height=source_height,
            inner_width=inner_width,
            inner_height=inner_height,
            width=math.ceil(inner_width / stride) * stride,
            height=math.ceil(inner_height / stride) * stride,
        )

    @classmethod
    def within(
        cls,
        source_width: int,
        source_height: int,
        *,
        width: int,
        height: int,
        padding: int = 0,
        max_scale: float = math.inf,
    ) -> Letterbox:
        """As large as fits into a given field with that much padding on every side at least."""
        scale = min((width - 2 * padding) / source_width, (height - 2 * padding) / source_height, max_scale)
        inner_width, inner_height = _scaled(source_width, source_height, scale)
        return cls(
            source_width=source_width,
            source_height=source_height,
            inner_width=inner_width,
            inner_height=inner_height,
            width=width,
            height=height,
        )

    @property
    def left(self) -> int:
        """Columns of padding before the image."""
        return (self.width - self.inner_width) // 2

    @property
    def top(self) -> int:
        """Rows of padding above the image."""
        return (self.height - self.inner_height) // 2

    @property
    def inner(self) -> tuple[slice, slice]:
        """Rows and columns of the field that show the image."""
        return slice(self.top, self.top + self.inner_height), slice(self.left, self.left + self.inner_width)

    def scaled(self, image: Pixels | Grey) -> Pixels | Grey:
        """The image at the size that it has in the field."""
        return resized(image, width=self.inner_width, height=self.inner_height)

    def padded(self, image: Pixels | Grey, *, padding: int) -> Pixels | Grey:
        """The field with the image in it, `padding` (0 to 255) around."""
        field = np.full((self.height, self.width, *image.shape[2:]), padding, np.uint8)
        field[self.inner] = self.scaled(image)
        return field

    def cut_out(self, field: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The image's part of a field (height, width), back at the image's own size."""
        size = self.source_width, self.source_height
        return np.asarray(cv2.resize(field[self.inner], size, interpolation=cv2.INTER_LINEAR), np.float32)

    def back(self, corners: Corners) -> Corners:
        """Rectangles in the field, in pixels of the image."""
        across, down = self.source_width / self.inner_width, self.source_height / self.inner_height
        start, scale = [self.left, self.top] * 2, [across, down] * 2
        return np.asarray((corners - np.array(start)) * np.array(scale), np.float32)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    """Both sides times the scale, at least one pixel each."""
    return max(1, round(width * scale)), max(1, round(height * scale))
