"""Opinions: what is said when, and in which words."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import MeanEncoder
from training.catalogue import register_weights
from worker.engines import result_versions
from worker.errors import WeightsError
from worker.settings import Detection, Verification
from worker.vision.choices import Confidence, Outcome, QualityIssue
from worker.vision.values import Quality
from worker.vision.verification import architectures
from worker.vision.verification.architectures.siamese import SHORTLIST, SiameseVerifier
from worker.vision.verification.calibration import (
    Calibration,
    Fit,
    OpenSetThreshold,
    agreement,
    load_calibration,
    log_odds,
    parse,
    probability,
    soft_maximum,
)
from worker.vision.verification.embedding import DIMENSION, STEADINESS
from worker.vision.verification.verifier import load_verifier
from worker.vision.weights import CATALOGUE_NAME, WEIGHTS_DIR, read_catalogue

USABLE = Quality(ink=0.1, width=200, height=60, usable=True)
BLANK = Quality(ink=0.0, width=0, height=0, usable=False, issues=(QualityIssue.BLANK,))
FIT = {
    "slope": 1.0,
    "agreement": 0.0,
    "intercept": 0.0,
    "genuine_from": 0.7,
    "forged_below": 0.3,
    "medium": 2.0,
    "high": 4.0,
    "medium_forged": 2.5,
    "high_forged": 5.5,
}
OPEN_SET = {"level": -2.0, "slope": 1.0, "rate": 0.1}
CALIBRATION = Calibration(
    "plain",
    0.0,
    (Fit(references=1, **FIT), Fit(references=3, **{**FIT, "slope": 2.0})),
    OpenSetThreshold(**OPEN_SET),
)


class FirstNumber:
    """A matcher whose logit is the first number of the reference."""

    version = "first-number"

    def logits(self, query, references):
        return references[:, 0].astype(np.float64)


VERIFIER = SiameseVerifier(MeanEncoder(), FirstNumber(), CALIBRATION)
QUERY = np.zeros(4, np.float32)


def references(*logits: float) -> np.ndarray:
    return np.array([[logit, 0, 0, 0] for logit in logits], np.float32)


def test_without_references_there_is_no_verdict():
    opinion = VERIFIER.compare(QUERY, np.zeros((0, 4), np.float32), quality=USABLE)

    assert opinion.outcome is Outcome.NO_REFERENCE
    assert opinion.probability is None
    assert opinion.references == 0


def test_an_unusable_crop_is_inconclusive_without_a_number():
    opinion = VERIFIER.compare(QUERY, references(9.0), quality=BLANK)

    assert opinion.outcome is Outcome.INCONCLUSIVE
    assert opinion.probability is None
    assert opinion.confidence is None
    assert opinion.references == 1


@pytest.mark.parametrize(
    ("logit", "outcome", "confidence"),
    [
        pytest.param(5.0, Outcome.GENUINE, Confidence.HIGH, id="surely genuine"),
        pytest.param(2.5, Outcome.GENUINE, Confidence.MEDIUM, id="probably genuine"),
        pytest.param(1.0, Outcome.GENUINE, Confidence.LOW, id="rather genuine"),
        pytest.param(0.3, Outcome.INCONCLUSIVE, None, id="leaning genuine"),
        pytest.param(-0.3, Outcome.INCONCLUSIVE, None, id="leaning forged"),
        pytest.param(-1.0, Outcome.FORGED, Confidence.LOW, id="rather forged"),
        pytest.param(-2.25, Outcome.FORGED, Confidence.LOW, id="forged needs more for a word"),
        pytest.param(-5.0, Outcome.FORGED, Confidence.MEDIUM, id="probably forged"),
        pytest.param(-6.0, Outcome.FORGED, Confidence.HIGH, id="surely forged"),
    ],
)
def test_words_follow_the_probability(logit, outcome, confidence):
    opinion = VERIFIER.compare(QUERY, references(logit), quality=USABLE)

    assert opinion.outcome is outcome
    assert opinion.confidence is confidence
    assert opinion.llr == pytest.approx(logit)
    assert (opinion.probability > 0.5) == (logit > 0)


@pytest.mark.parametrize(("count", "slope"), [(1, 1.0), (2, 1.0), (3, 2.0), (50, 2.0)])
def test_the_nearest_lower_number_of_references_calibrates(count, slope):
    opinion = VERIFIER.compare(QUERY, references(*[0.5] * count), quality=USABLE)

    assert opinion.llr == pytest.approx(0.5 * slope)
    assert opinion.references == count


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=12), st.randoms())
def test_the_order_of_references_does_not_matter(logits, random):
    shuffled = list(logits)
    random.shuffle(shuffled)

    opinion = VERIFIER.compare(QUERY, references(*logits), quality=USABLE)
    other = VERIFIER.compare(QUERY, references(*shuffled), quality=USABLE)

    assert opinion.probability == pytest.approx(other.probability, abs=1e-6)


def test_no_ratio_is_stated_that_the_sets_cannot_carry():
    bounded = Fit(references=1, **FIT, least=-3.0, most=2.0)
    verifier = SiameseVerifier(
        MeanEncoder(), FirstNumber(), Calibration("bounded", 0.0, (bounded,), OpenSetThreshold(**OPEN_SET))
    )

    llrs = [verifier.compare(QUERY, references(logit), quality=USABLE).llr for logit in (-9.0, 1.0, 9.0)]
    nearest = verifier.nearest(QUERY, {"anna": references(8.0), "bert": references(9.0)})

    assert llrs == pytest.approx([-3.0, 1.0, 2.0])
    assert [signer for signer, _ in nearest] == ["bert", "anna"]


def test_suggestions_are_the_likeliest_signers_best_first():
    enrolled = {
        "anna": references(1.0),
        "bert": references(3.0, 3.0),
        "carl": references(-4.0),
        "dora": references(3.0, 3.0),
        "emil": np.zeros((0, 4), np.float32),
    }

    nearest = VERIFIER.nearest(QUERY, enrolled, top=3)

    assert [signer for signer, _ in nearest] == ["bert", "dora", "anna"]
    assert nearest[0][1] == VERIFIER.compare(QUERY, enrolled["bert"], quality=USABLE).probability


def test_nobody_enrolled_means_no_suggestion():
    assert VERIFIER.nearest(QUERY, {}) == []


def test_the_nearest_of_many_must_be_nearer_than_that_of_few():
    somebody = [VERIFIER.is_somebody(probability(0.5), enrolled=count) for count in (1, 10, 100, 1000)]

    assert somebody == [True, True, False, False]


def test_a_search_among_many_compares_the_nearest_in_full():
    query = np.array([1.0, 0, 0, 0], np.float32)
    enrolled = {f"signer {i:03}": references(float(i)) for i in range(3 * SHORTLIST)}

    nearest = VERIFIER.nearest(query, enrolled, top=2)

    last = 3 * SHORTLIST - 1
    assert nearest == VERIFIER.nearest(query, dict(list(enrolled.items())[-SHORTLIST:]), top=2)
    assert [signer for signer, _ in nearest] == [f"signer {last:03}", f"signer {last - 1:03}"]


@pytest.mark.parametrize(
    ("sharpness", "expected"),
    [
        pytest.param(0.0, 0.5, id="mean"),
        pytest.param(1.0, 1.4338, id="between"),
        pytest.param(50.0, 2.0, id="best"),
    ],
)
def test_sharpness_leads_from_the_mean_to_the_best_reference(sharpness, expected):
    assert soft_maximum(np.array([-1.0, 2.0]), sharpness) == pytest.approx(expected, abs=0.1)


def test_agreement_is_that_of_different_references():
    assert agreement(np.array([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])) == pytest.approx(2.0)
    assert agreement(np.array([[9.0]])) == 0.0


def test_a_query_is_judged_against_how_much_its_writer_varies():
    strict = Calibration(
        "strict", 0.0, (Fit(references=1, **{**FIT, "agreement": -0.5}),), OpenSetThreshold(**OPEN_SET)
    )
    verifier = SiameseVerifier(MeanEncoder(), FirstNumber(), strict)

    steady, varying = references(3.0, 3.0), references(1.0, 1.0)

    assert verifier.compare(QUERY, steady, quality=USABLE).llr == pytest.approx(3.0 - 1.5)
    assert verifier.compare(QUERY, varying, quality=USABLE).llr == pytest.approx(1.0 - 0.5)


@pytest.mark.parametrize(
    ("steadiness", "expected"),
    [
        pytest.param(4.0, [3.0 - 2.0, 3.0], id="steadier than usual"),
        pytest.param(-4.0, [3.0, 3.0], id="less steady tells nothing"),
    ],
)
def test_a_single_reference_is_judged_by_its_steadiness_several_are_not(
    steadiness: float, expected: list[float]
):
    strict = Calibration(
        "strict", 0.0, (Fit(references=1, **{**FIT, "plainness": -0.5}),), OpenSetThreshold(**OPEN_SET)
    )
    verifier = SiameseVerifier(MeanEncoder(), FirstNumber(), strict)
    rows = np.zeros((2, DIMENSION), np.float32)
    rows[:, 0], rows[:, STEADINESS] = 3.0, steadiness

    llrs = [verifier.compare(rows[0], rows[:count], quality=USABLE).llr for count in (1, 2)]

    assert llrs == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no JSON"),
        pytest.param(json.dumps({"sharpness": 0, "strangers": OPEN_SET}), id="no fits"),
        pytest.param(json.dumps({"sharpness": 0, "strangers": OPEN_SET, "fits": []}), id="empty fits"),
        pytest.param('{"sharpness": 0, "fits": [{"references": 1}]}', id="half a fit"),
        pytest.param(json.dumps({"sharpness": 0, "fits": [{"references": 1, **FIT}]}), id="no strangers"),
    ],
)
def test_a_malformed_calibration_is_refused(text):
    with pytest.raises(WeightsError, match="calibration"):
        parse(text, version="x")


def test_notes_in_the_calibration_are_not_read():
    text = json.dumps(
        {
            "sharpness": 0.0,
            "fits": [{"references": 1, **FIT}],
            "strangers": OPEN_SET,
            "fitted_on": ["some set"],
        }
    )

    assert parse(text, version="x").fits == (Fit(references=1, **FIT),)


def test_a_calibration_from_before_words_had_two_sides_is_read():
    older = {name: value for name, value in FIT.items() if not name.endswith("_forged")}
    text = json.dumps({"sharpness": 0.0, "fits": [{"references": 1, **older}], "strangers": OPEN_SET})

    (fit,) = parse(text, version="x").fits

    assert (fit.medium_forged, fit.high_forged) == (fit.medium, fit.high)


def test_the_shipped_calibration_makes_sense():
    fits = load_calibration().fits

    assert [fit.references for fit in fits] == [1, 2, 3, 5, 8, 10]
    for fit in fits:
        assert fit.slope > 0
        assert 0 < fit.forged_below <= 0.5 <= fit.genuine_from < 1
        assert 0 <= fit.medium <= fit.high
        assert 0 <= fit.medium_forged <= fit.high_forged
        assert fit.least - 1e-4 <= log_odds(fit.forged_below) < log_odds(fit.genuine_from) <= fit.most + 1e-4


def test_one_reference_has_the_widest_band_and_many_the_narrowest():
    fits = load_calibration().fits
    widths = [fit.genuine_from - fit.forged_below for fit in fits]

    assert all(few.genuine_from >= more.genuine_from for few, more in pairwise(fits))
    assert all(few.forged_below <= more.forged_below for few, more in pairwise(fits))
    for few, more in pairwise(fits):
        assert few.medium >= more.medium and few.high >= more.high
        assert few.medium_forged >= more.medium_forged and few.high_forged >= more.high_forged
    assert widths[0] > widths[-1]


def test_verdicts_name_the_files_that_they_rest_on():
    versions = load_verifier().versions

    assert set(versions) == {"encoder", "matcher", "calibration"}
    assert all(len(digest) == 64 for digest in versions.values())


def test_results_name_the_parts_of_the_verifier_that_serves():
    named = result_versions(Detection(), Verification())

    assert load_verifier().versions.items() <= named.items()


def test_an_unknown_verifier_lists_the_known_ones():
    with pytest.raises(WeightsError, match=r"'other'.*it has:.*\bverifier\b"):
        load_verifier("other")


#: An architecture whose embeddings bear no digest of the catalogue.
CELLS = """
from tests.fakes import CellVerifier

def build(entry, *, device, folder):
    return CellVerifier()
"""


def composed(folder: Path, **fields: object) -> Path:
    """A weights folder with the shipped files and one verifier more, `second`."""
    shutil.copytree(WEIGHTS_DIR, folder)
    path = folder / CATALOGUE_NAME
    catalogue = json.loads(path.read_text())
    path.write_text(json.dumps({**catalogue, "second": {**catalogue["verifier"], **fields}}))
    return folder


def test_a_second_verifier_is_an_entry_of_the_catalogue(tmp_path):
    folder = composed(tmp_path / "weights")

    assert load_verifier("second", folder=folder).versions == load_verifier().versions


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"architecture": "abacus"}, "no architecture 'abacus'", id="architecture"),
        pytest.param({"parts": {"encoder": "encoder"}}, "names no matcher", id="part"),
        pytest.param(
            {"parts": {"encoder": "encoder", "matcher": "lost", "calibration": "calibration"}},
            "'lost'",
            id="file",
        ),
        pytest.param(
            {"architecture": "cells"}, "do not name the digest of its part `encoder`", id="embeddings"
        ),
    ],
)
def test_a_verifier_that_cannot_be_put_together_says_what_is_missing(tmp_path, monkeypatch, fields, reason):
    (tmp_path / "cells.py").write_text(CELLS)
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    with pytest.raises(WeightsError, match=reason):
        load_verifier("second", folder=composed(tmp_path / "weights", **fields))


def test_an_architecture_that_lacks_a_library_says_which(tmp_path, monkeypatch):
    """It is there: to say that there is no such architecture would send the reader astray."""
    (tmp_path / "counting.py").write_text("import beads_on_wires\n")
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    folder = composed(tmp_path / "weights", architecture="counting")

    with pytest.raises(ModuleNotFoundError, match="beads_on_wires"):
        load_verifier("second", folder=folder)


def test_registering_weights_keeps_the_verifiers(tmp_path):
    folder = composed(tmp_path / "weights")
    register_weights("model", folder / "verifier.md", card="verifier.md", licence="MIT", folder=folder)

    assert read_catalogue(folder).verifiers.keys() == {*read_catalogue().verifiers, "second"}
