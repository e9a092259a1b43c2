"""What is missing, hidden or elsewhere is said; what viewers show is drawn."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tests.corpus import KINDS
from tests.corpus.containers import CONTAINERS, archive_of, flagged, mail, unsigned_field, updated
from tests.corpus.kind import Kind
from tests.corpus.pdf_parts import one_page
from tests.corpus.written import written
from tests.inputs.expectations import LIMITS
from tests.sheets import encoded
from worker.errors import DocumentError, PageError, UnknownFormat
from worker.rendering.container import is_cut_off
from worker.rendering.formats import sniff
from worker.rendering.modes import eight_bit
from worker.rendering.pages import inspect, render
from worker.rendering.sizes import finer_dpi, reduction, shrinking
from worker.rendering.tiff import full_pages
from worker.rendering.unknown_formats import describe_unknown
from worker.vision.images import decode
from worker.vision.values import RenderedPage

LISTED = [pytest.param(kind, id=kind.id) for kind in CONTAINERS]


@pytest.mark.parametrize("kind", LISTED)
def test_a_document_says_what_it_lacks_and_carries(kind: Kind) -> None:
    try:
        info = inspect(kind.build(), limits=LIMITS)
    except DocumentError as error:
        assert (kind.status, kind.reason) == ("failed", error.code)
        return
    pages = list(render(kind.build(), limits=LIMITS))

    assert all(isinstance(page, RenderedPage) for page in pages)
    assert info.lacks == kind.reason
    assert ", ".join(info.notes) == (kind.notes or "")


def test_every_document_of_the_corpus_that_is_done_is_complete() -> None:
    sound = [kind for kind in KINDS if kind.status == "done" and sniff(kind.build()) == "pdf"]

    assert len(sound) > 50
    for kind in sound:
        data = kind.build()
        assert not is_cut_off(data[data.index(b"%PDF-") :]), kind.id


def test_every_cut_inside_an_update_is_seen() -> None:
    data, start = updated()

    whole = [place for place in range(start + 4, len(data) - 2) if not is_cut_off(data[:place])]

    assert not whole or min(whole) > len(data) - 8
    assert not is_cut_off(data)
    assert not is_cut_off(data[:start])


def test_a_field_for_a_signature_shows_its_look_though_nobody_signed_digitally() -> None:
    (page,) = render(unsigned_field(), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert (decode(page.data) < 40).all(axis=2).sum() > 15_000


@pytest.mark.parametrize(
    ("flags", "drawn"), [(4, True), (1 | 4, True), (2, False), (1 | 2, False), (32, False)]
)
def test_a_stamp_is_drawn_where_viewers_draw_it(flags: int, *, drawn: bool) -> None:
    (page,) = render(flagged(flags), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert bool(decode(page.data).min() < 128) is drawn


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (mail("contract.pdf", "scan.tif"), "a mail with two attachments (contract.pdf, scan.tif); send"),
        (mail("a", "b", "c", "d"), "a mail with 4 attachments (a, b, c, …)"),
        (mail(), "a mail without attachments"),
        (archive_of("word/document.xml"), "a Word document"),
        (archive_of("ppt/presentation.xml"), "a PowerPoint presentation"),
        (archive_of("a.tif", "b.tif"), "a ZIP archive of 2 files"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive or an Office file"),
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text",
            "an OpenDocument file",
        ),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "an old Office file"),
        (b"\xff\x0a" + bytes(9), "JPEG XL"),
        (b"ARC-Seal: i=1\r\n" + mail("a.pdf"), "a mail with one attachment (a.pdf)"),
        (b"From a@example.org Mon\n" + mail("a.pdf"), "a mail with one attachment"),
        (b"Amount: 12\n\nFrom: here", "no format that is read"),
        (bytes(257) + b"ustar", "a tar archive"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "a video or raw picture"),
        (bytes(128) + b"DICM", "DICOM"),
        (bytes.fromhex("308006092a864886f70d010702a080"), "a signed or encrypted container"),
        (b"P6\n10 10\n255\n", "a portable bitmap"),
        ("<html>".encode("utf-16"), "HTML or XML"),
        (b"nothing at all", "no format that is read"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, words: str) -> None:
    assert words in describe_unknown(data)


def test_a_format_without_its_decoder_says_what_to_install() -> None:
    with pytest.raises(UnknownFormat, match="heic"):
        inspect(b"\0\0\0\x18ftypheic" + bytes(40), limits=LIMITS)


def test_a_page_tree_behind_a_long_printer_head_is_found_by_its_own_offsets() -> None:
    head = b"\x1b%-12345X" + b"@PJL COMMENT\r\n" * 4000

    assert inspect(head + one_page(), limits=LIMITS).pages == 1
    assert sniff(b"x" * 2000 + one_page()) is None


def test_light_ink_on_nothing_is_turned_dark_and_light_pictures_stay() -> None:
    ink = written("L").point(lambda value: 255 - value)
    signature = Image.merge("RGBA", (*[Image.new("L", ink.size, 255)] * 3, ink))
    picture = Image.new("RGBA", ink.size, (240, 240, 240, 255))

    assert eight_bit(signature).min() < 30
    assert eight_bit(picture).min() == 240


def test_copies_and_masks_of_a_page_are_none() -> None:
    page, copy, mask = {256: 100, 257: 100}, {254: 1, 256: 10, 257: 10}, {254: 4, 256: 50, 257: 50}

    assert full_pages([(0, page), (1, copy), (2, mask), (3, page), (4, {255: 2, 256: 9, 257: 9})]) == [0, 3]
    assert full_pages([(0, copy), (1, page), (2, copy)]) == [1]
    assert full_pages([(0, copy | {256: 20}), (1, page)]) == [0, 1]
    assert full_pages([(0, copy)]) == [0]
    assert full_pages([]) == []
    assert full_pages([(0, page), (1, {254: 1, 256: 100, 257: 60})]) == [0, 1]
    assert full_pages([(0, page), (1, {254: 4, 256: 100, 257: 100})]) == [0]


@pytest.mark.parametrize(
    ("size", "by"), [((10, 10), 1), ((20, 20), 2), ((21, 20), 4), ((80, 80), 8), ((90, 90), None)]
)
def test_a_jpeg_is_reduced_by_as_little_as_fits(size: tuple[int, int], by: int | None) -> None:
    assert reduction(*size, limit=100) == by


def test_an_image_of_two_values_is_reduced_by_a_whole_factor() -> None:
    assert [shrinking(side, side, limit=100) for side in (10, 11, 20, 28)] == [1, 2, 2, 3]
    # A line of pixels becomes shorter only one way.
    assert shrinking(1, 310, limit=100) == 4


def test_a_page_of_no_size_is_drawn_as_asked_for() -> None:
    assert finer_dpi((0, 0), tuple, wanted=200) == 200


def test_a_page_that_was_reduced_says_so() -> None:
    (page,) = render(encoded(Image.new("L", (4000, 4000), 255), "JPEG"), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert page.note == "page 1 was reduced to 1/2 of its size to keep the limit"
    with Image.open(BytesIO(page.data)) as stored:
        assert stored.size == (2000, 2000)


def test_a_file_that_ends_inside_its_only_table_is_cut_off() -> None:
    data = one_page()

    assert is_cut_off(data[: data.rindex(b"trailer")])
    assert not any(isinstance(page, PageError) for page in render(data, limits=LIMITS))
