"""Signed or unsigned: pages and marks are counted as a reader of the figures would count them."""

import json

import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.detector.marked import MarkedPage, read_marked  # noqa: E402
from training.detector.signed_pages import Answered, Share, at_threshold  # noqa: E402
from worker.vision.values import Box, Region  # noqa: E402

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


def on_the_mark(score: float) -> Region:
    return Region(Box(x=100, y=200, width=200, height=60), score)


def test_a_mark_is_read_with_its_box_and_role(page):
    (mark,) = page({"signs": None}).marks

    assert (mark.box, mark.signs) == (Box(x=100, y=200, width=200, height=60), False)


def test_a_signed_page_is_found_from_its_score_on(page):
    answered = [Answered(page({}), (on_the_mark(0.6),))]

    assert at_threshold("memos", answered, 0.6).signed_found == Share(1, 1)
    assert at_threshold("memos", answered, 0.61).signed_found == Share(0, 1)


def test_a_signature_elsewhere_finds_the_page_but_not_its_mark(page):
    elsewhere = Region(Box(x=600, y=900, width=200, height=60), 0.9)

    counted = at_threshold("memos", [Answered(page({}), (elsewhere,))], 0.5)

    assert (counted.signed_found, counted.marks_found) == (Share(1, 1), Share(0, 1))


def test_an_unsigned_page_with_a_signature_is_a_false_alarm(page):
    pages = [page({"form": "initials", "signs": False}, signed=False), page(signed=False)]

    counted = at_threshold("memos", [Answered(pages[0], (on_the_mark(0.9),)), Answered(pages[1], ())], 0.5)

    assert (counted.unsigned_called_signed, counted.signed_found) == (Share(1, 2), Share(0, 0))


def test_initials_only_counts_pages_without_a_full_signature(page):
    initials = {"form": "initials"}
    pages = [page(initials), page(initials, {}), page({"form": "initials", "signs": False}, {})]

    counted = at_threshold("memos", [Answered(one, (on_the_mark(0.9),)) for one in pages], 0.5)

    assert counted.initials_only_found == Share(1, 1)


def test_pages_that_nobody_could_judge_and_boxes_that_do_not_fit_are_left_out(page):
    answered = [Answered(page({}, signed=None), ()), Answered(page({"fits": False}), ())]

    counted = at_threshold("memos", answered, 0.5)

    assert (counted.signed_found.many, counted.unsigned_called_signed.many, counted.marks_found.many) == (
        1,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("share", "interval"),
    [
        # Newcombe (1998), table I, method 3.
        pytest.param(Share(81, 263), (0.2553, 0.3662), id="large"),
        pytest.param(Share(15, 148), (0.0624, 0.1605), id="small"),
        pytest.param(Share(0, 20), (0.0, 0.1611), id="none"),
        pytest.param(Share(0, 0), (0.0, 1.0), id="nothing asked"),
    ],
)
def test_the_interval_is_wilsons(share, interval):
    assert share.interval == pytest.approx(interval, abs=5e-5)
