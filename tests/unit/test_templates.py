"""Blank forms become templates; their filled, scanned copies are recognised and laid onto them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pymupdf
import pytest
from typer.testing import CliRunner

from producer.cli import app
from producer.services.templates import learn_template
from training.common.degradations import one_bit, skewed
from worker.errors import WrongUse
from worker.rules.reading import applicable, read_rules
from worker.setting_names import check_folders
from worker.settings import Reading
from worker.slots.page import Means, page_slots
from worker.slots.registration import find_landmarks, register_page
from worker.slots.template_files import (
    SUFFIX,
    TemplateRefused,
    TemplateSlot,
    read_template,
    read_template_folder,
)
from worker.slots.templates import Template, Templates, load_templates, make_page
from worker.slots.values import AnchorSource, FormField, Mark, PageLayout, SlotKind, SlotState, Word
from worker.vision.images import encode_png
from worker.vision.values import Grey

DPI = 150
SLOT = TemplateSlot(
    x=180, y=640, width=220, height=24, kind=SlotKind.SIGNATURE, party="tenant", text="Signed"
)


def blank(seed: int = 1) -> pymupdf.Document:
    """A page of printed text, other words for each seed, with a line to sign on at 664 points."""
    rng = np.random.default_rng(seed)
    letters = "abcdefghijklmnoprstuvwy"
    words = ["".join(rng.choice(list(letters), rng.integers(2, 10))) for _ in range(400)]
    document = pymupdf.open()
    page = document.new_page()
    for row in range(30):
        page.insert_text((60, 80 + 16 * row), " ".join(words[12 * row : 12 * row + 10]), fontsize=10)
    page.insert_text((60, 660), "Signature of tenant:")
    page.draw_line((180, 664), (400, 664))
    return document


def drawn(document: pymupdf.Document, *, dpi: int = DPI) -> Grey:
    pixels = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width).copy()


def templates(*seeds: int) -> Templates:
    return Templates(
        tuple(
            Template(f"form-{seed}", make_page(drawn(blank(seed)), dpi=DPI, slots=[SLOT])) for seed in seeds
        )
    )


def signed_at(page: Grey, **facts: object) -> Mark:
    """A mark over the template's slot on a page that lies straight, with a stroke of its ink."""
    unit = DPI / 72
    box = {"x": 200 * unit, "y": 638 * unit, "width": 120 * unit, "height": 26 * unit}
    cv2.line(page, (int(210 * unit), int(660 * unit)), (int(310 * unit), int(642 * unit)), 0, 3)
    return Mark.model_validate(
        {"index": 0, "label": "signature", "score": 0.9, "signs": True, **box, **facts}
    )


def states(page: Grey, *marks: Mark, known: Templates, layout: PageLayout | None = None) -> list[SlotState]:
    return page_slots(page, layout or PageLayout(), marks, dpi=DPI, means=Means(templates=known))


@pytest.mark.parametrize("degrees", [0.0, 1.7, -4.0, 180.0])
def test_a_copy_has_the_slots_of_its_template_however_it_lay(degrees: float) -> None:
    page = one_bit(skewed(drawn(blank(1)), degrees, paper=255), 165)

    (state,) = states(page, known=templates(2, 1, 3))

    slot, unit = state.slot, DPI / 72
    assert (slot.template, slot.kind, slot.party) == ("form-1", SlotKind.SIGNATURE, "tenant")
    assert (slot.anchor.text, slot.anchor.source) == ("Signed", AnchorSource.TEMPLATE)
    assert state.status.value == "unsigned"
    middle = np.array([290 * unit - page.shape[1] / 2, 652 * unit - page.shape[0] / 2])
    turn = np.radians(degrees)
    x = page.shape[1] / 2 + middle @ [np.cos(turn), np.sin(turn)]
    y = page.shape[0] / 2 + middle @ [-np.sin(turn), np.cos(turn)]
    assert (slot.x + slot.width / 2, slot.y + slot.height / 2) == pytest.approx((x, y), abs=4)


def test_another_form_and_an_empty_page_are_copies_of_none() -> None:
    assert states(drawn(blank(4)), known=templates(1, 2)) == []
    assert states(np.full((1000, 800), 255, np.uint8), known=templates(1)) == []
    assert (
        register_page(find_landmarks(drawn(blank(4)), dpi=DPI), find_landmarks(drawn(blank(1)), dpi=DPI))
        is None
    )


def test_a_copy_of_another_size_is_none() -> None:
    page = drawn(blank(1), dpi=220)

    assert states(page, known=templates(1)) == []


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, "signed"),
        ({"signs": False}, "signed"),
        ({"label": "handwriting", "signs": False}, "signed"),
        ({"label": "handwritten_date", "signs": False}, "wrong_slot"),
        ({"label": "stamp_or_logo", "signs": False}, "low_evidence"),
    ],
)
def test_what_a_hand_writes_where_a_template_asks_for_a_signature_signs(
    facts: dict[str, object], status: str
) -> None:
    page = drawn(blank(1))

    (state,) = states(page, signed_at(page, **facts), known=templates(1))

    assert state.status.value == status


def test_the_print_of_a_template_is_no_ink_and_what_is_added_is() -> None:
    page = drawn(blank(1))
    unit = DPI / 72
    covering = TemplateSlot(x=60, y=640, width=340, height=30, kind=SlotKind.SIGNATURE)
    known = Templates((Template("form", make_page(page, dpi=DPI, slots=[covering])),))

    assert [state.status.value for state in states(page, known=known)] == ["unsigned"]
    page[int(644 * unit) : int(650 * unit), int(200 * unit) : int(330 * unit)] = 0
    assert [state.status.value for state in states(page, known=known)] == ["low_evidence"]


def test_what_is_typed_into_a_field_of_a_copy_is_typed() -> None:
    unit = DPI / 72
    box = {"x": 182 * unit, "y": 642 * unit, "width": 210 * unit, "height": 20 * unit}
    field = FormField(**box, name="signature", kind=SlotKind.SIGNATURE, value="Jane Doe")

    (state,) = states(drawn(blank(1)), known=templates(1), layout=PageLayout(fields=(field,)))

    assert (state.status.value, state.slot.typed) == ("typed", "Jane Doe")


def test_what_lies_beyond_the_edge_of_a_scan_is_unknown_and_not_empty() -> None:
    page = drawn(blank(1))[: int(600 * DPI / 72)]

    (state,) = states(page, known=templates(1))

    assert (state.status.value, state.reason) == ("unknown", "this place lies beyond the edge of the scan")


def test_handwriting_where_a_template_asks_for_a_stamp_is_none() -> None:
    asked = SLOT.model_copy(update={"kind": SlotKind.STAMP})
    known = Templates((Template("form", make_page(drawn(blank(1)), dpi=DPI, slots=[asked])),))
    page = drawn(blank(1))

    (state,) = states(page, signed_at(page, label="handwriting"), known=known)

    assert state.status.value == "low_evidence"


def test_letters_of_a_machine_in_the_text_of_a_copy_are_typed() -> None:
    unit = DPI / 72
    box = {"y": 645 * unit, "width": 40 * unit, "height": 10 * unit}
    words = tuple(Word(x=x * unit, text=text, **box) for x, text in ((200, "/s/"), (245, "Jane")))

    (state,) = states(drawn(blank(1)), known=templates(1), layout=PageLayout(words=words))

    assert (state.status.value, state.slot.typed) == ("typed", "/s/ Jane")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"width": 0}, "greater than 0"),
        ({"height": -4}, "greater than 0"),
        ({"x": 900}, "beyond the page"),
        ({"x": 1e308}, "beyond the page"),
    ],
)
def test_a_slot_that_no_page_can_have_is_refused(change: dict[str, float], reason: str) -> None:
    slot = SLOT.model_dump(mode="json") | change
    file = {"countersign_template": 1, "name": "a", "pages": [_page() | {"slots": [slot]}]}

    with pytest.raises(TemplateRefused, match=reason):
        read_template(json.dumps(file).encode(), "mine.json")


def test_a_form_that_is_too_large_for_a_template_is_named(tmp_path: Path) -> None:
    pymupdf.open().new_page(width=5_100, height=300).parent.save(tmp_path / "roll.pdf")

    with pytest.raises(WrongUse, match=r"roll.pdf' cannot be a template: .*less than or equal"):
        learn_template(tmp_path / "roll.pdf", tmp_path)


def test_pages_of_a_pixel_are_copies_of_none_and_no_template(tmp_path: Path) -> None:
    for shape in ((1, 1), (1, 4000)):
        assert states(np.full(shape, 255, np.uint8), known=templates(1)) == []
        (tmp_path / "thin.png").write_bytes(encode_png(np.full(shape, 255, np.uint8)))
        with pytest.raises(WrongUse, match=r"thin.png' cannot be a template"):
            learn_template(tmp_path / "thin.png", tmp_path)


def test_a_print_that_no_reader_would_take_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.services.templates.LARGEST_TEMPLATE", 1_000)
    blank(1).save(tmp_path / "form.pdf")

    with pytest.raises(WrongUse, match="its print takes"):
        learn_template(tmp_path / "form.pdf", tmp_path)


def test_a_blank_form_becomes_a_template_and_its_copies_are_found(tmp_path: Path) -> None:
    blank(1).save(tmp_path / "lease of 2026.pdf")

    made = learn_template(tmp_path / "lease of 2026.pdf", tmp_path / "made")

    assert made.path.name == f"lease-of-2026{SUFFIX}"
    (page,) = made.file.pages
    (slot,) = page.slots
    assert (slot.kind, slot.party, slot.text) == (SlotKind.SIGNATURE, "tenant", "Signature of tenant:")
    assert (slot.x, slot.y + slot.height) == pytest.approx((180, 664), abs=2)
    known = load_templates(tmp_path / "made")
    (state,) = states(skewed(drawn(blank(1)), 1.0, paper=255), known=known)
    assert state.slot.template == "lease-of-2026"
    assert [known.file.name for known in read_template_folder(tmp_path / "made")] == ["lease-of-2026"]


def test_the_command_shows_what_it_made(tmp_path: Path) -> None:
    blank(1).save(tmp_path / "lease.pdf")
    pymupdf.open().new_page().parent.save(tmp_path / "empty.pdf")
    run = CliRunner()

    done = run.invoke(
        app, ["template", "learn", str(tmp_path / "lease.pdf"), "--out", str(tmp_path / "made")]
    )
    empty = run.invoke(
        app, ["template", "learn", str(tmp_path / "empty.pdf"), "--out", str(tmp_path / "made")]
    )

    assert done.exit_code == 0, done.output
    assert "tenant" in done.output and "run --templates" in done.output
    assert empty.exit_code == 1 and "asks for no mark" in empty.output


def test_a_form_that_cannot_be_read_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7\n")

    with pytest.raises(WrongUse, match=r"torn.pdf' cannot be a template"):
        learn_template(tmp_path / "torn.pdf", tmp_path)
    blank(1).save(tmp_path / "form.pdf")
    with pytest.raises(WrongUse, match="no name of a template"):
        learn_template(tmp_path / "form.pdf", tmp_path, name="a b")


def test_a_page_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    blank(1).save(tmp_path / "form.pdf")

    with pytest.raises(WrongUse, match=r"form.pdf.*page 1"):
        learn_template(tmp_path / "form.pdf", tmp_path, reading=Reading(max_pixels=100))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"countersign_template": 2}, "countersign_template"),
        ({"name": "../x"}, "name"),
        ({"pages": []}, "pages"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_template_that_is_none_is_refused_with_the_place(change: dict[str, object], reason: str) -> None:
    file = {"countersign_template": 1, "name": "a", "pages": [_page()]} | change

    with pytest.raises(TemplateRefused, match=f"mine.json: {reason}"):
        read_template(json.dumps(file).encode(), "mine.json")
    with pytest.raises(TemplateRefused, match="at most"):
        read_template(b" " * (16 * 2**20 + 1), "large.json")


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("???", "its print is no picture"),
        ("éé", "its print is no picture"),
        (base64.b64encode(b"\x89PNG" + bytes(12) + b"\0\0\xea\x60" * 2).decode(), "has not the size"),
        (base64.b64encode(b"no picture").decode(), "its print is no picture"),
        (base64.b64encode(encode_png(np.zeros((9, 9), np.uint8))).decode(), "has not the size"),
    ],
)
def test_a_template_without_its_print_is_refused(tmp_path: Path, printed: str, reason: str) -> None:
    file = {"countersign_template": 1, "name": "a", "pages": [_page() | {"print": printed}]}
    (tmp_path / f"a{SUFFIX}").write_text(json.dumps(file))

    with pytest.raises(TemplateRefused, match=reason):
        load_templates(tmp_path)


def test_a_print_in_colour_serves_as_well(tmp_path: Path) -> None:
    picture = np.repeat(np.full((1100, 850, 1), 255, np.uint8), 3, axis=2)
    picture[5, 5] = (255, 0, 0)
    page = _page() | {"print": base64.b64encode(encode_png(picture)).decode()}
    (tmp_path / f"a{SUFFIX}").write_text(
        json.dumps({"countersign_template": 1, "name": "a", "pages": [page]})
    )

    (template,) = load_templates(tmp_path).pages

    assert template.print.shape == (1100, 850) and template.print[5, 5] == 0


def test_a_folder_of_templates_names_what_is_wrong_with_it(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="holds no templates"):
        read_template_folder(tmp_path)
    for name in ("a", "b"):
        text = json.dumps({"countersign_template": 1, "name": "same", "pages": [_page()]})
        (tmp_path / f"{name}{SUFFIX}").write_text(text)
    with pytest.raises(TemplateRefused, match=f"a{SUFFIX} is called same, too"):
        read_template_folder(tmp_path)
    with pytest.raises(WrongUse, match=r"COUNTERSIGN_TEMPLATES_FOLDER: .* is called same"):
        check_folders(Reading(templates_folder=tmp_path))


def test_rules_may_be_for_the_copies_of_a_template() -> None:
    text = "countersign: 1\ntype: {0}\nversion: 1\napplies: {1}\nneeds:\n  - {{}}\n"
    known = [
        read_rules(text.format("by-key", "{keys: [leases/]}").encode(), "a"),
        read_rules(text.format("by-form", "{templates: [lease-of-2026]}").encode(), "b"),
    ]

    def chosen(key: str, *names: str) -> str | None:
        rules = applicable(known, key, names)
        return None if rules is None else rules.file.type

    assert chosen("in/x", "lease-of-2026", "other") == "by-form"
    assert chosen("leases/x", "lease-of-2026") == "by-key"
    assert chosen("in/x", "other") is None


def _page() -> dict[str, object]:
    picture = encode_png(np.full((1100, 850), 255, np.uint8))
    return {"width": 612, "height": 792, "print": base64.b64encode(picture).decode(), "slots": []}
