"""The learned part of the cleaner: which dark pixels of a crop are strokes, by a small U-Net in ONNX Runtime.

Image to image, after Ronneberger, Fischer and Brox, "U-Net" (2015); cleaning a signature with a network
before it is verified follows SignVer (2022). The network only answers; what is done with it is the cleaner's.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision import weights
from worker.vision.values import Grey
from worker.vision.verification.encoder import single_thread_session

#: Width and height of the field that the network sees.
WIDTH, HEIGHT = 384, 192
#: Crops are enlarged by no more than this.
MAX_SCALE = 2.0

#: Darkness or probability in the network's field: (192, 384) float32 in [0, 1].
Field = npt.NDArray[np.float32]


def fitted(image: Grey) -> Grey:
    """Scale a crop into the middle of the (192, 384) field, aspect kept; what is left over is white."""
    left, top, width, height = _place(image.shape[0], image.shape[1])
    field = np.full((HEIGHT, WIDTH), 255, np.uint8)
    way = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
    field[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=way)
    return field


def unfitted(field: Field, shape: tuple[int, int]) -> Field:
    """Bring an answer back from the field to a crop of `shape` (height, width)."""
    left, top, width, height = _place(*shape)
    part = field[top : top + height, left : left + width]
    return np.asarray(cv2.resize(part, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


class StrokeNetwork:
    """The network on the CPU, one thread."""

    def __init__(self, path: Path, *, version: str) -> None:
        #: Digest of the weights.
        self.version = version
        self._session = single_thread_session(path)

    def strokes(self, whitened: Grey) -> Field:
        """For every pixel of a whitened crop the probability that its ink is a stroke: (height, width)."""
        darkness = 1 - fitted(whitened).astype(np.float32) / 255
        (found,) = self._session.run(None, {"darkness": darkness[None, None]})
        return unfitted(found[0, 0], (whitened.shape[0], whitened.shape[1]))


def load_network(folder: Path = weights.WEIGHTS_DIR) -> StrokeNetwork:
    """The catalogue's network; raises WeightsError when the file is missing or not the catalogue's."""
    version = weights.entry("cleaner", folder).sha256
    return StrokeNetwork(weights.verified_path("cleaner", folder), version=version)


def _place(height: int, width: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a crop in the field."""
    scale = min(WIDTH / width, HEIGHT / height, MAX_SCALE)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2, *size
