"""The script that people write today: `python -m benchmarks.naive DOCUMENTS REFERENCES`.

PyMuPDF at 200 dpi, OpenCV, the same weights on ONNX Runtime, page by page. No rows, no report, no
sandbox: nothing is turned, nothing says which marks sign, nothing notices damage. Prints a JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pymupdf

from benchmarks.processor_time import spent
from worker.vision.weights import WEIGHTS_DIR

_DPI, _SIDE, _SCORE, _OVERLAP = 200, 640, 0.5, 0.7
_ENCODED = (288, 128)


def _model(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = WEIGHTS_DIR / f"{name}.onnx"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _pages(path: Path) -> Iterator[np.ndarray]:
    """Pages as BGR."""
    if path.suffix != ".pdf":
        done, pages = cv2.imreadmulti(str(path), flags=cv2.IMREAD_COLOR)
        assert done, path
        yield from pages
        return
    with pymupdf.open(path) as document:
        for page in document:
            drawn = page.get_pixmap(dpi=_DPI)
            pixels = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.width, 3)
            yield cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)


def _boxes(detector: onnxruntime.InferenceSession, page: np.ndarray) -> list[list[int]]:
    """Left, top, width and height of the signatures and initials of a page."""
    height, width = page.shape[:2]
    scale = _SIDE / max(height, width)
    small = cv2.resize(page, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    field = np.full((_SIDE, -(-small.shape[1] // 32) * 32, 3), 114, np.uint8)
    field[: small.shape[0], : small.shape[1]] = small
    answer = detector.run(None, {"images": cv2.dnn.blobFromImage(field, 1 / 255, swapRB=True)})[0][0]
    scores = answer[4:6].max(axis=0)
    corners, scores = answer[:4, scores >= _SCORE].T / scale, scores[scores >= _SCORE]
    boxes = [[int(x - w / 2), int(y - h / 2), int(w), int(h)] for x, y, w, h in corners]
    return [boxes[kept] for kept in cv2.dnn.NMSBoxes(boxes, scores.tolist(), _SCORE, _OVERLAP)]


def _embedded(encoder: onnxruntime.InferenceSession, crop: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    field = cv2.resize(ink, _ENCODED, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    inputs = {"images": field[None, None], "asked": np.array([False])}
    part = encoder.run(None, inputs)[0][0, :128]
    return part / (np.linalg.norm(part) + 1e-9)


def main(documents: Path, references: Path) -> None:
    """Read the documents, compare what is found with all references, print what it cost."""
    cv2.setNumThreads(1)
    detector, encoder = _model("detector"), _model("encoder")
    known = np.array(
        [_embedded(encoder, cv2.imread(str(path))) for path in sorted(references.rglob("*.png"))]
    )
    start, pages, marks = spent(), 0, 0
    for path in sorted(documents.iterdir()):
        for page in _pages(path):
            pages += 1
            for left, top, width, height in _boxes(detector, page):
                crop = page[max(0, top) : top + height, max(0, left) : left + width]
                float((known @ _embedded(encoder, crop)).max())
                marks += 1
    print(json.dumps({"start": start, "pages": pages, "regions": marks}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
