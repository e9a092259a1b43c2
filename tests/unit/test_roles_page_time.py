"""How long a page takes with roles, and the home test set: what `evaluate roles` counts and prints."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.test_unusual_pages import Sees
from training.common.figures import Unit
from training.common.statistics import Estimate
from training.detector.marked import MarkedPage
from training.detector.metrics import LabelFigures
from training.roles import page_time
from training.roles.commands import _show_home, _show_page_times
from training.roles.evaluate import RolesReport
from training.roles.page_time import TIMED, PageTimes, measure_page_times


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[MarkedPage]:
    image = tmp_path / "page.png"
    cv2.imwrite(str(image), np.full((60, 40), 255, np.uint8))
    known = [MarkedPage(image, f"memos:{number}", 40, 60, False, ()) for number in range(5)]
    monkeypatch.setattr(page_time, "read_marked", lambda *_: known)
    return known


def test_every_page_is_timed_once_but_the_first_looked_at_twice(
    pages: list[MarkedPage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Seconds before and after each look; the first of six does not count.
    clock = iter([0.0, 9.0, 10.0, 10.01, 20.0, 20.02, 30.0, 30.03, 40.0, 40.04, 50.0, 50.05])
    monkeypatch.setattr(page_time.time, "process_time", lambda: next(clock))

    times = measure_page_times(tmp_path, Sees(), lambda *_: None)

    assert times is not None
    assert times.pages == len(pages)
    assert (times.mean.value, times.median, times.slowest) == pytest.approx((30, 30, 50))
    assert times.mean.low < 30 < times.mean.high


def test_no_pages_have_no_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page_time, "read_marked", lambda *_: [])

    assert measure_page_times(tmp_path, Sees(), lambda *_: None) is None


def test_the_time_of_a_page_is_a_line_and_figures_in_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    report = RolesReport(page_times=PageTimes(38, Estimate(87.0, 80.0, 94.0), 82.0, 190.0))

    _show_page_times(report)

    assert f"{TIMED}: 87 (80–94) ms a page, median 82, slowest 190, 38 pages" in capsys.readouterr().out
    figures = {figure.measure: figure for figure in report.figures().figures}
    assert figures["mean time a page"].value == 87
    assert {figure.unit for figure in figures.values()} == {Unit.MILLISECONDS}


def test_the_home_test_set_is_printed_with_its_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    intervals = {"map50": (0.914, 0.962), "map50_95": (0.599, 0.656)}
    home = LabelFigures(419, 383, 467, 0.94, 0.626, 0.9, 0.9, 0.5, intervals)

    _show_home(RolesReport(home=home))

    printed = " ".join(capsys.readouterr().out.split())
    assert "mAP50 0.940 (0.914–0.962), mAP50-95 0.626 (0.599–0.656), 467 signatures" in printed
