"""How the finder of slots is measured on blank forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from typer.testing import CliRunner

from training.cli import app
from training.slots.forms import AuthorField, author_kind, blank_forms
from training.slots.measure import is_same, measure_slots, without_fields
from training.slots.scanned import FormView
from worker.slots.values import Area, PageLayout, SlotKind
from worker.vision.reading import load_line_reader


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
    read = measure_slots(blank_forms(data / "slots"), load_line_reader())

    assert done.exit_code == 0, done.output
    (half,) = {half for half, _ in read.tallies}
    assert (read.whole(half).fields, read.whole(half).hits) == (2, 1)


def test_a_field_lies_where_the_paper_lay() -> None:
    meant = AuthorField(0, SlotKind.DATE, Area(x=10, y=20, width=30, height=5))
    moved = FormView(np.zeros((1, 1), np.uint8), PageLayout(), np.array([[1.0, 0, 20], [0, 1, -10]]))

    assert FormView(np.zeros((1, 1), np.uint8), PageLayout()).field(meant, 144) is meant
    assert moved.field(meant, 144).area == Area(x=20, y=15, width=30, height=5)
