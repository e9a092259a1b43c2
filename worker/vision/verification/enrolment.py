"""Enrolment: how good each reference is, which one disagrees with the others, how many more are wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.choices import OUTLIER_LLR, QualityIssue
from worker.vision.crops import dark_pixels, grey
from worker.vision.values import Embeddings, Grey, Pixels, Quality
from worker.vision.verification.specimen import lies_sideways
from worker.vision.verification.verifier import Verifier

#: Fewer references than this cannot outvote one of them.
MIN_TO_JUDGE = 3

#: Width of the ink in pixels from which a finer scan shows the encoder nothing more.
FULL_WIDTH = 220
#: Pixels of ink from which there is as much to compare as there is in most signatures.
FULL_INK = 1200
#: Grey levels that the paper may spread (standard deviation) before it counts as noise.
CALM_PAPER, ROUGH_PAPER = 6.0, 30.0
#: What is left of the score of a signature that is cut off.
CLIPPED_FACTOR = 0.5
#: And of one that seems to lie on its side: it stays below the grade that verdicts ask for.
SIDEWAYS_FACTOR = 0.25


class Remark(StrEnum):
    """What speaks against a reference; each lowers its score."""

    COARSE = "coarse"
    LITTLE_INK = "little_ink"
    CLIPPED = "clipped"
    NOISY = "noisy"
    OTHER_INK = "other_ink"
    SIDEWAYS = "sideways"


@dataclass(frozen=True, slots=True)
class Grade:
    """How well an image serves as a reference: `score` in [0, 1], and what speaks against it."""

    score: float
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """One reference among a signer's others.

    `llr` is its log-likelihood ratio against the others, None where there are too few; `outlier` says that
    it disagrees with them.
    """

    number: int
    llr: float | None

    @property
    def outlier(self) -> bool:
        """Whether it disagrees with the others."""
        return self.llr is not None and self.llr < OUTLIER_LLR


def grade(raw: Pixels, clean: Grey, quality: Quality) -> Grade:
    """Grade an image that may become a reference, from the scan, what cleaning left, and its quality."""
    dark = dark_pixels(raw)
    factors = {
        Remark.COARSE: min(1.0, quality.width / FULL_WIDTH),
        Remark.LITTLE_INK: min(1.0, quality.ink * quality.width * quality.height / FULL_INK),
        Remark.CLIPPED: CLIPPED_FACTOR if QualityIssue.CLIPPED in quality.issues else 1.0,
        Remark.NOISY: _calmness(grey(raw), dark),
        Remark.OTHER_INK: _kept(dark, clean),
        Remark.SIDEWAYS: SIDEWAYS_FACTOR
        if lies_sideways(width=quality.width, height=quality.height)
        else 1.0,
    }
    score = math.prod(factors.values()) if quality.usable else 0.0
    # A tenth less is within what two good scans differ by.
    return Grade(round(score, 3), tuple(remark for remark, factor in factors.items() if factor < 0.9))


def standings(references: Embeddings, verifier: Verifier) -> list[Standing]:
    """Judge each of a signer's references (k, d) by the others, as if it were a query."""
    if len(references) < MIN_TO_JUDGE:
        return [Standing(number, None) for number in range(1, len(references) + 1)]
    usable = Quality(ink=0.1, width=FULL_WIDTH, height=FULL_WIDTH, usable=True)
    opinions = [
        verifier.compare(reference, np.delete(references, i, axis=0), quality=usable)
        for i, reference in enumerate(references)
    ]
    llrs = [opinion.llr if opinion.unbounded is None else opinion.unbounded for opinion in opinions]
    return [Standing(number, llr) for number, llr in enumerate(llrs, 1)]


def lacking(standings: Sequence[Standing], *, wanted: int) -> int:
    """How many references are still wanted; one that disagrees with the others does not count."""
    agreeing = sum(not standing.outlier for standing in standings)
    return max(0, wanted - agreeing)


def _calmness(scan: Grey, dark: Grey) -> float:
    """1 for even paper, 0 for paper as rough as ink is dark."""
    away = cv2.dilate(dark, np.ones((7, 7), np.uint8)) == 0
    if not away.any():
        return 1.0
    rough = float(scan[away].std())
    return float(np.clip((ROUGH_PAPER - rough) / (ROUGH_PAPER - CALM_PAPER), 0.0, 1.0))


def _kept(dark: Grey, clean: Grey) -> float:
    """The share of dark pixels that cleaning took for strokes: the rest is print, rules or stamps."""
    before = cv2.countNonZero(dark)
    left: npt.NDArray[np.bool_] = (dark > 0) & (clean < 255)
    return float(np.count_nonzero(left)) / before if before else 1.0
