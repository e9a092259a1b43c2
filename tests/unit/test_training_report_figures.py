"""Reports of the models as figures: names that the accuracy page asks for, each once, with fitting counts."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from training.classifier.evaluate import ClassifierReport  # noqa: E402
from training.classifier.figures import classifier_figures  # noqa: E402
from training.classifier.gate import RescoringEffect, RescoringReport  # noqa: E402
from training.classifier.metrics import CropFigures  # noqa: E402
from training.cleaner.evaluate import (  # noqa: E402
    CleanerFigures,
    CleanerReport,
    CleanerSetReport,
    Errors,
    StrokeShares,
)
from training.cleaner.figures import cleaner_figures  # noqa: E402
from training.common.accuracy_tables import TABLES  # noqa: E402
from training.common.figures import Unit  # noqa: E402
from training.common.shares import Share  # noqa: E402
from training.common.statistics import Estimate  # noqa: E402
from training.detector.conditions import drawn_family, scanned_family  # noqa: E402
from training.detector.evaluate import ConditionReport, DetectorReport, LabelReport  # noqa: E402
from training.detector.figures import detector_figures  # noqa: E402
from training.detector.metrics import AtThreshold, FalseAlarms, LabelFigures  # noqa: E402
from training.detector.parity import Parity  # noqa: E402
from training.detector.signed_pages import SignedPages  # noqa: E402
from training.detector.speed import Speed  # noqa: E402
from training.detector.testsets import FLAGGED, MEASURING, VIEWED  # noqa: E402
from training.verifier.copies import CopiesReport, Pairs  # noqa: E402
from training.verifier.enrolment import FlaggedReferences, ReferenceReport  # noqa: E402
from training.verifier.figures import copies_figures, reference_figures  # noqa: E402
from worker.vision.choices import Label  # noqa: E402

#: The default first, then others.
THRESHOLDS = (0.5, 0.2, 0.3, 0.4, 0.6, 0.7)
HALF = Estimate(0.5, 0.4, 0.6)
OVER_ALL = LabelFigures(
    pages=9,
    documents=9,
    truths=10,
    map50=0.9,
    map50_95=0.6,
    precision=0.8,
    recall=0.7,
    best_score=0.4,
    intervals=dict.fromkeys(("map50", "map50_95", "precision", "recall"), (0.1, 0.95)),
)


def served(score: float = 0.5) -> AtThreshold:
    return AtThreshold(score, truths=10, true_positives=8, false_alarms=3, recall=HALF, precision=HALF)


def alarms(score: float = 0.5) -> FalseAlarms:
    return FalseAlarms(20, 5, 4, score, HALF, Estimate(0.25, 0.1, 0.5))


def detector_report() -> DetectorReport:
    known = LabelReport(OVER_ALL, served())
    labels: dict[str, LabelReport | None] = {label.value: known for label in Label}
    public: dict[str, LabelReport | None] = {Label.SIGNATURE.value: known}
    share = Share(3, 4)
    names = ("test-419", "test-397", "Tobacco800 test", "colour test")
    return DetectorReport(
        date="2026-01-01",
        commit="abc",
        name="detector",
        engine="onnx",
        weights="ab" * 32,
        sizes=(640,),
        thresholds={"signature": 0.5},
        sets=dict.fromkeys(names, public) | dict.fromkeys(("drawn", "documents"), labels),
        unsigned={name: alarms() for name in (FLAGGED, VIEWED, MEASURING)},
        signed_pages={
            source: [
                SignedPages(source, at, share, share, share, share) for at in (0.5, 0.2, 0.3, 0.4, 0.6, 0.7)
            ]
            for source in ("memos", "modern_town")
        },
        conditions=[
            ConditionReport(family.name, 30, condition.name, served(), served() if condition.turns else None)
            for family in (drawn_family(), scanned_family(()))
            for condition in family.conditions
        ],
        parity=Parity(100, 300, 0, 0.99, 0.01),
        speed=Speed(30, 1, 92.0, 90.0, 120.0),
    )


def rescoring() -> RescoringReport:
    effect = RescoringEffect(OVER_ALL, served())
    return RescoringReport(
        name="detector",
        detector="ab" * 32,
        classifier="cd" * 32,
        min_score=0.5,
        doubt=0.9,
        default=True,
        sets=dict.fromkeys(("test-419", "test-397", "Tobacco800 test"), (effect, effect)),
        unsigned={name: (alarms(), alarms()) for name in (FLAGGED, VIEWED, MEASURING)},
        others=tuple((served(at), alarms(at)) for at in sorted(THRESHOLDS)),
    )


def classifier_report() -> ClassifierReport:
    figures = CropFigures(30, 9, HALF, HALF, Estimate(math.nan, math.nan, math.nan), HALF, ())
    return ClassifierReport(
        date="2026-01-01",
        commit="abc",
        weights="cd" * 32,
        milliseconds=1.5,
        sets={"all": figures, "real pages": figures},
        sources={"Tobacco800": (0.9, 20), "drawn": (1.0, 10)},
    )


def cleaner_report() -> CleanerReport:
    errors = Errors(HALF, HALF)
    figures = CleanerFigures(StrokeShares(HALF, HALF, HALF, HALF), errors, errors, 0.25)
    measured = CleanerSetReport(40, 240, (120, 480, 4800), {"off": figures, "auto": figures}, errors)
    digests = dict.fromkeys(("cleaner", "encoder", "matcher"), "ef" * 32)
    sets = dict.fromkeys(("BHSig260-Hindi test", "CEDAR"), measured)
    return CleanerReport("2026-01-01", "abc", digests, sets)


def copies_report() -> CopiesReport:
    pairs = {
        name: Pairs(Share(hits, of), 0, (0.1, 0.2, 0.3, 0.4), [])
        for name, hits, of in (("CEDAR", 0, 100), ("BHSig260-Hindi test", 1, 300))
    }
    copies = dict.fromkeys(("scanned again", "1 bit, thin", "anything of these"), Share(44, 48))
    return CopiesReport("2026-01-01", "abc", "auto", 0.8, pairs, copies, Share(40, 48), 500)


def named(written) -> dict[tuple[str, str, str], float | None]:
    return {(one.model, one.set, one.measure): one.value for one in written.figures}


WRITTEN = {
    "detector": lambda: detector_figures(detector_report()),
    "classifier": lambda: classifier_figures(classifier_report(), rescoring()),
    "cleaner": lambda: cleaner_figures(cleaner_report()),
    "copies": lambda: copies_figures(copies_report()),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_figure_is_named_once_in_its_file(written):
    figures = written().figures

    assert len(named(written())) == len(figures) > 0


@pytest.mark.parametrize(
    "table", ["signed-pages", "home", "labels", "cleaner", "copies", "conditions", "thresholds"]
)
def test_the_figures_that_the_accuracy_page_shows_are_among_those_that_evaluate_writes(table):
    there = set().union(*(named(written()) for written in WRITTEN.values()))

    missing = [
        (row.model, column.set or row.set, column.measure.format(at=row.at))
        for row in TABLES[table].rows
        for column in TABLES[table].columns
        # The accurate size is measured by the same code under its own name and threshold.
        if row.model != "detector-accurate" and not column.optional
        and (row.model, column.set or row.set, column.measure.format(at=row.at)) not in there
    ]  # fmt: skip

    assert missing == []


def test_recall_is_over_true_boxes_and_precision_over_answers():
    figures = {(one.set, one.measure): one.n for one in WRITTEN["detector"]().figures}

    assert figures["drawn, signature", "recall at 0.50"] == 10
    assert figures["drawn, signature", "precision at 0.50"] == 11


def test_what_is_no_share_says_what_it_is():
    units = {one.measure: one.unit for one in WRITTEN["detector"]().figures}

    assert units["mean time a page"] is Unit.MILLISECONDS
    assert units["false alarms at 0.50"] is Unit.PER_PAGE
    assert units["regions of one engine alone"] is Unit.COUNT


def test_a_precision_over_nothing_is_null():
    figures = named(WRITTEN["classifier"]())

    assert figures["classifier", "test crops", "signature precision"] is None
    assert figures["classifier", "test crops", "signature recall"] == 0.5


def test_false_alarms_of_all_pairs_are_counted_together():
    (figure,) = (one for one in WRITTEN["copies"]().figures if one.set == "all")

    assert (figure.value, figure.n) == (pytest.approx(1 / 400), 400)


def test_every_file_names_the_weights_that_were_measured():
    assert WRITTEN["classifier"]().weights.keys() == {"classifier", "detector"}
    assert WRITTEN["cleaner"]().weights.keys() == {"cleaner", "encoder", "matcher"}


def test_flagged_references_are_shares_with_exact_intervals():
    flagged = FlaggedReferences(Share(1, 100), Share(1, 20), Share(18, 20), Share(5, 20))
    report = ReferenceReport("2026-01-01", "abc", "ab" * 32, -2.0, {"CEDAR": flagged})

    figures = {one.measure: one for one in reference_figures(report).figures}

    assert figures["random forgeries found"].value == 0.9
    assert (figures["random forgeries found"].low, figures["random forgeries found"].high) == Share(
        18, 20
    ).interval
