"""What is done to pages, patches and strokes before a detector sees them: boxes stay where the ink is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ultralytics", reason="training is an optional extra")

from training.detector.conditions import SCANNED_PAGES, PageCondition, drawn_family, scanned_family
from training.detector.patches import Patch, PatchBook, collect, laid
from training.detector.plots import print_blocks
from training.detector.sheets import LABELS, LONGEST, Marked, SheetFolder, read_sheets, reduced
from training.detector.strokes import StrokeBook, free_place
from training.detector.testsets import PageCase
from worker.vision.choices import Label
from worker.vision.values import Box

BOX = Box(240, 420, 300, 90)
WHITE = (255, 255, 255)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def page(*boxes: Box, height: int = 1100, width: int = 850) -> np.ndarray:
    """A white page with a black rectangle per box."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    for box in boxes:
        pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 0
    return pixels


def ink(pixels: np.ndarray, *, level: int = 90) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is dark."""
    rows, columns = np.nonzero(pixels.max(axis=2) < level)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def corners(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


SCANNED = {condition.name: condition for condition in scanned_family([]).conditions}
DRAWN = {condition.name: condition for condition in drawn_family().conditions}


@pytest.mark.parametrize("condition", SCANNED.values(), ids=SCANNED)
def test_a_scanned_page_s_box_follows_its_ink(condition: PageCondition) -> None:
    pixels, (mark,) = condition.change(page(BOX), (Marked(Label.SIGNATURE, BOX),))

    across = max(pixels.shape) / 1100
    assert mark.label is Label.SIGNATURE
    assert corners(mark.box) == pytest.approx(ink(pixels), abs=3 * max(across, 1.0))


@pytest.mark.parametrize(
    "condition", [c for c in DRAWN.values() if c.name != "photographed"], ids=lambda c: c.name
)
def test_a_drawn_page_s_box_follows_its_ink(condition: PageCondition) -> None:
    pixels, (mark,) = condition.change(page(BOX), (Marked(Label.INITIALS, BOX),))

    assert corners(mark.box) == pytest.approx(ink(pixels), abs=3 * max(pixels.shape[0] / 1100, 1.0))


def test_a_photograph_s_box_holds_the_ink_within_the_tilt_of_the_page() -> None:
    pixels, (mark,) = DRAWN["photographed"].change(page(BOX), (Marked(Label.SIGNATURE, BOX),))

    left, top, right, bottom = corners(mark.box)
    middle = pixels[int(top + bottom) // 2 - 5 : int(top + bottom) // 2 + 5, int(left + right) // 2]
    assert middle.max() < 110
    assert (right - left) * (bottom - top) < 1.6 * BOX.width * BOX.height


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        pytest.param("100 dpi", 1 / 3, id="a third"),
        pytest.param("150 dpi", 1 / 2, id="a half"),
        pytest.param("300 dpi", 1.0, id="as drawn"),
        pytest.param("600 dpi", 2.0, id="twice"),
    ],
)
def test_resolutions_are_those_that_conditions_are_named_after(name: str, ratio: float) -> None:
    pixels, _ = DRAWN[name].change(page(), ())

    assert pixels.shape[:2] == (round(1100 * ratio), round(850 * ratio))


def test_a_one_bit_page_is_black_and_white_and_a_grey_one_without_colour() -> None:
    coloured = page()
    coloured[100:200] = (200, 60, 30)
    coloured[300:400] = (180, 180, 90)

    bits, _ = DRAWN["1-bit"].change(coloured, ())
    grey, _ = DRAWN["grey"].change(coloured, ())

    assert set(np.unique(bits)) == {0, 255}
    assert np.ptp(grey.astype(int), axis=2).max() == 0 and len(np.unique(grey)) > 2


def test_turned_pages_lie_on_their_sides_and_say_so() -> None:
    turning = [condition for condition in DRAWN.values() if condition.turns]

    shapes = [condition.change(page(), ())[0].shape[:2] for condition in turning]

    assert len(turning) == 3
    assert [height > width for height, width in shapes] == [False, True, False]


def test_a_photograph_is_the_same_each_time_and_another_for_another_page() -> None:
    change = DRAWN["photographed"].change

    first, again, other = (change(page(box), ())[0] for box in (BOX, BOX, Box(0, 0, 850, 400)))

    assert np.array_equal(first, again)
    assert not np.array_equal(first[600:], other[600:])


def test_scanned_pages_are_the_first_of_their_set() -> None:
    cases = [PageCase(str(number), str(number), lambda: (page(), ())) for number in range(SCANNED_PAGES + 5)]

    family = scanned_family(cases)

    assert [case.name for case in family.cases] == [str(number) for number in range(SCANNED_PAGES)]


@pytest.mark.parametrize("dark", [0.0, 0.06, 1.0])
def test_a_free_place_is_as_bare_as_it_is_asked_to_be(dark: float) -> None:
    pixels = page(Box(0, 0, 850, 500))

    places = [free_place(pixels, (60, 200), rng(seed), dark=dark) for seed in range(20)]

    for x, y in filter(None, places):
        assert 0 <= x <= 650 and 0 <= y <= 1040
        assert (pixels[y : y + 60, x : x + 200, 1] < 128).mean() <= dark
    assert sum(place is not None for place in places) > 15


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((0, 40), id="nothing"),
        pytest.param((1100, 40), id="too high"),
        pytest.param((9, 850), id="too wide"),
    ],
)
def test_what_does_not_fit_has_no_place(shape: tuple[int, int]) -> None:
    assert free_place(page(), shape, rng()) is None


def test_a_black_page_has_no_free_place() -> None:
    assert free_place(page(Box(0, 0, 850, 1100)), (20, 40), rng()) is None


def test_ink_is_laid_exactly_in_its_box() -> None:
    pixels, mask = page(), np.full((40, 100), 255, np.uint8)

    box = laid(pixels, mask, (300, 500), rng())

    assert box == Box(300.0, 500.0, 100.0, 40.0)
    assert ink(pixels, level=200) == corners(box)


@pytest.mark.parametrize(
    "label", [Label.SIGNATURE, Label.INITIALS, Label.HANDWRITTEN_DATE, Label.HANDWRITING]
)
def test_a_patch_of_a_label_is_laid_with_all_its_ink_in_the_box(label: Label) -> None:
    mask = np.zeros((60, 200), np.uint8)
    mask[::6] = mask[:, ::40] = 255
    book = PatchBook([Patch(label, mask)])

    laid_down = 0
    for seed in range(40):
        pixels = page(height=640, width=640)
        answer = book.paste(pixels, rng(seed), scale=1.0)
        if answer is None or answer[0] is not label:
            continue
        laid_down += 1
        left, top, right, bottom = ink(pixels, level=250)
        box = answer[1]
        assert box.x - 1 <= left and right <= box.x + box.width + 1
        assert box.y - 1 <= top and bottom <= box.y + box.height + 1

    assert laid_down >= 1
    assert book.count(label) == 1


def test_redactions_need_no_patch() -> None:
    answers = [PatchBook([]).paste(page(height=640, width=640), rng(seed), scale=1.0) for seed in range(60)]

    assert {answer[0] for answer in answers if answer is not None} == {Label.REDACTION}


def test_patches_come_from_their_seed_and_every_label_that_is_written_is_among_them(tmp_path: Path) -> None:
    first, again = (collect(None, [], tmp_path, count=6, seed=4) for _ in range(2))

    counts = {label: first.count(label) for label in LABELS}
    assert counts == {label: again.count(label) for label in LABELS}
    assert min(counts[label] for label in (Label.INITIALS, Label.HANDWRITTEN_DATE, Label.HANDWRITING)) == 3
    assert counts[Label.SIGNATURE] == 0


@pytest.fixture
def book() -> StrokeBook:
    """Two recorded signatures: a level line of 60 points, and a zigzag with the pen lifted halfway."""
    t = np.linspace(0, 1, 60)
    down = np.ones(120, bool)
    down[89] = False
    zigzag = 100 * (np.arange(60) % 2)
    return StrokeBook(
        x=np.concatenate([1000 * t, 400 * t]),
        y=np.concatenate([np.zeros(60) + 5 * np.sin(9 * t), zigzag]).astype(float),
        pen_down=down,
        offset=np.array([0, 60, 120]),
    )


def test_a_recorded_signature_is_drawn_as_wide_as_asked(book: StrokeBook) -> None:
    for index in (0, 1):
        mask = book.draw(index, width=200, pen=2.0)

        columns = np.flatnonzero(mask.max(axis=0) > 60)
        assert np.ptp(columns) == pytest.approx(200, abs=4)


def test_a_lifted_pen_leaves_a_gap(book: StrokeBook) -> None:
    mask = book.draw(1, width=400, pen=1.0)

    drawn = mask.max(axis=0) > 60
    lift = 400 * 29.5 / 59
    assert not drawn[int(lift) - 1 : int(lift) + 3].all()


def test_a_beginning_is_as_narrow_as_initials(book: StrokeBook) -> None:
    for seed in range(10):
        left, top, right, bottom = book.begun(rng(seed)).bounds

        assert right - left <= 16 + 1e-6
        assert bottom - top <= 0.6 * 16 + 1e-6


def test_a_data_folder_without_recordings_has_no_book(tmp_path: Path) -> None:
    assert StrokeBook.recorded(tmp_path) is None
    assert StrokeBook.recorded(None) is None


@pytest.mark.parametrize(
    ("height", "width"), [pytest.param(1920, 960, id="half"), pytest.param(400, 300, id="small enough")]
)
def test_a_prepared_page_s_longer_side_is_bounded_and_its_box_goes_with_it(height: int, width: int) -> None:
    box = Box(100, 200, 120, 40)

    small, (mark,) = reduced(page(box, height=height, width=width), [Marked(Label.SIGNATURE, box)])

    assert max(small.shape) == min(LONGEST, height)
    assert corners(mark.box) == pytest.approx(ink(small), abs=1.5)


def test_sheets_come_back_with_their_marks_and_grey_ones_in_one_channel(tmp_path: Path) -> None:
    coloured = page(BOX)
    coloured[800:900] = (200, 30, 30)
    folder = SheetFolder(tmp_path, quality=95)
    folder.add(page(BOX), [Marked(Label.SIGNATURE, BOX)], known=[Label.SIGNATURE], source="scans")
    folder.add(coloured, [], known=LABELS, source="drawn")
    folder.close()

    grey, colour = read_sheets(tmp_path)

    assert grey.pixels.ndim == 2 and colour.pixels.ndim == 3
    assert grey.marks[0].label is Label.SIGNATURE and not colour.marks
    assert (grey.known, colour.known) == ({Label.SIGNATURE}, set(LABELS))
    assert (grey.source, colour.source) == ("scans", "drawn")


def test_blocks_of_print_lie_where_the_print_is() -> None:
    lines = [Box(100, y, 500, 14) for y in range(300, 500, 24)]

    blocks = print_blocks(page(*lines))

    assert blocks
    assert min(block.y for block in blocks) == pytest.approx(300, abs=20)
    assert max(block.y + block.height for block in blocks) == pytest.approx(500, abs=30)
