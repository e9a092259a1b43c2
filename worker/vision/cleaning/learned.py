"""The learned part of the cleaner: which dark pixels of a crop are strokes, by a small U-Net in ONNX Runtime.

Image to image, after Ronneberger, Fischer and Brox, "U-Net" (2015); cleaning a signature with a network
before it is verified follows SignVer (2022). The network only answers; what is done with it is the cleaner's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.vision.letterbox import Letterbox
from worker.vision.onnx import OnnxModel
from worker.vision.values import Grey
from worker.vision.weights import WEIGHTS_DIR

#: Width and height of the field that the network sees.
FIELD_WIDTH, FIELD_HEIGHT = 384, 192
#: Crops are enlarged by no more than this.
MAX_SCALE = 2.0

#: Darkness or probability in the network's field: (192, 384) float32 in [0, 1].
Field = npt.NDArray[np.float32]


def fitted(image: Grey) -> Grey:
    """Scale a crop into the middle of the (192, 384) field, aspect kept; what is left over is white."""
    return _frame(image.shape[0], image.shape[1]).padded(image, padding=255)


def unfitted(field: Field, shape: tuple[int, int]) -> Field:
    """Bring an answer back from the field to a crop of `shape` (height, width)."""
    return _frame(*shape).cut_out(field)


class StrokeNetwork:
    """The network with its field around a crop."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    def strokes(self, whitened: Grey) -> Field:
        """For every pixel of a whitened crop the probability that its ink is a stroke: (height, width)."""
        darkness = np.asarray(1 - fitted(whitened).astype(np.float32) / 255, np.float32)
        answer = self._model.run(darkness[None, None])
        return unfitted(answer[0, 0], (whitened.shape[0], whitened.shape[1]))


def load_network(folder: Path = WEIGHTS_DIR) -> StrokeNetwork:
    """The catalogue's network; raises WeightsError when the file is missing or not the catalogue's."""
    return StrokeNetwork(OnnxModel.catalogued("cleaner", folder=folder))


def _frame(height: int, width: int) -> Letterbox:
    """How a crop lies in the field."""
    return Letterbox.within(width, height, width=FIELD_WIDTH, height=FIELD_HEIGHT, max_scale=MAX_SCALE)
