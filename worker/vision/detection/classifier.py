"""The second-stage classifier: is a crop a signature, handwriting, printed text, or a stamp or logo?

A small convolutional network after the "signature vs text" design (convolutions, augmentation, dropout). It
reads the crop alone, so it may doubt a detection but never finds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.vision.choices import Label
from worker.vision.crops import MIN_CONTRAST, crop, grey
from worker.vision.detection.detector import Detector
from worker.vision.letterbox import Letterbox
from worker.vision.onnx import OnnxModel
from worker.vision.values import Box, DetectedRegion, Grey, Pixels
from worker.vision.weights import WEIGHTS_DIR

#: Width and height of what the network reads.
LOOK_WIDTH, LOOK_HEIGHT = 128, 64
#: Share of a box that is added on every side: what stands beside a signature tells it from a line of print.
MARGIN = 0.08
#: The margins with which a region is looked at; the mean of the answers counts.
MARGINS = (0.0, MARGIN, 0.2)

#: One crop as the network reads it: (64, 128) float32 in [0, 1], ink is 1, paper is 0.
Look = npt.NDArray[np.float32]
#: One row per crop, one column per kind: (n, 4) float32, each row sums to 1.
Shares = npt.NDArray[np.float32]


class Kind(StrEnum):
    """What a crop shows; the order is that of the network's answers."""

    SIGNATURE = "signature"
    HANDWRITING = "handwriting"
    PRINTED_TEXT = "printed_text"
    STAMP_OR_LOGO = "stamp_or_logo"


KINDS = tuple(Kind)
#: The kinds that no hand wrote, and the labels of signatures that turn out to be one of them.
_NO_HAND = [KINDS.index(Kind.PRINTED_TEXT), KINDS.index(Kind.STAMP_OR_LOGO)]
_REJECTED = (Label.PRINTED_TEXT, Label.STAMP_OR_LOGO)


class Classifier(Protocol):
    """Says what crops show."""

    def classify(self, looks: Sequence[Look]) -> Shares:
        """The probability of every kind for every crop; no crops, no rows."""


class OnnxClassifier:
    """The network on ONNX Runtime, one thread."""

    def __init__(self, name: str = "classifier", *, folder: Path = WEIGHTS_DIR) -> None:
        self._model = OnnxModel.catalogued(name, folder=folder)

    def classify(self, looks: Sequence[Look]) -> Shares:
        """The probability of every kind for every crop."""
        if not looks:
            return np.zeros((0, len(KINDS)), np.float32)
        return self._model.run(np.stack(looks)[:, None])


class RescoringDetector:
    """A detector whose signatures are rescored by the second-stage classifier.

    A signature's score is multiplied by the probability that a hand wrote it (`rescored`), and has to reach
    `min_score` still. From a probability of `doubt` in [0, 1] on that it is print or a stamp it is rejected:
    it keeps its place, box and score and becomes `printed_text` or `stamp_or_logo`, labels that no detector
    gives, so that it can be audited. Handwriting that is no signature is left to the detector, for the two
    differ in meaning more than in looks.
    """

    def __init__(self, detector: Detector, classifier: Classifier, *, doubt: float, min_score: float) -> None:
        self._detector = detector
        self._classifier = classifier
        self._doubt = doubt
        self._min_score = min_score

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first."""
        candidates = self._detector.detect(pages)
        return [self._review(page, regions) for page, regions in zip(pages, candidates, strict=True)]

    def _review(self, page: Pixels, regions: Sequence[DetectedRegion]) -> list[DetectedRegion]:
        signatures = [region for region in regions if _is_rescored(region)]
        reviewed = [region for region in regions if not _is_rescored(region)]
        shares = classified(self._classifier, page, [region.box for region in signatures])
        for region, row, doubt in zip(signatures, shares, map(float, doubts(shares)), strict=True):
            if doubt >= self._doubt:
                reviewed.append(replace(region, label=_REJECTED[int(row[_NO_HAND].argmax())]))
            elif (believed := rescored(region, doubt)).score >= self._min_score:
                reviewed.append(believed)
        return sorted(reviewed, key=lambda region: region.score, reverse=True)


def _is_rescored(region: DetectedRegion) -> bool:
    """Signatures are; candidates are handed on as they are."""
    return region.label is Label.SIGNATURE and not region.is_candidate


def rescored(region: DetectedRegion, doubt: float) -> DetectedRegion:
    """The region with the detector's score times the probability that a hand wrote it (decision 0018)."""
    return replace(region, score=region.score * (1 - doubt))


def doubts(shares: Shares) -> npt.NDArray[np.float32]:
    """The probability that a crop is no hand's work: print, or a stamp or logo; (n,)."""
    doubt: npt.NDArray[np.float32] = shares[:, _NO_HAND].sum(axis=1)
    return doubt


def kind_of(shares: npt.NDArray[np.float32], *, doubt: float) -> Kind:
    """What a crop shows by its probabilities, (4,): print or a stamp from that doubt on."""
    by_hand = [place for place in range(len(KINDS)) if place not in _NO_HAND]
    among = _NO_HAND if doubts(shares[None])[0] >= doubt else by_hand
    return KINDS[max(among, key=lambda place: float(shares[place]))]


def classified(classifier: Classifier, page: Pixels | Grey, boxes: Sequence[Box]) -> Shares:
    """What the boxes of a page show: the mean of the answers to a tight, a usual and a wide look; (n, 4)."""
    looks = [look for box in boxes for look in looks_at(page, box)]
    shares = classifier.classify(looks).reshape(len(boxes), len(MARGINS), len(KINDS))
    return np.asarray(shares.mean(axis=1), np.float32)


def looks_at(page: Pixels | Grey, box: Box) -> list[Look]:
    """The box of a page as the network reads it, with each of the margins."""
    return [as_look(crop(page, box, margin=margin)) for margin in MARGINS]


def as_look(image: Pixels | Grey) -> Look:
    """Bring a crop to the network's form: grey, fitted into the field, aspect kept, contrast evened out."""
    pixels = grey(image)
    height, width = pixels.shape
    frame = Letterbox.within(width, height, width=LOOK_WIDTH, height=LOOK_HEIGHT)
    small = frame.scaled(pixels)
    paper, ink = levels_at(small, (0.9, 0.005))
    field = np.zeros((LOOK_HEIGHT, LOOK_WIDTH), np.float32)
    field[frame.inner] = (paper - small) / max(paper - ink, MIN_CONTRAST)
    return np.clip(field, 0, 1)


def levels_at(image: Grey, shares: Sequence[float]) -> npt.NDArray[np.float64]:
    """The quantiles of an image's grey levels, bit by bit as `np.quantile` has them, at a fifth of the time.

    Levels are few: they are counted, not sorted.
    """
    up_to = np.bincount(image.ravel(), minlength=256).cumsum()
    places = (image.size - 1) * np.asarray(shares)
    first = np.floor(places)
    low = np.searchsorted(up_to, first, side="right")
    high = np.searchsorted(up_to, np.minimum(first + 1, image.size - 1), side="right")
    part = places - first
    # Interpolated from the nearer level, as NumPy does.
    levels = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
    return np.asarray(levels, np.float64)
