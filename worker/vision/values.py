"""The values that pass between the parts of vision: boxes, regions, pages, opinions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.vision.choices import Confidence, Label, Outcome, QualityIssue

#: A page or a raw crop: (height, width, 3) uint8, RGB. Detectors take pages without colours as Grey, too.
Pixels = npt.NDArray[np.uint8]
#: A grey image: (height, width) uint8, 0 is black.
Grey = npt.NDArray[np.uint8]
#: A normalised signature: (128, 288) float32 in [0, 1], ink is 1, paper is 0.
Normal = npt.NDArray[np.float32]
#: One signature as a verifier compares it: (d,) float32.
Embedding = npt.NDArray[np.float32]
#: One embedding per row: (n, d) float32.
Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of its page image, top-left origin; width and height are positive."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DetectedRegion:
    """One detected box with its label and score in [0, 1].

    `turns` is how many quarter turns anticlockwise lay it upright: 0 unless its page lies on its side.
    `signs` says whether it signs, approves or witnesses the document, `role_probability` how probable that
    is, in [0, 1]; both None where roles were not asked for. `is_candidate` marks a box that need not count:
    it is kept for the roles alone, and never leaves detection.
    """

    box: Box
    score: float
    label: Label = Label.SIGNATURE
    turns: int = 0
    signs: bool | None = None
    role_probability: float | None = None
    is_candidate: bool = False


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """One upright page image, encoded, ready to be stored.

    `data` is a complete JPEG or PNG file named by `suffix` ("jpg" or "png"). `points` is the page's size
    (width, height) in PDF points, None for image files. `source` says how the pixels came about: "embedded"
    (the page's own scan, extracted), "rendered" (drawn by the PDF engine) or "image". `note` says what a
    reader of the result should know of it, such as that it was reduced. `layout` is the JSON of its
    `PageLayout`, where it was asked for.
    """

    index: int
    data: bytes
    suffix: str
    width: int
    height: int
    dpi: float
    source: str
    points: tuple[float, float] | None = None
    note: str | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """How fit a crop is for comparison.

    `ink` is the share of ink pixels in the content box, in [0, 1]; `width` and `height` are the content
    box in pixels. `issues` may be empty; `usable` is False when no comparison should be made at all.
    """

    ink: float
    width: int
    height: int
    usable: bool
    issues: tuple[QualityIssue, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """The answer of the verifier for one query against a signer's references.

    `probability` is that of a genuine signature, in [0, 1]; None when there was nothing to compare.
    `llr` is the natural logarithm of the calibrated likelihood ratio, as far as it may be stated;
    `unbounded` is the same however large, where it is known, for what orders and thresholds.
    """

    outcome: Outcome
    probability: float | None = None
    llr: float | None = None
    confidence: Confidence | None = None
    references: int = 0
    unbounded: float | None = None
