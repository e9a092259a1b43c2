"""Signed or unsigned: pages and marks are counted as a reader of the figures would count them."""

import json

import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.shares import Share  # noqa: E402
from training.detector.marked import MarkedPage, read_marked  # noqa: E402
from training.detector.signed_pages import DetectedPage, signed_page_figures, signed_pages_at  # noqa: E402
from worker.vision.values import Box, DetectedRegion  # noqa: E402

MARK = {"box": [100, 200, 300, 260], "form": "signature", "signs": True, "fits": True}


@pytest.fixture
def page(tmp_path):
    """Builds a page from annotations of its marks."""

    def build(*marks: dict, signed: bool | None = True) -> MarkedPage:
        row = {
            "image": "images/a.tif",
            "document": 7,
            "width": 1000,
            "height": 1400,
            "signed": signed,
            "marks": [MARK | mark for mark in marks],
        }
        (tmp_path / "memos").mkdir(exist_ok=True)
        (tmp_path / "memos" / "annotations.json").write_text(json.dumps([row]))
        return read_marked(tmp_path, "memos")[0]

    return build


def on_the_mark(score: float) -> DetectedRegion:
    return DetectedRegion(Box(x=100, y=200, width=200, height=60), score)


def test_a_mark_is_read_with_its_box_and_role(page):
    (mark,) = page({"signs": None}).marks

    assert (mark.box, mark.signs) == (Box(x=100, y=200, width=200, height=60), False)


def test_a_signed_page_is_found_from_its_score_on(page):
    answered = [DetectedPage(page({}), (on_the_mark(0.6),))]

    assert signed_pages_at("memos", answered, 0.6).signed_found == Share(1, 1)
    assert signed_pages_at("memos", answered, 0.61).signed_found == Share(0, 1)


def test_a_signature_elsewhere_finds_the_page_but_not_its_mark(page):
    elsewhere = DetectedRegion(Box(x=600, y=900, width=200, height=60), 0.9)

    counted = signed_pages_at("memos", [DetectedPage(page({}), (elsewhere,))], 0.5)

    assert (counted.signed_found, counted.marks_found) == (Share(1, 1), Share(0, 1))


def test_an_unsigned_page_with_a_signature_is_a_false_alarm(page):
    pages = [page({"form": "initials", "signs": False}, signed=False), page(signed=False)]

    counted = signed_pages_at(
        "memos", [DetectedPage(pages[0], (on_the_mark(0.9),)), DetectedPage(pages[1], ())], 0.5
    )

    assert (counted.unsigned_called_signed, counted.signed_found) == (Share(1, 2), Share(0, 0))


def test_initials_only_counts_pages_without_a_full_signature(page):
    initials = {"form": "initials"}
    pages = [page(initials), page(initials, {}), page({"form": "initials", "signs": False}, {})]

    counted = signed_pages_at("memos", [DetectedPage(one, (on_the_mark(0.9),)) for one in pages], 0.5)

    assert counted.initials_only_found == Share(1, 1)


def test_pages_that_nobody_could_judge_and_boxes_that_do_not_fit_are_left_out(page):
    answered = [DetectedPage(page({}, signed=None), ()), DetectedPage(page({"fits": False}), ())]

    counted = signed_pages_at("memos", answered, 0.5)

    assert (counted.signed_found.many, counted.unsigned_called_signed.many, counted.marks_found.many) == (
        1,
        0,
        0,
    )


def test_the_share_of_nothing_could_be_anything():
    assert (Share(0, 0).value, Share(0, 0).interval) == (0.0, (0.0, 1.0))


def test_figures_name_their_operating_point_and_leave_out_what_was_not_asked(page):
    counted = signed_pages_at("memos", [DetectedPage(page({}), (on_the_mark(0.9),))], 0.5)

    figures = signed_page_figures("detector", [counted])

    assert [(figure.measure, figure.value, figure.n) for figure in figures] == [
        ("signed pages found at 0.50", 1.0, 1),
        ("marks that sign, found at 0.50", 1.0, 1),
    ]
