"""Damage that decoders hardly mention costs its page; what is drawn whole is read."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest

from tests.corpus.codecs import (
    CODECS,
    DAMAGES,
    PICTURES,
    TIFFS,
    flate_ended,
    jbig2,
    jpeg_too_bright,
    noise,
    sound_scan,
    tiff_page,
    zeros,
)
from tests.corpus.image_files import IMAGE_FILES
from tests.corpus.jbig2 import jbig2_in_arithmetic_codes, jbig2_of_fax, jbig2_page, region, segment
from tests.corpus.kind import ANY, Kind
from tests.corpus.written import SIZE, strip, written
from tests.inputs.expectations import LIMITS
from tests.inputs.scan_builders import scan
from tests.sheets import encoded
from worker.errors import DocumentError, PageError
from worker.rendering.complaints import TABLE, Meaning, check, first, meaning
from worker.rendering.engine import pymupdf
from worker.rendering.fax import Fax, check_fax, has_end
from worker.rendering.jbig2 import check_jbig2
from worker.rendering.jbig2_ends import check_ends
from worker.rendering.jpeg import check_jpeg
from worker.rendering.overheard import overhear
from worker.rendering.pages import render
from worker.rendering.streams import check_flate, is_whole
from worker.rendering.webp import check_webp

CERTAIN = [pytest.param(kind, id=kind.id) for kind in (*CODECS, *IMAGE_FILES) if kind.status != ANY]


@pytest.mark.parametrize("kind", CERTAIN)
def test_a_page_is_read_when_all_of_it_is_there_and_only_then(kind: Kind) -> None:
    try:
        (page,) = render(kind.build(), limits=LIMITS)
    except DocumentError as error:
        assert error.code == kind.reason
        return

    assert (page.code if isinstance(page, PageError) else None) == kind.reason, str(page)


def test_every_codec_is_damaged_in_every_way() -> None:
    names = {kind.id for kind in CODECS}

    assert {f"pdf-{codec}-{damage}" for codec in PICTURES for damage in DAMAGES} <= names
    assert {f"tiff-{codec}-{damage}" for codec in TIFFS for damage in DAMAGES} <= names


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("format error: invalid code in 2d faxd", Meaning.LOST),
        ("format error: uncompressed data in faxd", Meaning.LOST),
        ("jbig2dec warning: text region refers to no symbol dictionaries (segment 2)", Meaning.LOST),
        ("jbig2dec warning: ignoring extra bytes at the end of segment", Meaning.HARMLESS),
        ("jbig2dec warning: page height is not known yet (segment 1)", Meaning.HARMLESS),
        ("Corrupt JPEG data: 2 extraneous bytes before marker 0xd9", Meaning.HARMLESS),
        ("premature end of file in jpeg", Meaning.HARMLESS),
        ("openjpeg error: Tile part length size inconsistent with stream length", Meaning.LOST),
        ("openjpeg warning: Unknown marker", Meaning.HARMLESS),
        ("Corrupt JPEG data: premature end of data segment", Meaning.LOST),
        ("Corrupt JPEG data: 12 extraneous bytes before marker 0xc4", Meaning.HARMLESS),
        ("Corrupt JPEG data: 12 extraneous bytes before marker 0xd9", Meaning.LOST),
        ("Fax4Decode: Bad code word at line 203 of strip 0 (x 674).", Meaning.LOST),
        ("tempfile.tif: Using code not yet in table.", Meaning.LOST),
        ("PackBitsDecode: Not enough data for scanline 632.", Meaning.LOST),
        ("padding truncated image", Meaning.SHORT),
        ("ignoring zlib error: incorrect data check", Meaning.CHECKSUM),
        ("non-embedded font using identity encoding: Arial", Meaning.HARMLESS),
        ("... repeated 2 times...", Meaning.HARMLESS),
    ],
)
def test_what_a_decoder_says_has_one_meaning(line: str, means: Meaning) -> None:
    assert meaning(line) is means


def test_every_codec_has_a_row_in_the_table() -> None:
    decoders = " ".join(complaint.decoder for complaint in TABLE)

    assert all(name in decoders for name in ("fax", "JBIG2", "JPX", "JPEG", "LZW", "flate", "PackBits"))


def test_the_first_line_that_tells_of_a_loss_is_quoted() -> None:
    words = "substituting font\npremature end in lzw decode\nread error; treating as end of file"

    with pytest.raises(ValueError, match="premature end in lzw"):
        check(words)
    assert first(words, Meaning.SHORT) is None


def test_what_is_written_to_standard_error_is_heard_and_goes_nowhere_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with overhear() as heard:
        os.write(2, b"from below\n")
    os.write(2, b"afterwards\n")

    assert heard.words == "from below\n"
    assert capfd.readouterr().err == "afterwards\n"


def test_a_decoder_that_never_stops_complaining_does_not_stop_the_page() -> None:
    with overhear() as heard:
        for _ in range(200):
            try:
                os.write(2, b"x" * 4096)
            except BlockingIOError:
                break

    assert 0 < len(heard.words) <= 1 << 16


@pytest.mark.parametrize(
    "options",
    [{}, {"optimize": True}, {"progressive": True}, {"restart_marker_rows": 1}, {"quality": 100}],
    ids=str,
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_whole_jpeg_passes(mode: str, options: dict[str, object]) -> None:
    check_jpeg(encoded(written(mode), "JPEG", **options))
    check_jpeg(encoded(written(mode).crop((0, 0, 333, 77)), "JPEG", **options))


@pytest.mark.parametrize("damage", [noise, zeros])
def test_a_jpeg_with_too_much_data_left_is_damaged(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="Corrupt JPEG data"):
        check_jpeg(damage(encoded(written("L"), "JPEG")))


def test_a_jpeg_at_which_its_decoder_gives_up_is_damaged() -> None:
    data = encoded(written("L"), "JPEG")

    with pytest.raises(ValueError, match="gives up"):
        check_jpeg(data[:20] + b"\xff\xc9" + data[20:])


def test_a_jpeg_brighter_than_white_is_damaged_and_one_of_other_tables_is_left_alone() -> None:
    with pytest.raises(ValueError, match="brighter or darker"):
        check_jpeg(jpeg_too_bright())

    fine = encoded(written("L"), "JPEG", qtables=[[1] * 64])
    of_two_bytes = fine.replace(b"\xff\xdb\0C\0" + b"\1" * 64, b"\xff\xdb\0\x83\x10" + b"\0\1" * 64)
    assert of_two_bytes != fine
    check_jpeg(fine)
    check_jpeg(of_two_bytes)


def test_data_behind_a_jpeg_is_none_of_its_pixels() -> None:
    check_jpeg(encoded(written("L"), "JPEG") + b"\xff\xda\xff\xd9" * 9)
    check_jpeg(encoded(written("L"), "JPEG") + b"movie" * 40)


@pytest.mark.parametrize("mode", ["L", "RGBA"])
@pytest.mark.parametrize(
    "options", [{"quality": 10}, {"quality": 100, "method": 6}, {"lossless": True}], ids=str
)
def test_a_whole_webp_passes(mode: str, options: dict[str, object]) -> None:
    for size in ((0, 0, *SIZE), (70, 40, 403, 177), (0, 0, 3, 2)):
        check_webp(encoded(written("L").crop(size).convert(mode), "WEBP", **options))


def test_a_hole_in_a_webp_leaves_data_over_wherever_it_lies() -> None:
    sound = encoded(written("L"), "WEBP")
    for share in (0.1, 0.5, 0.8):
        with pytest.raises(ValueError, match="lost"):
            check_webp(zeros(sound, share=share))


def test_a_webp_without_pixels_is_none_of_the_checks_business() -> None:
    check_webp(b"RIFF\4\0\0\0WEBP")


def test_a_hole_in_a_fax_of_group_3_passes_for_no_fill() -> None:
    data = strip(written("1"), "group3")

    check_fax(data, Fax(0, *SIZE))
    with pytest.raises(ValueError, match="hole"):
        check_fax(zeros(data), Fax(0, *SIZE))


@pytest.mark.parametrize(
    ("tail", "k", "ended"),
    [
        (b"\xff\x00\x10\x01", -1, True),
        (b"\xff\x00\x10\x01\x00\x00\r\n", -1, True),
        (b"\xff\x80\x08\x00\x80", -1, True),
        (b"\x00\x10\x01\xff\xff\xff\xff", -1, False),
        (b"\xff\xff", -1, False),
        (b"\xff\x00\x10\x01\x00\x10\x01", 0, True),
        (b"", -1, False),
    ],
)
def test_the_end_mark_of_a_fax_is_seen_at_any_bit(tail: bytes, k: int, *, ended: bool) -> None:
    assert has_end(tail, k) is ended


def test_a_jbig2_region_of_unknown_length_ends_with_its_mark() -> None:
    fax = strip(written("1"), "group4", **{"262": 0})
    body = region(b"\1", fax + b"\0\0" + SIZE[1].to_bytes(4, "big"))

    check_jbig2(jbig2_page(segment(1, 38, body, length=0xFFFFFFFF)))


def test_symbols_that_are_shared_stand_in_another_stream() -> None:
    text = jbig2_page(segment(2, 6, bytes(40), refers=b"\0"))

    check_jbig2(text, segment(0, 0, bytes(30)))
    with pytest.raises(ValueError, match="symbols"):
        check_jbig2(text)


def test_a_jbig2_segment_that_refers_to_many_is_understood() -> None:
    many = bytes(range(9))
    header = (20).to_bytes(4, "big") + b"\6" + (0xE0000009).to_bytes(4, "big") + bytes(2) + many + b"\1"
    symbols = b"".join(segment(number, 0, b"") for number in many)

    check_jbig2(header + (4).to_bytes(4, "big") + bytes(4), symbols)
    with pytest.raises(ValueError, match="symbols"):
        check_jbig2(header + (4).to_bytes(4, "big") + bytes(4), symbols[:-11])


def test_bytes_that_are_no_jbig2_end_in_a_loss_or_in_nothing() -> None:
    for start in range(0, 60, 7):
        with pytest.raises(ValueError, match="lost"):
            check_jbig2(jbig2_of_fax()[:-4000] if not start else noise(jbig2_of_fax(), 4000, start / 100))


def jbig2_ends(data: bytes, shared: bytes = b"") -> None:
    document = pymupdf.open(stream=scan(picture=jbig2(data)))
    pixmap = pymupdf.Pixmap(document, document.get_page_images(0)[0][0])
    grey = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    check_ends(data, shared, grey)
    # In whichever two colours: those of a palette, the other way round.
    check_ends(data, shared, np.dstack([255 - grey, grey, grey]))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("damage", [noise, zeros])
def test_a_hole_in_arithmetic_codes_is_seen_wherever_it_lies(
    damage: Callable[..., bytes], share: float
) -> None:
    with pytest.raises(ValueError, match="JBIG2 image"):
        jbig2_ends(damage(jbig2_in_arithmetic_codes(), share=share))


def test_codes_that_a_decoder_does_not_reach_are_left_over() -> None:
    sound = jbig2_in_arithmetic_codes()
    start = len(jbig2_page()) + 11
    longer = segment(1, 38, sound[start:].removesuffix(b"\xff\xac") + b"\x55" * 400 + b"\xff\xac")

    jbig2_ends(sound)
    jbig2_ends(sound, segment(0, 62, bytes(9)))
    with pytest.raises(ValueError, match="end before its data does"):
        jbig2_ends(jbig2_page(longer))


def test_what_is_in_no_arithmetic_codes_has_no_such_end() -> None:
    jbig2_ends(jbig2_of_fax())


def test_deflated_data_that_ends_early_is_whole_when_it_holds_enough() -> None:
    data, start, size = tiff_page("tiff_adobe_deflate")
    packed = data[start : start + size - 9]

    check_flate(packed, enough=1000)
    with pytest.raises(ValueError, match="ends early"):
        check_flate(packed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(flate_ended(lambda data: data), True, id="as it should"),
        pytest.param(flate_ended(lambda data: data + b"\r\n"), True, id="a line's end behind it"),
        pytest.param(flate_ended(lambda data: data[:-4]), False, id="no checksum"),
        pytest.param(flate_ended(lambda data: data[:-1] + b"?"), False, id="another checksum"),
        pytest.param(sound_scan("flate-1-bit"), False, id="samples of a bit"),
        pytest.param(sound_scan("lzw"), False, id="another filter"),
    ],
)
def test_a_checksum_says_that_deflated_samples_are_whole(data: bytes, expected: bool) -> None:
    document = pymupdf.open(stream=data)
    ((xref, *_),) = document.get_page_images(0)
    pixmap = pymupdf.Pixmap(document, xref)
    pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, -1)

    assert is_whole(document, xref, pixels) is expected
