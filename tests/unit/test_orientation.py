"""Which way up: turned pages are found and undone, doubtful ones are left as they are."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import pytest

from tests.fakes import DarkBlocks
from training.synthesis.pages import DrawnPage, blank
from training.synthesis.scanner import Scanner, scan
from worker.vision.crops import grey
from worker.vision.detection.orientation import UprightDetector, turned, turned_box, turns_to_upright
from worker.vision.detection.surroundings import KnownLetters, Letters, read_letters
from worker.vision.values import Box, DetectedRegion, Pixels

TURNS = (0, 1, 2, 3)


@cache
def printed(layout: str, *, seed: int = 5, dpi: int = 150) -> Pixels:
    rng = np.random.default_rng(seed)
    return blank(layout, rng, names=["Ada Abel", "Ivo Holt"], dpi=dpi).pixels


@pytest.mark.parametrize("layout", ["letter", "contract", "signing_page", "form"])
@pytest.mark.parametrize("turns", TURNS)
def test_a_printed_page_is_laid_upright_however_it_lies(layout, turns):
    lying = turned(printed(layout), -turns % 4)

    assert turns_to_upright(lying) == turns
    assert np.array_equal(turned(lying, turns), printed(layout))


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("dpi", [200, 300])
def test_a_page_that_is_reduced_by_a_whole_factor_first_is_laid_upright_too(dpi, turns):
    lying = turned(printed("letter", dpi=dpi), -turns % 4)

    assert turns_to_upright(lying) == turns


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize(
    "device",
    [Scanner(skew=2.0), Scanner(skew=-1.5, fax=True, grey=True), Scanner(blur=1.0, noise=8, speckle=40)],
)
def test_neither_skew_nor_fax_nor_noise_hides_which_way_up(device, turns):
    rng = np.random.default_rng(1)
    scanned = scan(DrawnPage(printed("letter", dpi=200), 200), device, rng).pixels

    assert turns_to_upright(turned(scanned, -turns % 4)) == turns


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(np.full((1754, 1240, 3), 255, np.uint8), id="blank"),
        pytest.param(np.zeros((0, 0, 3), np.uint8), id="without pixels"),
        pytest.param(np.full((1, 1, 3), 7, np.uint8), id="one pixel"),
        pytest.param(np.full((2339, 1, 3), 7, np.uint8), id="one pixel wide"),
        pytest.param(np.random.default_rng(3).integers(0, 256, (900, 700, 3), np.uint8), id="noise"),
        pytest.param(
            np.where(np.random.default_rng(3).random((1300, 919, 1)) < 0.1, 0, 255)
            .astype(np.uint8)
            .repeat(3, 2),
            id="more specks than 16 bits count",
        ),
        pytest.param(
            np.tile(np.uint8([[0], [255]]).repeat(9, 0), (60, 900))[..., None].repeat(3, 2), id="bars"
        ),
    ],
)
def test_a_page_without_print_stays_as_it_is(page):
    assert turns_to_upright(page) == 0


def test_capitals_and_digits_alone_leave_it_in_doubt():
    page = np.full((1600, 1200, 3), 255, np.uint8)
    for row in range(30):
        cv2.putText(page, "TOTAL 1984 NET 2031 DUE", (80, 100 + row * 45), 0, 1.1, (0, 0, 0), 2, cv2.LINE_AA)

    assert turns_to_upright(turned(page, 2)) == 0


@pytest.mark.parametrize("turns", TURNS)
def test_a_box_turns_with_its_page_and_back(turns):
    page = np.zeros((40, 60, 3), np.uint8)
    page[5:10, 20:35] = 255
    box = Box(20, 5, 15, 5)

    there = turned_box(box, turns, width=60, height=40)
    lying = turned(page, turns)
    back = turned_box(there, -turns, width=lying.shape[1], height=lying.shape[0])

    assert lying[int(there.y) : int(there.y + there.height), int(there.x) : int(there.x + there.width)].all()
    assert back == box


class Watching(DarkBlocks):
    """Finds the darkest block of the pages it is shown, and remembers them."""

    def __init__(self) -> None:
        self.shown: list[Pixels] = []

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        self.shown += pages
        detected = super().detect(pages)
        return [sorted(regions, key=lambda one: -one.box.width * one.box.height)[:1] for regions in detected]


@pytest.mark.parametrize("turns", TURNS)
def test_regions_are_answered_in_the_pages_own_pixels(turns):
    page = printed("letter").copy()
    page[1500:1560, 300:560] = 0
    lying = turned(page, -turns % 4)
    inner = Watching()

    ((region,),) = UprightDetector(inner).detect([lying])

    box = region.box
    cut = lying[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)]
    assert np.array_equal(inner.shown[0], page)
    assert region.turns == turns
    assert turned(cut, region.turns).shape == (60, 260, 3)
    assert not cut.any()


class Asking:
    """Finds nothing, and asks which letters are known of the pages that it is shown."""

    def __init__(self, known: KnownLetters) -> None:
        self.known = known
        self.told: list[Letters | None] = []

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        self.told += [self.known.of(page) for page in pages]
        return [[] for _ in pages]


@pytest.mark.parametrize("layout", ["letter", "form"])
def test_the_letters_of_an_upright_page_are_known_to_those_who_look_next(layout):
    page = printed(layout)
    asking = Asking(KnownLetters())

    UprightDetector(asking, asking.known).detect([page])

    (told,), read = asking.told, read_letters(grey(page))
    assert told is not None and told.line == read.line
    assert all(np.array_equal(getattr(told, name), getattr(read, name)) for name in ("x", "y", "area"))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(turned(printed("letter"), 2), id="upside down"),
        pytest.param(np.full((3000, 200, 3), 255, np.uint8), id="a roll"),
        pytest.param(np.zeros((0, 0, 3), np.uint8), id="without pixels"),
    ],
)
def test_of_other_pages_no_letters_are_known(page):
    asking = Asking(KnownLetters())

    UprightDetector(asking, asking.known).detect([page])

    assert asking.told == [None]
