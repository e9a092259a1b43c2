"""What the classifier does to the detector's answers: chosen on validation pages, measured on test pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.common.console import StageNotice
from training.detector.evaluate import EVERYTHING
from training.detector.metrics import (
    AtThreshold,
    FalseAlarms,
    LabelFigures,
    Scored,
    false_alarms,
    label_figures,
    score_page,
    served_figures,
)
from training.detector.testsets import (
    MEASURING,
    PageCase,
    squares,
    unsigned_counts,
    unsigned_pages,
    unsigned_validation,
    whole_pages,
)
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.classifier import OnnxClassifier, classified, doubts, rescored
from worker.vision.detection.detector import OnnxDetector
from worker.vision.detection.yolo import default_thresholds
from worker.vision.values import Box, DetectedRegion
from worker.vision.weights import entry

#: Doubts to choose from. Less costs signatures unlike those of the validation set:
#: of CEDAR's, on which no model is trained, 2.4 % at 0.5, 0.9 % at 0.8 (decision 0014).
DOUBTS = (0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
#: The doubt is chosen among all answers from this score on: at the default threshold the validation set
#: holds too few false alarms to distinguish them.
LOW = 0.05
#: Other thresholds that are measured with the gate, for those who weigh misses and alarms differently.
OTHERS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
#: The gate is on by default if on validation pages it costs at most this recall, and takes away at least this
#: share of the false alarms.
MOST_LOST, LEAST_GAINED = 0.005, 0.1


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A page's signatures, best first, each with the classifier's doubt in [0, 1], beside the true boxes."""

    case: PageCase
    truths: tuple[Box, ...]
    regions: tuple[DetectedRegion, ...]
    doubts: tuple[float, ...]

    def scored(self, doubt: float | None) -> Scored:
        """What stays a signature when `doubt` is enough to take one back, against the truth.

        All of them, with the detector's scores, without the second-stage classifier (None).
        """
        if doubt is None:
            return score_page(self.case.group, self.regions, self.truths)
        pairs = zip(self.regions, self.doubts, strict=True)
        kept = [rescored(region, own) for region, own in pairs if own < doubt]
        kept.sort(key=lambda region: region.score, reverse=True)
        return score_page(self.case.group, kept, self.truths)


@dataclass(frozen=True, slots=True)
class RescoringEffect:
    """Signatures on one set of pages: over all scores, and at the threshold that serves."""

    figures: LabelFigures
    served: AtThreshold


@dataclass(frozen=True, slots=True)
class RescoringReport:
    """What the gate of the catalogue does; every pair is without and with it."""

    #: The detector's entry in the catalogue, and the digests of both.
    name: str
    detector: str
    classifier: str
    min_score: float
    doubt: float
    default: bool
    sets: dict[str, tuple[RescoringEffect, RescoringEffect]]
    unsigned: dict[str, tuple[FalseAlarms, FalseAlarms]]
    #: Rescored, at other thresholds: signatures on all test pages, alarms on the unsigned test set.
    others: tuple[tuple[AtThreshold, FalseAlarms], ...]


@dataclass(frozen=True, slots=True)
class DoubtChoice:
    """The doubt that validation pages favour, whether it helps them enough, every doubt's effect in words."""

    doubt: float
    default: bool
    lines: tuple[str, ...]


def choose_doubt(data: Path, notice: StageNotice) -> DoubtChoice:
    """Choose on the validation set, squares, whole and unsigned pages, with the weights of the catalogue."""
    root = data / "detection"
    pages = [*squares(root, "valid"), *whole_pages(root, "valid"), *unsigned_validation(root)]
    cases = list(reviewed(pages, "valid", notice))
    return chosen(cases, LOW)


def chosen(cases: Sequence[Reviewed], min_score: float) -> DoubtChoice:
    """The doubt with the fewest false alarms among those that cost little recall; of equals, the greatest.

    Where no doubt takes enough away at that price, the gate is off by default.
    """
    off, *effects = (_served(cases, min_score, doubt) for doubt in (None, *DOUBTS))
    names = ("off", *(f"doubt {doubt:.2f}" for doubt in DOUBTS))
    lines = tuple(
        f"{name}: recall {effect.recall.value:.4f}, {effect.false_alarms} false alarms"
        for name, effect in zip(names, (off, *effects), strict=True)
    )
    cheap = [
        (effect.false_alarms, -doubt)
        for doubt, effect in zip(DOUBTS, effects, strict=True)
        if effect.recall.value >= off.recall.value - MOST_LOST
    ]
    fewest, doubt = min(cheap, default=(off.false_alarms, -DOUBTS[-1]))
    return DoubtChoice(-doubt, fewest <= off.false_alarms * (1 - LEAST_GAINED), lines)


def measure_rescoring(
    data: Path, *, name: str = "detector", limit: int = 0, notice: StageNotice
) -> RescoringReport:
    """Measure the gate behind that detector on test pages, squares and whole ones, and on unsigned ones.

    The squares give two sets: all, and those that do not occur in the published training split.
    """
    root, cut = data / "detection", slice(limit or None)
    weights, detector = entry("classifier"), entry(name)
    min_score = default_thresholds(detector).floor(Label.SIGNATURE)
    doubt = float(weights.parameters["doubt"])
    cases = list(reviewed(squares(root, "test")[cut], "test", notice, name=name))
    clean = [one for one in cases if not one.case.leaks]
    whole = list(reviewed(whole_pages(root, "test")[cut], "whole", notice, name=name))
    empty = list(reviewed(unsigned_pages(root)[cut], "unsigned", notice, name=name))
    unsigned = unsigned_counts(empty)
    return RescoringReport(
        name=name,
        detector=detector.sha256,
        classifier=weights.sha256,
        min_score=min_score,
        doubt=doubt,
        default=bool(weights.parameters["default"]),
        sets={
            title: (_effect(part, min_score, None), _effect(part, min_score, doubt))
            for title, part in (
                (f"test-{len(cases)}", cases),
                (f"test-{len(clean)}", clean),
                ("Tobacco800 test", whole),
            )
        },
        unsigned={
            name: (_alarms(part, min_score, None), _alarms(part, min_score, doubt))
            for name, part in unsigned.items()
        },
        others=tuple(
            (_served(cases, score, doubt), _alarms(unsigned[MEASURING], score, doubt)) for score in OTHERS
        ),
    )


def reviewed(
    cases: Sequence[PageCase], stage: str, notice: StageNotice, *, name: str = "detector"
) -> Iterator[Reviewed]:
    """Each page's signatures with the classifier's doubts, with the weights of the catalogue."""
    detector = OnnxDetector(name, thresholds=Thresholds(min_score=EVERYTHING))
    classifier = OnnxClassifier()
    for done, case in enumerate(cases, start=1):
        pixels, marks = case.read()
        regions = [one for one in detector.detect([pixels])[0] if one.label is Label.SIGNATURE]
        shares = classified(classifier, pixels, [region.box for region in regions])
        truths = tuple(mark.box for mark in marks if mark.label is Label.SIGNATURE)
        yield Reviewed(case, truths, tuple(regions), tuple(map(float, doubts(shares))))
        notice(stage, done, len(cases))


def _effect(cases: Sequence[Reviewed], min_score: float, doubt: float | None) -> RescoringEffect:
    return RescoringEffect(
        label_figures([one.scored(doubt) for one in cases]), _served(cases, min_score, doubt)
    )


def _served(cases: Sequence[Reviewed], min_score: float, doubt: float | None) -> AtThreshold:
    return served_figures([one.scored(doubt) for one in cases], min_score)


def _alarms(cases: Sequence[Reviewed], min_score: float, doubt: float | None) -> FalseAlarms:
    return false_alarms([one.scored(doubt) for one in cases], min_score)
