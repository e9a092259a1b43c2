"""Print around a mark: what the roles are told of letters below, above and beside it."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from worker.vision.detection.surroundings import (
    SURROUNDINGS,
    KnownLetters,
    Letters,
    read_letters,
    surroundings,
)
from worker.vision.values import Box, Grey

MARK = Box(200, 400, 100, 40)
#: Where each number stands.
UNDER, LEFT, RIGHT = 1, 5, 6
GAP_BELOW, GAP_ABOVE, GAP_LEFT, GAP_RIGHT = 8, 9, 10, 11
LOWER, UPPER, FROM_FOOT, FROM_LEFT = 14, 15, 18, 20
TYPED_BELOW, BEGINS, ENDS, TYPED_ABOVE = 25, 26, 27, 28


def page(*words: tuple[int, int], height: int = 1000, width: int = 700) -> Grey:
    """White paper with words of eight letters, ten pixels high, each from its upper left corner."""
    paper = np.full((height, width), 255, np.uint8)
    for x, y in words:
        for letter in range(8):
            cv2.rectangle(paper, (x + 10 * letter, y), (x + 10 * letter + 6, y + 9), 0, -1)
    return paper


def told(*words: tuple[int, int]) -> npt.NDArray[np.float32]:
    return surroundings(read_letters(page(*words)), MARK)


def test_letters_are_what_has_their_size() -> None:
    paper = page((100, 100))
    cv2.rectangle(paper, (300, 300), (500, 400), 0, -1)
    paper[600, 600] = 0

    letters = read_letters(paper)

    assert len(letters.x) == 8
    assert letters.x[0] == pytest.approx(103.5, abs=1) and letters.y[0] == pytest.approx(105, abs=1)
    assert letters.line == pytest.approx(22)


def test_a_page_of_any_size_is_told_in_its_own_pixels() -> None:
    large = np.kron(page((100, 100), (100, 130)), np.ones((3, 3), np.uint8))

    letters = read_letters(large)

    assert len(letters.x) == 16
    assert letters.line == pytest.approx(66, abs=7) and letters.x[0] == pytest.approx(310, abs=4)


def test_a_typed_name_below_is_told_from_one_above() -> None:
    below, above = told((200, 445)), told((200, 380))

    assert below[TYPED_BELOW] == pytest.approx(0.8) and below[TYPED_ABOVE] == 0
    assert above[TYPED_ABOVE] == pytest.approx(0.8) and above[TYPED_BELOW] == 0
    assert below[UNDER] > 0.1 and above[UNDER] == 0
    assert 0 < below[GAP_BELOW] < 1 and below[GAP_ABOVE] == 10
    assert 0 < above[GAP_ABOVE] < 1 and above[GAP_BELOW] == 10
    assert below[LOWER] == 1 and above[UPPER] == 1


def test_where_the_line_below_begins_and_ends_counts_in_widths_of_the_mark() -> None:
    shifted = told((230, 445))

    assert shifted[BEGINS] == pytest.approx(0.335, abs=0.02) and shifted[ENDS] == pytest.approx(
        0.035, abs=0.02
    )
    assert told()[BEGINS] == told()[ENDS] == -2


def test_letters_beside_the_mark_are_told_by_side() -> None:
    left, right = told((110, 415)), told((310, 415))

    assert left[LEFT] > 0 and left[RIGHT] == 0 and right[RIGHT] > 0 and right[LEFT] == 0
    assert left[GAP_LEFT] < 1 and left[GAP_RIGHT] == 20 and right[GAP_RIGHT] < 1 and right[GAP_LEFT] == 20


def test_a_mark_below_all_print_is_told_from_one_at_its_top() -> None:
    low, high = told((200, 100), (200, 130)), told((200, 700), (200, 730))

    assert low[FROM_FOOT] > 0.2 > -0.2 > high[FROM_FOOT]
    assert low[FROM_LEFT] == pytest.approx(-0.01, abs=0.02)


def test_a_page_without_letters_tells_what_is_usual() -> None:
    letters = read_letters(np.full((500, 400), 255, np.uint8))

    numbers = surroundings(letters, Box(0, 0, 0.5, 0.5))

    assert numbers.shape == (SURROUNDINGS,) and np.isfinite(numbers).all()
    assert letters.line == 15 and letters.block == (0, 400, 0, 500)


def test_no_number_is_large_on_a_page_full_of_letters() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 700, 20_000), rng.uniform(0, 1000, 20_000)
    letters = Letters(x, y, np.full(20_000, 60.0), 22.0, 700, 1000)

    numbers = [
        surroundings(letters, Box(*box)) for box in ((0, 0, 1, 1), (0, 0, 700, 1000), (699, 999, 1, 1))
    ]

    assert np.isfinite(numbers).all() and np.abs(numbers).max() <= 50


def test_letters_of_a_long_roll_are_seen_as_on_a_page() -> None:
    words = [(100, 100), (200, 9000)]

    letters = read_letters(page(*words, height=10_000))

    assert len(letters.x) == 16 and letters.line == pytest.approx(22, abs=4)


def test_letters_are_known_of_the_very_page_they_were_read_from() -> None:
    known, paper = KnownLetters(), page((100, 100))
    letters = read_letters(paper)

    known.put(paper, letters)

    assert known.of(paper) is letters
    assert known.of(paper.copy()) is None


def test_letters_of_a_page_that_is_gone_are_forgotten() -> None:
    known, paper = KnownLetters(), page((100, 100))
    known.put(paper, read_letters(paper))

    del paper

    assert len(known) == 0
