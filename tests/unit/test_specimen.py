"""What an image given as one signature shows, and which references a verdict may rest on."""

from __future__ import annotations

import numpy as np

from tests.handwriting import signature
from worker.vision.choices import Cleaning, Confidence, Label, Outcome
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.cleaning.prepare import prepare
from worker.vision.values import Box, DetectedRegion, Opinion, Pixels
from worker.vision.verification.enrolment import Grade, Remark, grade
from worker.vision.verification.specimen import (
    View,
    along_rows,
    are_specimens,
    held_back,
    is_negative,
    rows_of_ink,
    serving,
    view_of,
)


def rgb(image: np.ndarray) -> Pixels:
    return np.repeat(image[:, :, None], 3, axis=2)


def graded(image: np.ndarray) -> Grade:
    prepared = prepare(rgb(image), load_cleaner(Cleaning.CLASSICAL))
    return grade(rgb(image), prepared.clean, prepared.quality)


def dotted(count: int) -> Pixels:
    image = np.full((400, 400, 3), 255, np.uint8)
    for number in range(count):
        top, left = 20 + 20 * (number // 15), 20 + 20 * (number % 15)
        image[top : top + 8, left : left + 8] = 0
    return image


def region_of(width: float, height: float) -> DetectedRegion:
    return DetectedRegion(Box(0, 0, width, height), 0.9, Label.SIGNATURE)


def test_an_image_is_a_page_a_likely_card_or_a_signature_by_its_marks_and_size() -> None:
    wide = np.full((100, 1000, 3), 255, np.uint8)

    assert [view_of(dotted(count)) for count in (3, 30, 150)] == [View.SIGNATURE, View.CARD, View.PAGE]
    assert view_of(wide) is View.CARD


def stacked(*tops: int) -> Pixels:
    image = np.full((400, 400, 3), 255, np.uint8)
    for top in tops:
        image[top : top + 80, 30:370] = 0
    return image


def test_specimens_one_below_the_other_are_a_card_and_are_cut_by_their_rows() -> None:
    assert [view_of(stacked(20)), view_of(stacked(20, 160, 300))] == [View.SIGNATURE, View.CARD]
    rows = rows_of_ink(stacked(20, 300))
    assert rows == [Box(30, 20, 340, 80), Box(30, 300, 340, 80)]
    assert rows_of_ink(np.full((40, 40, 3), 255, np.uint8)) == []

    half, other, aside = (
        DetectedRegion(box, 0.9) for box in (Box(40, 30, 90, 60), Box(60, 310, 200, 60), Box(300, 30, 60, 60))
    )
    assert [region.box for region in along_rows([half, other], rows)] == rows
    assert along_rows([half], rows)[0].box == rows[0]
    assert along_rows([half, aside, other], rows) == [half, aside, other]
    assert along_rows([half], rows[:1]) == [half]


def test_signatures_of_a_card_are_alike_in_size_and_parts_of_one_are_not() -> None:
    assert are_specimens([region_of(400, 200), region_of(420, 180), region_of(390, 150)])
    assert not are_specimens([region_of(400, 200), region_of(100, 40)])
    assert not are_specimens([region_of(400, 200)])


def test_a_signature_on_its_side_stays_below_the_grade_that_verdicts_ask_for() -> None:
    upright = signature(3)

    sideways = graded(np.ascontiguousarray(np.rot90(upright)))

    assert Remark.SIDEWAYS in sideways.remarks
    assert serving([graded(upright).score, sideways.score, None]) == [0, 2]


def test_no_verdict_above_inconclusive_rests_on_weak_references() -> None:
    forged = Opinion(Outcome.FORGED, 0.01, -6.0, Confidence.HIGH, 3)

    assert held_back(forged) == Opinion(Outcome.INCONCLUSIVE, 0.01, -6.0, None, 3)
    assert held_back(Opinion(Outcome.NO_REFERENCE)) == Opinion(Outcome.NO_REFERENCE)


def test_an_image_that_is_mostly_dark_is_a_negative_and_an_empty_one_is_none() -> None:
    written = rgb(signature(3))

    assert [is_negative(image) for image in (written, 255 - written, written[:0])] == [False, True, False]
