"""Predictions for marks that took no part in training: by folds of documents, and for sources left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from training.common.console import StageNotice
from training.common.statistics import grouped_folds, logistic_fit
from training.roles.head import Head
from training.roles.pages import DECOYS, DRAWN
from training.roles.settings import Bars, RolesSettings
from training.roles.table import Floats, Marks, Rows
from training.roles.train import train_head, weights_of
from training.roles.variants import VARIANTS
from worker.vision.detection.roles import MAX_CANDIDATES, RANK

#: The sources that train and are answered, by whole documents.
TRAINING = ("memos", "modern_town", "tobacco800", "rf100_color", "unsigned", DRAWN, DECOYS)
#: Of these, the source whose held-out answers are those of a head that saw nothing of the whole source.
LEFT_OUT = "modern_town"


@dataclass(frozen=True, slots=True)
class HeldOutPredictions:
    """The probability of every mark, by a head that never saw its document."""

    marks: Marks
    probabilities: Floats

    def pages(self, source: str) -> tuple[Floats, Rows]:
        """The highest probability on each page of a source whose answer is known, and the answers."""
        rows = self.marks.pages.of(source)
        return self.marks.page_scores(self.probabilities)[rows], self.marks.pages.signed[rows]

    def of(self, source: str) -> tuple[Floats, Rows]:
        """Probabilities and truths of the marks of a source, without those nobody knows."""
        rows = self.rows_of(source)
        return self.probabilities[rows], self.marks.marks.signs[rows]

    def rows_of(self, source: str) -> Rows:
        """The rows of those marks."""
        return np.flatnonzero((self.marks.source == source) & (self.marks.marks.weight > 0))


def calibrated(marks: Marks, logits: Floats, *, slope: float, shift: float) -> HeldOutPredictions:
    """Held-out logits as probabilities; 0 for marks beyond the MAX_CANDIDATES of a page."""
    probabilities = 1 / (1 + np.exp(-(slope * logits + shift)))
    served = marks.marks.facts[:, RANK] < MAX_CANDIDATES
    return HeldOutPredictions(marks, np.where(served, probabilities, 0).astype(np.float32))


def training_rows(marks: Marks) -> Rows:
    """The marks of the sources that train."""
    return np.flatnonzero(np.isin(marks.source, (*TRAINING, *VARIANTS)))


def rows_without(marks: Marks, source: str) -> Rows:
    """The marks of the sources that train but for that one."""
    rows = training_rows(marks)
    kept: Rows = rows[marks.source[rows] != source]
    return kept


def held_out_logits(
    marks: Marks, final: Head, without: Head, settings: RolesSettings, notice: StageNotice
) -> Floats:
    """Logits of every mark by a head that never saw its document.

    By folds for the sources that train, by the head `without` it for LEFT_OUT, by the final head for others.
    """
    rows = training_rows(marks)
    logits = raw_logits(final, marks, np.arange(len(marks.source)))
    folds = grouped_folds(marks.group[rows], settings.folds)
    for done, (inside, outside) in enumerate(folds, start=1):
        head = train_head(marks, rows[inside], settings, lambda _: None).average
        logits[rows[outside]] = raw_logits(head, marks, rows[outside])
        notice("folds", done, settings.folds)
    left_out = np.flatnonzero(marks.source == LEFT_OUT)
    logits[left_out] = raw_logits(without, marks, left_out)
    return logits


@torch.inference_mode()
def raw_logits(head: Head, marks: Marks, rows: Rows) -> Floats:
    """The logit of the members' mean probability, before calibration: (n,)."""
    inputs = head.standardised(marks.marks.inputs()[torch.from_numpy(rows)])
    return np.asarray(head.pooled(inputs).numpy(), np.float32)


def calibration(marks: Marks, logits: Floats, settings: RolesSettings) -> tuple[float, float]:
    """Slope and shift by which held-out logits become probabilities (Platt, 1999), on all of TRAINING."""
    weights = weights_of(marks, settings)
    rows = np.flatnonzero(np.isin(marks.source, TRAINING))
    rows = rows[weights[rows] > 0]
    shares = weights[rows].astype(np.float64) / float(weights[rows].sum())
    slopes, shift = logistic_fit(logits[rows, None].astype(np.float64), marks.marks.signs[rows] == 1, shares)
    return float(slopes[0]), shift


def chosen_threshold(answers: HeldOutPredictions, settings: RolesSettings) -> float:
    """The probability that finds most signed pages and keeps the false alarms of every source within its bar.

    Over all sources that have bars it is the worst margin of recall that counts, as a share of the way from a
    bar to perfection. Equal margins give the higher probability.
    """
    steps = np.unique(answers.probabilities)
    margins = [_margins(*answers.pages(source), steps, bars) for source, bars in settings.bars.items()]
    worst = np.min(margins, axis=0)
    return float(steps[len(steps) - 1 - int(np.argmax(worst[::-1]))])


def _margins(scores: Floats, signed: Rows, steps: Floats, bars: Bars) -> Floats:
    """The margin of recall of a source at every step; minus infinity where too many false alarms are."""
    recall = 1 - np.searchsorted(np.sort(scores[signed == 1]), steps) / (signed == 1).sum()
    alarms = 1 - np.searchsorted(np.sort(scores[signed == 0]), steps) / (signed == 0).sum()
    margins = (recall - bars.recall) / (1 - bars.recall)
    return np.where(alarms <= bars.false_alarms, margins, -np.inf).astype(np.float32)
