"""Figures of an evaluation: one shape, written and read back."""

import json
import math

import pytest
from pydantic import ValidationError

from training.common.figures import Unit, as_figure, read_figures, today, write_figures


def test_figures_come_back_from_their_file_as_they_were(tmp_path):
    figures = [
        as_figure("detector", of="squares", measure="recall", value=0.9, n=105, interval=(0.8, 0.95)),
        as_figure("detector", of="speed", measure="time a page", value=92.0, n=30, unit=Unit.MILLISECONDS),
    ]
    written = today({"detector": "ab" * 32}, figures)

    write_figures(written, tmp_path / "new" / "detector.json")

    assert read_figures(tmp_path / "new" / "detector.json") == written


def test_the_file_has_the_names_that_readers_rely_on(tmp_path):
    figure = as_figure("verifier", of="CEDAR", measure="EER", value=0.1, n=55)

    write_figures(today({}, [figure]), tmp_path / "f")

    whole = json.loads((tmp_path / "f").read_text())

    assert list(whole) == ["commit", "date", "weights", "figures"]
    assert whole["figures"] == [
        {
            "model": "verifier",
            "set": "CEDAR",
            "measure": "EER",
            "value": 0.1,
            "low": None,
            "high": None,
            "n": 55,
            "unit": "share",
        }
    ]


def test_what_could_not_be_measured_is_null_and_not_a_broken_number():
    figure = as_figure("classifier", of="own", measure="precision", value=math.nan, n=0)

    assert figure.value is None


def test_a_file_of_another_shape_is_refused(tmp_path):
    (tmp_path / "old.json").write_text('{"date": "2026-01-01", "sets": {}}')

    with pytest.raises(ValidationError):
        read_figures(tmp_path / "old.json")
