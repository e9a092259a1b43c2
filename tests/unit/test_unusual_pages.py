"""Drawn pages of unusual kinds: the same each time, signed where they say, and counted as served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from training.roles.commands import RolesReport, _show_drawn
from training.roles.unusual import NONE_THERE, THERE, UnusualKind, measure_unusual, unusual_page
from worker.vision.values import Box, DetectedRegion, Pixels

QUICK = [pytest.param(kind, id=kind.name) for kind in (*THERE, *NONE_THERE) if kind.pages == THERE[0].pages]


class Sees:
    """A detector that finds the same signatures on every page."""

    version = "sees"

    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        regions = [DetectedRegion(box, 0.9, role_probability=0.9, signs=True) for box in self._boxes]
        return [regions for _ in pages]


@pytest.mark.parametrize("kind", QUICK)
def test_a_page_is_the_same_each_time_and_has_ink_where_it_is_signed(kind: UnusualKind) -> None:
    page, again = unusual_page(kind, 1), unusual_page(kind, 1)

    assert np.array_equal(page.pixels, again.pixels)
    assert page.signed == again.signed
    assert bool(page.signed) is (kind in THERE)
    height, width = page.pixels.shape[:2]
    for box in page.signed:
        assert 0 <= box.x < box.x + box.width <= width
        assert 0 <= box.y < box.y + box.height <= height
        window = page.pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)]
        assert np.ptp(window) > 60


def test_a_large_sheet_is_signed_true_to_scale_in_its_title_block() -> None:
    (large,) = (kind for kind in THERE if "A2" in kind.name)
    page = unusual_page(large, 0)

    (box,) = page.signed
    height, width = page.pixels.shape[:2]
    assert max(height, width) > 3_000
    assert box.x > 0.75 * width
    assert box.y > 0.75 * height


def test_a_large_sheet_is_measured_in_tiles_as_it_is_served() -> None:
    (large,) = (kind for kind in THERE if "A2" in kind.name)
    looks = list[int]()

    class Counts(Sees):
        def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
            looks.append(len(pages))
            return super().detect(pages)

    measure_unusual([large], Counts(), lambda *_: None, limit=1)

    assert looks[0] > 1


def test_signatures_found_and_pages_called_signed_are_counted() -> None:
    kind = THERE[0]
    (box,) = unusual_page(kind, 0).signed

    def measured(kinds: Sequence[UnusualKind], *boxes: Box) -> tuple[int, int]:
        (row,) = measure_unusual(kinds, Sees(*boxes), lambda *_: None, limit=1)
        return row.share.some, row.share.many

    assert measured([kind], box) == (1, 1)
    assert measured([kind], Box(0, 0, 9, 9)) == (0, 1)
    assert measured(NONE_THERE[:1], box) == (1, 1)
    assert measured(NONE_THERE[:1]) == (0, 1)


def test_kinds_are_figures_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = measure_unusual(THERE[:1], Sees(), lambda *_: None, limit=1)
    alike = measure_unusual(NONE_THERE[:1], Sees(), lambda *_: None, limit=1)
    report = RolesReport(unusual=tuple(rows), lookalikes=tuple(alike))

    _show_drawn(report)

    names = {figure.measure for figure in report.figures().figures}
    assert names == {
        "signatures found, thumb print",
        "pages called signed, a line through an empty place to sign",
    }
    assert "thumb print: signatures found 0.000" in capsys.readouterr().out
