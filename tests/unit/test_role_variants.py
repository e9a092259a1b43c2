"""Copies of pages that train: mirrored backs that show through, and pages reduced on a sheet."""

from __future__ import annotations

import numpy as np
import pytest

from training.roles.pages import PageTruth, RolePage, TrueMark
from training.roles.variants import GHOSTS, REDUCED, variants
from worker.vision.values import Box, Pixels

MARK = Box(20, 150, 60, 20)


def page(source: str, *, signed: bool = True, number: int = 0) -> RolePage:
    def read() -> Pixels:
        pixels = np.full((400, 300, 3), 255, np.uint8)
        pixels[150:170, 20:80] = 0
        return pixels

    truth = PageTruth(source, f"{source}:{number}", signed, by_initials=False)
    return RolePage(truth, read, 300, 400, (TrueMark(MARK, "signature", signs=True),))


def test_signed_memos_are_copied_twice_others_once_and_the_source_left_out_never():
    pages = [page("memos"), page("tobacco800", number=1), page("tobacco800", number=2)]
    none = [page("modern_town"), page("memos", signed=False), page("unsigned")]

    copies = variants([*pages, *none])

    assert [(copy.truth.source, copy.truth.document) for copy in copies] == [
        (GHOSTS, "memos:0"),
        (REDUCED, "memos:0"),
        (GHOSTS, "tobacco800:1"),
        (REDUCED, "tobacco800:2"),
    ]


def test_a_back_shows_through_mirrored_and_paler_and_the_marks_stay():
    ghost = variants([page("memos")])[0]

    pixels, again = ghost.read(), ghost.read()

    assert np.array_equal(pixels, again)
    assert ghost.marks == page("memos").marks
    assert (pixels[155:165, 25:75] < 10).all()
    right = pixels[:, 150:]
    assert 100 < right.min() < 250


def test_a_reduced_page_has_its_marks_where_their_ink_is():
    reduced = variants([page("memos")])[1]

    pixels = reduced.read()

    rows, columns = np.nonzero(pixels[..., 0] < 128)
    box = reduced.marks[0].box
    assert (columns.min(), rows.min()) == pytest.approx((box.x, box.y), abs=1.5)
    assert (columns.max() + 1, rows.max() + 1) == pytest.approx(
        (box.x + box.width, box.y + box.height), abs=1.5
    )
    assert box.width < 0.81 * MARK.width
