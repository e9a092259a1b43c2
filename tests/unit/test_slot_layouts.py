"""Layouts of real forms in which slots were missed: open tables, empty boxes, shared and torn lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.test_slot_finder import DPI, Sheet, kinds, points
from tests.unit.test_slots_on_scans import form
from worker.slots.anchors import may_ask
from worker.slots.page import Means, page_slots
from worker.slots.ruling import find_ruling
from worker.slots.turned import UprightPage, turns_of_words
from worker.slots.values import PageLayout, SlotKind
from worker.vision.reading import LineReader, load_line_reader
from worker.vision.values import Grey


@pytest.fixture(scope="module")
def reader() -> LineReader:
    return load_line_reader()


class CountingReader:
    """Reads, and keeps how wide each picture was for its height."""

    def __init__(self, reader: LineReader) -> None:
        self._reader, self.shapes = reader, []

    shapes: list[float]

    def read(self, line: Grey) -> str:
        self.shapes.append(line.shape[1] / line.shape[0])
        return self._reader.read(line)


def test_a_table_that_is_open_at_its_right_edge_has_boxes() -> None:
    sheet = Sheet().line(300, 500, 100).line(300, 500, 160)
    cv2.line(sheet.page, (600, 200), (600, 320), 0, 2)

    (slot,) = sheet.text("Date", 305, 104).slots()

    assert (slot.kind, points(slot)[1], points(slot)[3]) == (SlotKind.DATE, 110, 160)


def test_a_line_that_two_captions_share_is_two_places() -> None:
    slots = Sheet().line(40, 440, 200).text("Signature of voter", 40, 204).text("Date", 340, 204).slots()

    assert [(slot.kind, *points(slot)[::2]) for slot in slots] == [
        (SlotKind.SIGNATURE, 40, 340),
        (SlotKind.DATE, 340, 440),
    ]


def test_captions_in_the_middle_of_their_parts_share_a_line_between_them() -> None:
    slots = Sheet().line(40, 440, 200).text("Signature", 115, 204).text("Date", 330, 204).slots()

    assert [points(slot)[::2] for slot in slots] == [(40, 245), (245, 440)]


def test_a_line_too_short_to_be_shared_is_one_place() -> None:
    slots = Sheet().line(40, 100, 200).text("Date", 40, 204).text("Day", 80, 204).slots()

    assert [points(slot)[::2] for slot in slots] == [(40, 100)]


def test_a_caption_beneath_an_empty_box_names_the_box_and_not_the_sliver_behind_it() -> None:
    sheet = Sheet().box(30, 60, 570, 182).box(40, 120, 340, 160)

    (slot,) = sheet.text("Signature of voter", 140, 167).slots()

    assert points(slot) == (40, 120, 340, 160)


def test_a_black_bar_parts_a_row() -> None:
    sheet = Sheet().line(40, 500, 100).line(40, 500, 140).line(40, 500, 190)
    sheet.page[200:380, 80:120] = 0
    sheet.page[200:380, 960:1000] = 0

    slots = sheet.text("Phone", 65, 104).text("Signature", 65, 144).slots()

    assert [(slot.kind, points(slot)[3]) for slot in slots] == [(SlotKind.SIGNATURE, 190)]


def test_a_caption_beneath_a_blank_names_it_though_a_frame_runs_close_beneath() -> None:
    sheet = Sheet().box(30, 60, 570, 218).line(60, 260, 200)

    (slot,) = sheet.text("Signature of witness", 100, 203).slots()

    assert points(slot)[3] == 200


def test_a_caption_that_repeats_what_is_asked_names_no_second_place() -> None:
    sheet = Sheet().box(100, 100, 400, 150).box(100, 150, 400, 168)

    (slot,) = sheet.text("Sign", 70, 120).text("Voter's signature", 105, 156).slots()

    assert points(slot) == (100, 100, 400, 150)


@pytest.mark.parametrize("gap", [26, 90])
def test_a_line_that_a_fax_tore_is_one_line(gap: int) -> None:
    page = np.full((400, 1700), 255, np.uint8)
    for start in range(100, 1500, gap + 44):
        page[200:202, start : start + 44] = 0

    (rule,) = find_ruling(page, dpi=200, worn=True).across

    assert rule.start < 110
    assert rule.end > 1380


def test_a_row_of_checkboxes_is_no_torn_line() -> None:
    page = np.full((400, 1700), 255, np.uint8)
    for start in range(100, 1500, 160):
        cv2.rectangle(page, (start, 200), (start + 22, 222), 0, 2)

    assert find_ruling(page, dpi=200, worn=True).across == ()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_whose_words_lead_another_way_is_laid_upright(turns: int) -> None:
    sheet = Sheet().text("The parties agree to the lease of the house by the lake and all of it", 40, 60)
    sheet.line(150, 350, 200).text("Signature of tenant:", 40, 192)
    lying = UprightPage.by(sheet.page, -turns % 4)
    words = tuple(lying.to_upright(word) for word in sheet.words)
    layout = PageLayout(words=words)

    (state,) = page_slots(lying.page, layout, (), dpi=DPI, means=Means())

    assert turns_of_words(words) == turns
    back = UprightPage.by(lying.page, turns)
    assert points(back.to_upright(state.slot))[::2] == (150, 350)
    assert state.slot.party == "tenant"


def test_few_words_leave_a_page_as_it_lies() -> None:
    assert turns_of_words(Sheet().text("Date signed", 40, 60).words) == 0
    assert turns_of_words(()) == 0


@pytest.mark.parametrize("turns", [1, 3])
def test_a_scan_that_lies_on_its_side_is_read(turns: int, reader: LineReader) -> None:
    page = np.ascontiguousarray(np.rot90(form(), turns))

    states = page_slots(page, PageLayout(), (), dpi=200, means=Means(reader))

    assert sorted((state.slot.kind.value, state.slot.party) for state in states if state.slot.party) == [
        ("signature", "landlord"),
        ("signature", "tenant"),
    ]
    assert all(state.slot.height > state.slot.width for state in states)


def test_letters_drawn_as_curves_are_read_beside_the_words(reader: LineReader) -> None:
    sheet = Sheet()
    sheet.page = form()
    sheet.text("The parties agree to the lease", 60, 72)

    states = page_slots(sheet.page, PageLayout(words=tuple(sheet.words)), (), dpi=200, means=Means(reader))

    assert {state.slot.party for state in states} == {"tenant", "landlord", None}


def test_a_page_whose_words_are_all_of_its_print_is_not_read(reader: LineReader) -> None:
    counting = CountingReader(reader)
    layout = PageLayout(words=tuple(Sheet().text("Name of tenant:", 40, 192).words))

    states = page_slots(Sheet().line(150, 350, 200).page, layout, (), dpi=DPI, means=Means(counting))

    assert (states, counting.shapes) == ([], [])


def test_lines_of_a_paragraph_are_not_read_and_captions_are_read_narrowed(reader: LineReader) -> None:
    counting = CountingReader(reader)

    page_slots(form(), PageLayout(), (), dpi=200, means=Means(counting))

    assert max(counting.shapes) < 11


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("Sgnature of te", True),
        ("Authorized Messenger's Signatur", True),
        ("Unterschrft", True),
        ("Date signed", True),
        ("State", False),
        ("Telephone number", False),
        ("", False),
    ],
)
def test_a_text_that_is_hardly_legible_may_ask_for_a_mark(text: str, *, may: bool) -> None:
    assert may_ask(text) is may


def test_a_table_names_each_place_by_the_words_of_its_box() -> None:
    sheet = Sheet().box(40, 100, 240, 150).box(240, 100, 440, 150)

    slots = sheet.text("Signature", 44, 104).text("Date", 244, 104).slots()

    assert kinds(slots) == [(SlotKind.SIGNATURE, "Signature"), (SlotKind.DATE, "Date")]
