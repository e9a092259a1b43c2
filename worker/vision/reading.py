"""Reads a line of print: the recognition network of PP-OCRv6 (PaddlePaddle, Apache-2.0).

The wheel of `rapidocr` carries the network and its alphabet, in one file. None of its code is loaded: it
looks for other networks on the web. Letters of Latin scripts are known, Cyrillic ones are not.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from worker.errors import WeightsError
from worker.vision.choices import READER_PACKAGE
from worker.vision.onnx import OnnxModel, Tensor
from worker.vision.values import Grey

#: The network's file in its package, and the extra that installs it.
_FILE, _EXTRA = "models/PP-OCRv6_rec_small.onnx", "ocr"
#: Pixels that the network takes: the height of a line, its least and its greatest width.
LINE_HEIGHT, _NARROWEST, WIDEST = 48, 16, 1600
#: The network's answer that no letter stands there.
_BLANK = 0


class LineReader(Protocol):
    """Reads lines of print."""

    def read(self, line: Grey) -> str:
        """The text of a picture of one line, dark on light; empty where nothing can be read."""


class OnnxLineReader:
    """The network on the CPU; any number of threads may share it."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._model = OnnxModel(path, version=path.stem, threads=threads)
        self._letters = ["", *self._model.metadata("character").splitlines(), " "]

    def read(self, line: Grey) -> str:
        """The text of a picture of one line; what is wider than 33 times its height is narrowed."""
        if not line.size:
            return ""
        best = self._model.run(_prepared(line))[0].argmax(axis=1)
        first = np.flatnonzero(np.diff(best, prepend=_BLANK) != 0)
        return "".join(self._letters[int(letter)] for letter in best[first]).strip()


def _prepared(line: Grey) -> Tensor:
    """(1, 3, LINE_HEIGHT, width) in [-1, 1]."""
    height, width = line.shape
    wide = min(max(round(LINE_HEIGHT * width / height), _NARROWEST), WIDEST)
    way = cv2.INTER_AREA if height > LINE_HEIGHT else cv2.INTER_LINEAR
    seen = cv2.resize(line, (wide, LINE_HEIGHT), interpolation=way).astype(np.float32) / 127.5 - 1
    return np.repeat(seen[None, None], 3, axis=1)


def reader_version() -> str:
    """What reads lines, as results name it. WeightsError where the extra is not installed."""
    return f"{_path().stem} of {READER_PACKAGE} {importlib.metadata.version(READER_PACKAGE)}"


def load_line_reader(*, threads: int = 1) -> OnnxLineReader:
    """The network of the installed extra. WeightsError where it is not installed."""
    return OnnxLineReader(_path(), threads=threads)


def _path() -> Path:
    spec = importlib.util.find_spec(READER_PACKAGE)
    if spec is None or spec.origin is None:
        advice = f"python -m pip install 'countersign-intake[{_EXTRA}]', or set COUNTERSIGN_OCR=off"
        raise WeightsError(_EXTRA, f"the extra is not installed: {advice}")
    return Path(spec.origin).parent / _FILE
