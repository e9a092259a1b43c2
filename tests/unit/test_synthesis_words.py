"""What drawn pages say, and how it is set: days, fields, clauses, letters, sheets of print."""

from __future__ import annotations

import re

import numpy as np
import pytest

from training.synthesis import prose
from training.synthesis.kinematics import speed
from training.synthesis.layouts import LAYOUTS
from training.synthesis.letters import glyph
from training.synthesis.pages import blank
from training.synthesis.plans import FLOURISHES, signature_plan
from training.synthesis.prose import Day
from training.synthesis.strokes import InventedSigner, sign
from training.synthesis.typeset import CARRIED, SCRIPTS, script_words, sheet, windows


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_day_is_printed_in_words_and_written_in_figures():
    day = Day(2024, 3, 4)

    written = {day.written(rng(seed)) for seed in range(40)}

    assert day.printed == "4 March 2024"
    assert {"4/3/24", "04-03-2024"} <= written
    assert all(re.fullmatch(r"0?4([/-])0?3\1(20)?24", text) for text in written)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(1, Day(2024, 3, 1), id="over a leap day"),
        pytest.param(366, Day(2025, 3, 1), id="a leap year on"),
        pytest.param(-60, Day(2023, 12, 31), id="back into another year"),
    ],
)
def test_days_are_counted_by_the_calendar(days, expected):
    assert prose.later(Day(2024, 2, 29), days) == expected


def test_every_day_drawn_is_one_of_the_calendar():
    days = [prose.some_day(rng(seed)) for seed in range(100)]

    assert all(prose.later(day, 0) == day for day in days)
    assert {day.year for day in days} == {2021, 2022, 2023, 2024, 2025}


def test_a_file_number_has_its_digits_and_may_begin_with_nought():
    numbers = [prose.number(rng(seed), 7) for seed in range(60)]

    assert all(len(text) == 7 and text.isdigit() for text in numbers)
    assert any(text.startswith("0") for text in numbers)


def test_a_field_is_answered_with_what_it_asks_for():
    name = "Ines Maria Halvorsen"

    assert prose.field_answer("Surname", name, rng()) == "Halvorsen"
    assert prose.field_answer("First names", name, rng()) == "Ines"
    assert prose.field_answer("Postcode, town", name, rng()) in prose.TOWNS
    born = prose.field_answer("Date of birth", name, rng())
    assert re.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-](\d\d|19\d\d)", born)


@pytest.mark.parametrize("field", prose.FIELDS)
def test_no_field_stays_empty(field):
    assert prose.field_answer(field, "Tomas Okafor", rng()).strip()


def test_a_contract_has_every_clause_once():
    first, other = prose.clauses(rng(1)), prose.clauses(rng(2))

    assert len({heading for heading, _ in first}) == len(first)
    assert sorted(first) == sorted(other)
    assert first != other


def test_the_paragraphs_of_a_letter_share_no_sentence():
    for seed in range(20):
        paragraphs = prose.paragraphs(rng(seed))

        assert 2 <= len(paragraphs) <= 4
        sentences = [part for text in paragraphs for part in re.split(r"(?<=[.?!]) ", text)]
        assert len(sentences) == len(set(sentences))


@pytest.mark.parametrize("character", "AaGgZz09")
def test_letters_and_figures_move_the_pen_on(character):
    letter = glyph(character)

    assert len(letter.body) > 1
    assert letter.advance > 0


def test_figures_are_not_joined_and_what_is_no_letter_is_refused():
    assert not any(glyph(character).joins for character in "0123456789")
    assert glyph("a").joins
    with pytest.raises(KeyError):
        glyph("€")


@pytest.mark.parametrize("flourish", FLOURISHES)
def test_a_signature_is_planned_with_any_flourish(flourish):
    plan, _ = signature_plan("Ines Halvorsen", flourish, rng())

    points = np.concatenate(list(plan))
    assert len(plan) > 0
    assert np.isfinite(points).all()
    assert np.ptp(points[:, 0]) > 1


def test_a_pen_never_stands_still_nor_flies():
    for trace in sign(InventedSigner.from_seed(3), rng()).traces:
        if len(trace) > 4:
            fast = speed(trace)
            assert np.isfinite(fast).all()
            assert 0 < fast.max() < 2000


@pytest.mark.parametrize("script", SCRIPTS)
def test_words_of_a_script_are_made_of_its_letters(script):
    text = script_words(script, 8, rng())

    letters = re.sub(r"[\d\s]", "", text)
    assert letters
    # Words may begin with a capital: cases are folded on both sides.
    assert set(letters.casefold()) <= set("".join(SCRIPTS[script]).casefold())
    assert text == script_words(script, 8, rng())


@pytest.mark.parametrize("face", CARRIED[:3])
def test_a_sheet_of_print_has_ink_and_windows_with_ink(face):
    pixels = sheet(["An invented line of print", "and another one below it"] * 4, face, rng(), plain=True)

    boxes = list(windows(pixels, 5, rng()))

    assert pixels.ndim == 2
    assert 0.005 < (pixels < 128).mean() < 0.4
    assert 1 <= len(boxes) <= 5
    for box in boxes:
        cut = pixels[int(box.y) : int(box.y + box.height) + 1, int(box.x) : int(box.x + box.width) + 1]
        assert (cut < 128).any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_a_place_on_its_page_to_sign(layout):
    paper = blank(layout, rng(), names=["Ines Halvorsen", "Tomas Okafor"], dpi=72)

    height, width = paper.pixels.shape[:2]
    assert (paper.pixels < 128).any()
    for slot in paper.slots:
        assert 0 <= slot.x < slot.x + slot.width <= width + 1, slot
        assert 0 <= slot.y - slot.height <= slot.y <= height, slot
