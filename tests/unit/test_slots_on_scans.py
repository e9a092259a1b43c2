"""Slots of pages that say nothing of themselves: runs of print are found by their ink and read."""

from __future__ import annotations

import cv2
import numpy as np
import pymupdf
import pytest

from training.common.degradations import one_bit, skewed
from worker.errors import WeightsError
from worker.settings import Reading
from worker.slots.handwriting import without_handwriting
from worker.slots.page import Means, page_slots
from worker.slots.print_runs import find_runs
from worker.slots.ruling import find_ruling
from worker.slots.values import AnchorSource, FormField, Mark, PageLayout, SlotKind, SlotState
from worker.vision import reading
from worker.vision.reading import LineReader, load_line_reader, reader_version
from worker.vision.values import Grey

DPI = 200.0


@pytest.fixture(scope="module")
def reader() -> LineReader:
    return load_line_reader()


def form(*, dpi: int = 200) -> Grey:
    """A form of two parties, drawn as a picture: lines at 300 and 400 points, each with its date."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=500)
    for number in range(6):
        page.insert_text((60, 80 + 14 * number), "The parties agree to the lease of the house by the lake.")
    for party, y in (("tenant", 300), ("Landlord", 400)):
        page.insert_text((60, y), f"Signature of {party}:")
        page.draw_line((170, y + 2), (380, y + 2))
        page.insert_text((400, y), "Date")
        page.draw_line((430, y + 2), (540, y + 2))
    pixels = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width).copy()


def line_of(text: str, *, size: float = 14) -> Grey:
    page = pymupdf.open().new_page(width=20 + size * len(text), height=2 * size)
    page.insert_text((8, 1.4 * size), text, fontsize=size)
    pixels = page.get_pixmap(dpi=100, colorspace=pymupdf.csGRAY)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width).copy()


def asked(states: list[SlotState]) -> list[tuple[SlotKind, str | None, str]]:
    return [(state.slot.kind, state.slot.party, state.status.value) for state in states]


EMPTY = [
    (SlotKind.SIGNATURE, "tenant", "unsigned"),
    (SlotKind.DATE, None, "unsigned"),
    (SlotKind.SIGNATURE, "landlord", "unsigned"),
    (SlotKind.DATE, None, "unsigned"),
]


@pytest.mark.parametrize("text", ["Signature of tenant", "Unterschrift", "Date", "Initials: ______"])
def test_a_line_of_print_is_read(text: str, reader: LineReader) -> None:
    assert reader.read(line_of(text)).replace(" ", "").rstrip("_") == text.replace(" ", "").rstrip("_")


def test_an_empty_picture_says_nothing(reader: LineReader) -> None:
    assert reader.read(np.zeros((0, 40), np.uint8)) == ""
    assert reader.read(np.full((30, 90), 255, np.uint8)) == ""


@pytest.mark.parametrize("degrees", [0.0, 0.6, -1.4, 3.0])
def test_slots_of_a_scan_are_found_however_it_lay(degrees: float, reader: LineReader) -> None:
    page = skewed(form(), degrees, paper=255)

    states = page_slots(page, PageLayout(), (), dpi=DPI, means=Means(reader))

    assert sorted(asked(states)) == sorted(EMPTY)
    assert {state.slot.anchor.source for state in states} == {AnchorSource.OCR}
    tenant = next(state.slot for state in states if state.slot.party == "tenant")
    turned = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), degrees, 1)
    x, y = turned @ np.array([275 * DPI / 72, 302 * DPI / 72, 1])
    assert tenant.x < x < tenant.right
    assert tenant.y < y < tenant.bottom + 14


def test_a_fax_is_read_too(reader: LineReader) -> None:
    states = page_slots(one_bit(form(), 165), PageLayout(), (), dpi=DPI, means=Means(reader))

    assert asked(states) == EMPTY


def test_a_mark_on_a_scan_that_lay_askew_stands_in_its_slot(reader: LineReader) -> None:
    page = skewed(form(), 1.4, paper=255)
    turned = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), 1.4, 1)
    x, y = turned @ np.array([220 * DPI / 72, 285 * DPI / 72, 1])
    mark = Mark(x=x, y=y, width=260, height=45, index=4, label="signature", score=0.9, signs=True)

    states = page_slots(page, PageLayout(), [mark], dpi=DPI, means=Means(reader))

    signed = [state for state in states if state.status.value == "signed"]
    assert [(state.slot.party, state.region) for state in signed] == [("tenant", 4)]


def test_a_page_that_tells_its_words_or_fields_is_not_read() -> None:
    class NoReader:
        def read(self, line: Grey) -> str:
            raise AssertionError("nothing was to be read")

    field = FormField(x=100, y=900, width=300, height=50, name="signature", kind=SlotKind.SIGNATURE)
    states = page_slots(form(), PageLayout(fields=(field,)), (), dpi=DPI, means=Means(NoReader()))

    assert asked(states) == [(SlotKind.SIGNATURE, None, "unsigned")]


def test_without_a_reader_a_scan_has_no_slots() -> None:
    assert page_slots(form(), PageLayout(), (), dpi=DPI, means=Means()) == []


def test_prose_is_not_read_and_reading_has_an_end(
    reader: LineReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    class Counting:
        def read(self, line: Grey) -> str:
            read.append(line.shape[1])
            return reader.read(line)

    page_slots(form(), PageLayout(), (), dpi=DPI, means=Means(Counting()))
    whole = len(read)
    monkeypatch.setattr("worker.slots.scans._MOST_PIXELS", 300)
    read.clear()
    states = page_slots(form(), PageLayout(), (), dpi=DPI, means=Means(Counting()))

    assert whole >= 4
    assert 0 < len(read) < whole
    # What stands lowest was read first.
    assert all(state.slot.anchor.y > 350 * DPI / 72 for state in states)


def test_runs_of_print_are_what_stands_together() -> None:
    runs = find_runs(form(), dpi=DPI)

    captions = sorted((run for run in runs if run.y > 250 * DPI / 72), key=lambda run: (run.y // 50, run.x))
    assert len(runs) == 6 + len(captions)
    assert [round(run.x * 72 / DPI, -1) for run in captions] == [60, 400, 60, 400]
    assert find_runs(np.full((300, 300), 255, np.uint8), dpi=DPI) == []


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "READER_PACKAGE", "no_such_package_here")

    with pytest.raises(WeightsError, match=r"countersign-intake\[ocr\]"):
        load_line_reader()
    with pytest.raises(WeightsError, match="COUNTERSIGN_OCR=off"):
        reader_version()


def test_scans_are_read_where_slots_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Reading(slots="on").reads_scans
    assert not Reading(slots="on", ocr="off").reads_scans
    assert not Reading(ocr="on").reads_scans
    monkeypatch.setattr("worker.settings.READER_PACKAGE", "no_such_package_here")
    assert not Reading(slots="on").reads_scans
    assert Reading(slots="on", ocr="on").reads_scans


def written(page: Grey, text: str, *, x: float, y: float, points: float) -> Mark:
    """Write by hand onto the page, its lower left corner and height in points; the mark that is detected."""
    unit, size = DPI / 72, points * DPI / 72
    cv2.putText(page, text, (round(x * unit), round(y * unit)), cv2.FONT_HERSHEY_SIMPLEX, size / 22, 0, 4)
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 22, 4)
    label = "handwritten_date"
    return Mark(x=x * unit, y=y * unit - size, width=width, height=size + 4, index=0, label=label, score=0.9)


@pytest.mark.parametrize("paper", [255, 205], ids=["white", "grey"])
def test_a_date_that_reaches_into_its_caption_leaves_the_slot(paper: int, reader: LineReader) -> None:
    document = pymupdf.open()
    page = document.new_page(width=595, height=300)
    for x, text in ((60, "DATE"), (220, "SIGNATURE OF PLAINTIFF")):
        page.draw_rect((x, 200, x + 160, 236))
        page.insert_text((x + 6, 209), text, fontsize=8)
    pixels = page.get_pixmap(dpi=int(DPI), colorspace=pymupdf.csGRAY)
    scan = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width).copy()
    scan = np.minimum(scan, np.uint8(paper))
    mark = written(scan, "17-11", x=66, y=231, points=17)
    # Its box holds the lower half of the caption.
    mark = mark.model_copy(update={"y": 206 * DPI / 72, "height": 27 * DPI / 72})

    states = page_slots(scan, PageLayout(), [mark], dpi=DPI, means=Means(reader))

    assert asked(states) == [
        (SlotKind.DATE, None, "signed"),
        (SlotKind.SIGNATURE, "plaintiff", "unsigned"),
    ]


def test_upright_strokes_of_a_date_do_not_part_its_line(reader: LineReader) -> None:
    page = form()
    mark = written(page, "11 11 71", x=436, y=299, points=14)

    states = page_slots(page, PageLayout(), [mark], dpi=DPI, means=Means(reader))

    assert (SlotKind.DATE, None, "signed") in asked(states)
    assert len(states) == 4
    dated = next(state.slot for state in states if state.status.value == "signed")
    assert dated.x < 432 * DPI / 72 and dated.right > 538 * DPI / 72


def test_nothing_is_taken_off_beyond_the_page() -> None:
    page = form()
    mark = Mark(x=-900, y=-900, width=20, height=20, index=0, label="signature", score=0.9)

    assert np.array_equal(without_handwriting(page, [mark], dpi=DPI), page)


def test_a_line_that_steps_is_one_line() -> None:
    page = np.full((300, 800), 255, np.uint8)
    page[200:202, 50:300] = page[202:204, 302:700] = page[260:262, 50:300] = page[260:262, 340:700] = 0

    stepping, *apart = find_ruling(page, dpi=100).across

    assert (stepping.start, stepping.end) == (50, 700)
    assert [(rule.start, rule.end) for rule in sorted(apart, key=lambda rule: rule.start)] == [
        (50, 300),
        (340, 700),
    ]
