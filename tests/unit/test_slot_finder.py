"""Slots are found beside the words that ask for them, on the lines and in the boxes of a page."""

from __future__ import annotations

import cv2
import numpy as np

from worker.slots.finder import find_slots
from worker.slots.ruling import find_ruling
from worker.slots.values import AnchorSource, Area, FormField, PageLayout, PageSlot, SlotKind, Word
from worker.vision.values import Grey

DPI = 144.0


class Sheet:
    """A page of 600 by 400 points at 144 dpi; everything is said in points."""

    def __init__(self) -> None:
        self.page: Grey = np.full((800, 1200), 255, np.uint8)
        self.words: list[Word] = []

    def line(self, left: float, right: float, y: float, *, thick: int = 2, dash: int = 0) -> Sheet:
        for start in range(int(2 * left), int(2 * right), 2 * dash or int(2 * (right - left))):
            end = min(start + (dash or 10_000), int(2 * right))
            cv2.line(self.page, (start, int(2 * y)), (end, int(2 * y)), 0, thick)
        return self

    def box(self, left: float, top: float, right: float, bottom: float) -> Sheet:
        corner, opposite = (int(2 * left), int(2 * top)), (int(2 * right), int(2 * bottom))
        cv2.rectangle(self.page, corner, opposite, 0, 2)
        return self

    def text(self, text: str, left: float, top: float, *, height: float = 8) -> Sheet:
        number, x = len(self.words), left
        for word in text.split():
            width = 5.0 * len(word)
            area = {"x": 2 * x, "y": 2 * top, "width": 2 * width, "height": 2 * height}
            self.words.append(Word(**area, text=word, line=number))
            x += width + 3
        return self

    def slots(self, *fields: FormField) -> list[PageSlot]:
        return find_slots(self.page, PageLayout(words=tuple(self.words), fields=fields), dpi=DPI)


def points(area: Area) -> tuple[int, int, int, int]:
    """The edges to the nearest five points: lines have a width."""
    left, top, right, bottom = (5 * round(edge / 10) for edge in (area.x, area.y, area.right, area.bottom))
    return left, top, right, bottom


def kinds(slots: list[PageSlot]) -> list[tuple[SlotKind, str]]:
    return [(slot.kind, slot.anchor.text) for slot in slots]


def test_a_label_to_the_left_names_the_line_behind_it() -> None:
    (slot,) = Sheet().text("Signature of tenant:", 40, 192).line(150, 350, 200).slots()

    left, top, right, bottom = points(slot)
    assert (left, right, bottom) == (150, 350, 200)
    assert 160 <= top <= 170
    assert (slot.kind, slot.party) == (SlotKind.SIGNATURE, "tenant")
    assert slot.anchor.source is AnchorSource.TEXT_LAYER


def test_labels_beneath_lines_name_them_and_a_date_stands_beside_its_signature() -> None:
    sheet = Sheet().line(40, 250, 200).line(300, 400, 200)

    slots = sheet.text("Signature of witness", 40, 204).text("Date", 300, 204).slots()

    assert kinds(slots) == [(SlotKind.SIGNATURE, "Signature of witness"), (SlotKind.DATE, "Date")]


def test_the_words_at_the_top_of_a_box_name_it() -> None:
    sheet = Sheet().box(40, 100, 240, 140).box(240, 100, 400, 140)

    slots = sheet.text("DATE SIGNED", 44, 103).text("SIGNATURE", 244, 103).slots()

    assert [slot.kind for slot in slots] == [SlotKind.DATE, SlotKind.SIGNATURE]
    assert points(slots[0])[1:] == (110, 240, 140)


def test_words_with_little_room_beneath_leave_the_rest_of_their_box() -> None:
    (slot,) = Sheet().box(40, 100, 400, 122).text("Signature:", 44, 106).slots()

    left, top, right, _ = points(slot)
    assert (left, top, right) == (95, 100, 400)


def test_a_label_of_two_lines_is_read_as_one() -> None:
    sheet = Sheet().text("6. Signature", 40, 182).text("member of the family", 40, 193)

    (slot,) = sheet.line(150, 350, 200).slots()

    assert slot.anchor.text == "6. Signature member of the family"


def test_stacked_lines_belong_to_the_labels_beneath_them() -> None:
    sheet = Sheet().line(40, 250, 150).text("Signature of buyer", 40, 153)

    slots = sheet.line(40, 250, 190).text("Signature of seller", 40, 193).slots()

    assert [(slot.party, points(slot)[3]) for slot in slots] == [("buyer", 150), ("seller", 190)]


def test_a_cross_marks_a_line_without_taking_its_room() -> None:
    (slot,) = Sheet().text("X", 40, 190).line(40, 250, 200).slots()

    assert points(slot)[0] == 40


def test_dashed_lines_and_thick_lines_are_lines() -> None:
    sheet = Sheet().text("Signature:", 40, 92).line(100, 300, 100, dash=4)

    slots = sheet.text("Signature:", 40, 192).line(100, 300, 200, thick=6).slots()

    assert [round(slot.bottom / 2) for slot in slots] == [100, 200]


def test_dates_that_nobody_signs_and_lines_without_a_meaning_are_no_slots() -> None:
    sheet = Sheet().text("Date of birth:", 40, 92).line(120, 300, 100).text("Signature:", 400, 92)
    sheet.line(460, 590, 100)

    sheet.text("Name:", 40, 142).line(80, 300, 150).text("Date:", 40, 342).line(80, 300, 350)

    assert kinds(sheet.slots()) == [(SlotKind.SIGNATURE, "Signature:")]


def test_a_date_on_a_page_without_a_place_to_sign_is_a_slot() -> None:
    assert kinds(Sheet().text("Date:", 40, 342).line(80, 300, 350).slots()) == [(SlotKind.DATE, "Date:")]


def test_the_edges_of_a_black_bar_close_a_box() -> None:
    sheet = Sheet().box(40, 100, 240, 150)
    sheet.page[2 * 135 : 2 * 150, 80:480] = 0

    (slot,) = sheet.text("SIGNATURE", 44, 103).slots()

    assert points(slot) == (40, 110, 240, 135)


def test_a_typed_signature_is_told_with_its_line() -> None:
    (slot,) = Sheet().text("By:", 40, 192).line(60, 300, 200).text("/s/ Jane Doe", 70, 191).slots()

    assert slot.typed == "/s/ Jane Doe"
    assert points(slot)[0] == 60


def test_struck_words_draw_no_line() -> None:
    sheet = Sheet().text("Signature of the person", 40, 100).line(40, 150, 104)

    assert sheet.slots() == []


def test_form_fields_go_before_what_lines_say() -> None:
    field = FormField(x=200, y=370, width=400, height=30, name="witness_signature", kind=SlotKind.SIGNATURE)

    (slot,) = Sheet().text("Signature:", 40, 192).line(95, 350, 200).slots(field)

    assert (slot.anchor.source, slot.party) == (AnchorSource.FORM_FIELD, "witness")


def test_the_words_of_a_field_in_camel_case_name_its_party() -> None:
    field = FormField(x=200, y=370, width=400, height=30, name="witnessSignature", kind=SlotKind.SIGNATURE)

    (slot,) = Sheet().slots(field)

    assert slot.party == "witness"


def test_lines_of_finer_pages_are_told_in_their_own_pixels() -> None:
    page = np.full((1600, 2400), 255, np.uint8)
    cv2.line(page, (300, 800), (1500, 806), 0, 4)

    (rule,) = find_ruling(page, dpi=300).across

    assert abs(rule.start - 300) < 6 and abs(rule.end - 1500) < 6 and abs(rule.place - 803) < 6


def test_a_line_that_letters_draw_behind_its_label_or_a_cross_is_free() -> None:
    sheet = Sheet().text("Tenant signature:" + "_" * 40, 40, 192).line(125, 325, 200)
    (slot,) = sheet.slots()
    crossed = Sheet().text("Sign Here: X" + "_" * 40, 40, 192).line(98, 298, 200)

    assert kinds([slot]) == [(SlotKind.SIGNATURE, "Tenant signature:")]
    assert points(slot)[0] >= 120
    assert [(one.kind, points(one)[1]) for one in crossed.slots()] == [(SlotKind.SIGNATURE, 165)]


def test_day_month_and_year_parted_by_slashes_are_one_date() -> None:
    sheet = Sheet().text("Date ____/____/____", 40, 192)
    sheet.line(63, 83, 200).line(88, 108, 200).line(113, 133, 200)
    apart = Sheet().text("Date", 40, 192).line(63, 98, 200).line(110, 145, 200)

    (slot,) = sheet.slots()
    (first,) = apart.slots()

    assert (slot.kind, points(slot)[0], points(slot)[2]) == (SlotKind.DATE, 65, 135)
    assert points(first)[2] == 100


def test_a_label_beneath_the_last_line_of_a_box_names_that_line() -> None:
    sheet = Sheet().box(40, 100, 500, 212).line(50, 300, 190).text("Signature", 55, 195)
    sheet.line(350, 480, 190).text("Date signed", 355, 195)

    assert [(slot.kind, points(slot)[3]) for slot in sheet.slots()] == [
        (SlotKind.SIGNATURE, 190),
        (SlotKind.DATE, 190),
    ]
