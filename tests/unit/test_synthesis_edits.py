"""What happens to finished pages, and the files they become: redactions, notes, JPEG, PNG, fax, PDF."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageSequence

from training.synthesis import files
from training.synthesis.edits import Rectangle, added_words, margin_notes, redact
from training.synthesis.layouts import Slot
from training.synthesis.pages import (
    A4,
    LETTER,
    DrawnPage,
    agreement_page,
    insert,
    random_page,
    signature_entry,
)
from training.synthesis.strokes import InventedSigner


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def lined() -> np.ndarray:
    """A page of 600 by 800 with lines of print in its upper half."""
    pixels = np.full((800, 600, 3), 255, np.uint8)
    for y in range(60, 400, 16):
        pixels[y : y + 8, 50:550] = 30
    return pixels


@pytest.mark.parametrize(
    ("other", "margin", "near"),
    [
        pytest.param(Rectangle(10, 10, 20, 20), 0, True, id="inside"),
        pytest.param(Rectangle(30, 0, 40, 30), 0, False, id="touching"),
        pytest.param(Rectangle(30, 0, 40, 30), 1, True, id="touching, with a margin"),
        pytest.param(Rectangle(0, 35, 30, 60), 5, False, id="as far as the margin"),
        pytest.param(Rectangle(0, 34, 30, 60), 5, True, id="closer than the margin"),
    ],
)
def test_rectangles_are_near_within_their_margin(other: Rectangle, margin: int, near: bool) -> None:
    rectangle = Rectangle(0, 0, 30, 30)

    assert rectangle.near(other, margin) is near
    assert other.near(rectangle, margin) is near


def test_a_rectangle_s_hull_goes_around_its_corners() -> None:
    assert Rectangle(1, 2, 3, 4).hull == ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))


def test_all_that_changes_on_a_redacted_page_is_what_is_told() -> None:
    for seed in range(6):
        before, pixels = lined(), lined()

        bars = redact(pixels, rng(seed), count=4)

        changed = (before != pixels).any(axis=2)
        told = np.zeros_like(changed)
        for bar in bars:
            told[bar.top : bar.bottom, bar.left : bar.right] = True
        assert 1 <= len(bars) <= 4
        assert not (changed & ~told).any()
        assert changed[told].mean() > 0.2


def test_redacted_passages_had_print_and_lie_apart() -> None:
    bars = [bar for seed in range(6) for bar in redact(lined(), rng(seed), count=4)]

    assert all(bar.top < 410 for bar in bars)
    for seed in range(6):
        redacted = redact(lined(), rng(seed), count=4)
        assert not any(a.near(b, 4) for index, a in enumerate(redacted) for b in redacted[index + 1 :])


def test_what_is_to_be_kept_stays_uncovered() -> None:
    keep = Rectangle(40, 40, 560, 300)

    for seed in range(8):
        pixels = lined()
        assert not any(bar.near(keep, 4) for bar in redact(pixels, rng(seed), count=6, keep=[keep]))
        assert np.array_equal(pixels[40:300, 40:560], lined()[40:300, 40:560])


def test_an_empty_page_has_nothing_to_redact() -> None:
    pixels = np.full((400, 300, 3), 255, np.uint8)

    assert redact(pixels, rng(), count=5) == []
    assert pixels.min() == 255


def test_bars_are_black_grey_or_framed_white() -> None:
    tones = set()
    for seed in range(40):
        pixels = lined()
        for bar in redact(pixels, rng(seed), count=3):
            middle = pixels[(bar.top + bar.bottom) // 2, (bar.left + bar.right) // 2]
            tones.add("black" if middle[0] < 40 else "white" if middle[0] == 255 else "grey")
            if middle[0] == 255:
                assert pixels[bar.top, bar.left : bar.right].max() < 120

    assert tones == {"black", "grey", "white"}


def test_notes_are_put_where_the_page_is_free_and_not_over_each_other() -> None:
    for seed in range(6):
        notes = margin_notes(lined(), rng(seed), dpi=72, count=3)

        assert len(notes) == 3
        spots = [Rectangle(int(s.x), int(s.y - s.height), int(s.x + s.width), int(s.y)) for s, _ in notes]
        inked = lined().min(axis=2) < 160
        assert all(inked[spot.top : spot.bottom, spot.left : spot.right].mean() < 0.02 for spot in spots)
        assert all(text.strip() and slot.kind == "handwriting" for slot, text in notes)


def test_a_full_page_takes_no_note() -> None:
    assert margin_notes(np.zeros((800, 600, 3), np.uint8), rng(), dpi=72, count=3) == []


def test_added_words_are_phrases_numbers_and_pieces_of_letters() -> None:
    texts = [added_words(rng(seed)) for seed in range(60)]

    assert all(1 <= len(text.split()) <= 4 for text in texts)
    assert any(text.isdigit() for text in texts) and any(text == "ok" for text in texts)
    assert len(set(texts)) > 30


@pytest.fixture
def page() -> DrawnPage:
    """A coloured page at 100 dpi."""
    pixels = lined()
    pixels[500:560, 100:300] = (20, 40, 160)
    return DrawnPage(pixels, 100.0)


def test_a_png_gives_its_pixels_and_resolution_back(page: DrawnPage) -> None:
    with Image.open(BytesIO(files.png(page))) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), page.pixels)
        assert image.info["dpi"] == pytest.approx((100, 100), abs=0.1)


def test_a_jpeg_is_close_to_its_page_and_smaller_at_less_quality(page: DrawnPage) -> None:
    fine, coarse = (files.jpeg(page, quality=quality) for quality in (90, 20))

    with Image.open(BytesIO(fine)) as image:
        assert np.abs(np.asarray(image).astype(int) - page.pixels).mean() < 3
    assert len(coarse) < len(fine)


@pytest.mark.parametrize("write", [files.jpeg, files.png])
def test_pages_without_colour_are_stored_in_grey(write) -> None:
    with Image.open(BytesIO(write(DrawnPage(lined(), 100.0)))) as image:
        assert image.mode == "L"


def test_a_fax_has_its_pages_in_one_bit_at_their_resolution(page: DrawnPage) -> None:
    with Image.open(BytesIO(files.fax([page, DrawnPage(lined(), 100.0)]))) as image:
        frames = [np.asarray(frame) for frame in ImageSequence.Iterator(image)]
        assert image.info["compression"] == "group4"

    assert [frame.dtype for frame in frames] == [bool, bool]
    assert np.array_equal(frames[1], lined()[..., 0] > 127)


def test_a_scanned_pdf_has_a_page_an_image_at_its_size_in_inches(page: DrawnPage) -> None:
    with pymupdf.open(stream=files.scanned_pdf([page, page]), filetype="pdf") as document:
        assert document.page_count == 2
        assert document[0].rect.width == pytest.approx(600 * 72 / 100)
        (image,) = document[0].get_images()
        assert (image[2], image[3]) == (600, 800)


def test_a_damaged_pdf_keeps_its_header_and_no_page(page: DrawnPage) -> None:
    broken = files.damaged(files.scanned_pdf([page]))

    assert broken.startswith(b"%PDF-")
    try:
        with pymupdf.open(stream=broken, filetype="pdf") as document:
            assert document.page_count == 0
    except pymupdf.FileDataError:
        pass


def test_an_entry_on_a_vector_page_stands_where_its_mark_says() -> None:
    signer, slot = InventedSigner.from_seed(9), Slot("signature", 100, 300, 220, 60)
    with pymupdf.open() as document:
        sheet = document.new_page(width=A4[0], height=A4[1])
        mark = insert(sheet, signature_entry(slot, signer, rng()), dpi=100)
        picture = sheet.get_pixmap(dpi=100, alpha=False)
        pixels = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width, 3)

    rows, found_columns = np.nonzero(pixels.min(axis=2) < 200)
    x, y, width, height = mark.box
    ink = (found_columns.min(), rows.min(), found_columns.max(), rows.max())
    assert ink == pytest.approx((x, y, x + width, y + height), abs=3)
    assert (mark.label, mark.signer, mark.truth) == ("signature", signer.name, "genuine")


@pytest.mark.parametrize("draw", [random_page, agreement_page])
def test_a_hand_writes_signatures_and_initials_in_place_of_the_model(draw) -> None:
    asked: list[str] = []

    def nobody(kind: str, signer: InventedSigner, generator: np.random.Generator):
        asked.append(kind)

    pages = [draw(rng(seed), dpi=40, hand=nobody) for seed in range(3)]
    plain = [draw(rng(seed), dpi=40) for seed in range(3)]

    assert asked and set(asked) <= {"signature", "initials"}
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(pages, plain, strict=True))


def test_pages_of_training_are_a4_or_letter_and_some_are_edited() -> None:
    pages = [random_page(rng(seed), dpi=30) for seed in range(16)]

    shapes = {page.pixels.shape[:2] for page in pages}
    assert len(shapes) == 2
    ratios = sorted(height / width for height, width in shapes)
    assert ratios == pytest.approx([LETTER[1] / LETTER[0], A4[1] / A4[0]], rel=0.02)
    assert any(mark.label == "redaction" for page in pages for mark in page.marks)
