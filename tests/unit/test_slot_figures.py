"""How the finder of slots is measured on blank forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from rich.console import Console
from typer.testing import CliRunner

from training.cli import app
from training.slots.commands import status_table
from training.slots.filled import filled_pages
from training.slots.forms import AuthorField, author_kind, blank_forms
from training.slots.measure import is_same, measure_slots, without_fields
from training.slots.scanned import FormView
from training.slots.statuses import WITH, WITHOUT, StatusTally, measure_statuses
from worker.slots.values import (
    Anchor,
    AnchorSource,
    Area,
    PageLayout,
    PageSlot,
    SlotKind,
    SlotState,
    SlotStatus,
)
from worker.vision.choices import Label
from worker.vision.reading import load_line_reader
from worker.vision.values import Box, DetectedRegion, Pixels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two forms: one that says where to sign, and one that does not."""
    entries = []
    for name, words in {"told.pdf": "Signature:", "untold.pdf": "Thank you"}.items():
        document = pymupdf.open()
        page = document.new_page()
        page.insert_text((72, 300), words)
        page.draw_line((150, 302), (400, 302))
        page.insert_text((72, 500), "Signature of witness:")
        page.draw_line((200, 502), (400, 502))
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = "signature", pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect = pymupdf.Rect(150, 275, 400, 302)
        page.add_widget(widget)
        (tmp_path / "slots").mkdir(exist_ok=True)
        document.save(tmp_path / "slots" / name)
        fields = [{"page": 0, "type": "Text", "name": "signature", "box": [150, 275, 400, 302]}]
        entries.append({"file": name, "fields": fields})
    (tmp_path / "slots" / "fields.json").write_text(json.dumps(entries))
    return tmp_path


def test_fields_are_found_by_words_and_lines_alone(data: Path) -> None:
    forms = list(blank_forms(data / "slots"))
    report = measure_slots(forms)

    (half,) = {form.half for form in forms}
    tally = report.whole(half)
    assert (tally.fields, tally.hits, tally.extra) == (2, 1, 2)
    assert (tally.recall, tally.f1(), tally.f1(anywhere=True)) == (0.5, 0.4, 0.4)
    assert len(report.milliseconds) == 2


def test_the_fields_are_taken_away_first(data: Path) -> None:
    bare = pymupdf.open(stream=without_fields(data / "slots" / "told.pdf"))

    assert list(bare[0].widgets()) == []
    assert "Signature" in bare[0].get_text()


def test_the_command_prints_the_half_left_out_first(data: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "slots", "--data", str(data)])

    assert done.exit_code == 0, done.output
    assert "left out" in done.output.partition("chosen on")[0]
    assert "2 pages" in done.output


@pytest.mark.parametrize(
    ("field_type", "name", "kind"),
    [
        ("Signature", "user", SlotKind.SIGNATURE),
        ("Text", "witness_signature", SlotKind.SIGNATURE),
        ("Text", "date_signed", SlotKind.DATE),
        ("Text", "election_date", None),
        ("Text", "date_of_birth", None),
        ("Text", "tenant_initials", SlotKind.INITIALS),
        ("Text", "middle_initial", None),
        ("CheckBox", "signature", None),
    ],
)
def test_what_an_author_means_is_told(field_type: str, name: str, kind: SlotKind | None) -> None:
    assert author_kind(field_type, name) is kind


def test_places_are_the_same_by_overlap_or_where_one_holds_the_other() -> None:
    field = Area(x=0, y=0, width=100, height=20)

    assert is_same(field, Area(x=20, y=0, width=100, height=20))
    assert is_same(field, Area(x=0, y=-50, width=100, height=70))
    assert not is_same(field, Area(x=0, y=-200, width=300, height=220))
    assert not is_same(field, Area(x=90, y=0, width=100, height=20))


def test_forms_are_scanned_and_read_where_that_is_asked_for(data: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "slots", "--data", str(data), "--scans"])
    read = measure_slots(blank_forms(data / "slots"), load_line_reader(), scans=True)

    assert done.exit_code == 0, done.output
    (half,) = {half for half, _ in read.tallies}
    assert (read.whole(half).fields, read.whole(half).hits) == (2, 1)


def test_a_field_lies_where_the_paper_lay() -> None:
    meant = AuthorField(0, SlotKind.DATE, Area(x=10, y=20, width=30, height=5))
    moved = FormView(np.zeros((1, 1), np.uint8), PageLayout(), np.array([[1.0, 0, 20], [0, 1, -10]]))

    assert FormView(np.zeros((1, 1), np.uint8), PageLayout()).field(meant, 144) is meant
    assert moved.field(meant, 144).area == Area(x=20, y=15, width=30, height=5)


def test_filled_copies_are_the_same_each_time_and_their_fields_lie_where_they_were_filled(data: Path) -> None:
    (form, _) = blank_forms(data / "slots")

    (page,), (again,) = filled_pages(form), filled_pages(form)
    others = [other for copy in range(1, 6) for other in filled_pages(form, copy=copy)]

    assert np.array_equal(page.pixels, again.pixels) and page.filled == again.filled
    assert {other.filled for other in others} == {(True,), (False,)}
    ink = {}
    for other in others:
        area, unit = other.view.field(other.fields[0], other.dpi).area, other.dpi / 72
        rows = slice(int((area.y + 4) * unit), int((area.bottom - 6) * unit))
        inside = other.view.grey[rows, int((area.x + 8) * unit) : int((area.right - 8) * unit)]
        ink.setdefault(other.filled[0], []).append(float((inside < 128).mean()))
    assert min(ink[True]) > max(ink[False])


def test_initials_and_dates_are_filled_in_too(data: Path) -> None:
    form = next(blank_forms(data / "slots"))
    areas = [Area(x=100, y=200 + 100 * number, width=150, height=20) for number in range(4)]
    kinds = [SlotKind.INITIALS, SlotKind.DATE, SlotKind.SIGNATURE, SlotKind.INITIALS]
    fields = tuple(AuthorField(0, kind, area) for kind, area in zip(kinds, areas, strict=True))

    (page,) = filled_pages(replace(form, fields=fields), copy=2)

    assert len(page.filled) == 4 and any(page.filled)
    assert (page.view.grey < 128).sum() > 500


def test_statuses_are_told_with_a_template_and_without(data: Path) -> None:
    class Finder:
        """Finds a signature wherever the field is filled."""

        def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
            return [list(self._on(page)) for page in pages]

        def _on(self, page: Pixels) -> Iterator[DetectedRegion]:
            unit = page.shape[1] / 595
            box = Box(155 * unit, 278 * unit, 120 * unit, 20 * unit)
            rows = slice(int(box.y + box.height * 0.3), int(box.y + box.height * 0.8))
            if (page[rows, int(box.x) : int(box.x + box.width)] < 120).mean() > 0.01:
                yield DetectedRegion(box=box, score=0.9, label=Label.SIGNATURE, signs=True)

    report = measure_statuses(list(blank_forms(data / "slots")), Finder(), load_line_reader(), copies=2)

    (half,) = {half for half, _ in report.tallies}
    with_template, without = (report.tally(half, way) for way in (WITH, WITHOUT))
    assert (with_template.fields, with_template.with_slot, without.fields) == (4, 4, 4)
    assert with_template.right >= 3 >= without.with_slot
    assert with_template.called_signed == 0
    console = Console(width=200, record=True, file=StringIO())
    console.print(status_table(report))
    told = console.export_text()
    assert "with its template" in told
    assert "right of found" in told


def test_a_field_without_a_slot_is_wrong_but_says_nothing_of_the_slots_that_were_found() -> None:
    anchor = Anchor(x=0, y=0, width=9, height=9, text="Date", source=AnchorSource.OCR)
    slot = PageSlot(x=9, y=0, width=99, height=9, kind=SlotKind.DATE, anchor=anchor)
    tally = StatusTally()
    tally.count(None, filled=True)
    for status, filled in (
        (SlotStatus.SIGNED, True),
        (SlotStatus.SIGNED, False),
        (SlotStatus.UNSIGNED, False),
    ):
        tally.count(SlotState(slot=slot, status=status, reason=""), filled=filled)

    assert (tally.share_right, tally.share_right_where_found) == (0.5, 2 / 3)
    assert (tally.empty, tally.called_signed) == (2, 1)


def test_the_fields_of_a_page_that_is_shown_turned_lie_where_they_are_seen(data: Path) -> None:
    path = data / "slots" / "told.pdf"
    with pymupdf.open(path) as document:
        document[0].set_rotation(90)
        document.saveIncr()

    (field,) = next(blank_forms(data / "slots")).fields

    assert field.area == Area(x=842 - 302, y=150, width=27, height=250)


def test_fields_beneath_the_page_are_left_out(data: Path) -> None:
    form = next(blank_forms(data / "slots"))

    assert len(form.fields_on(0, height=842)) == 1
    assert form.fields_on(0, height=300) == form.fields_on(1, height=842) == []
