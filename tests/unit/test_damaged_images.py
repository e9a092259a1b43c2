"""Codecs without checksums: sound files of every form pass, and holes are seen wherever they lie."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import pytest

from tests.corpus.codecs import noise, zeros
from tests.corpus.jpeg_arithmetic import jpeg_in_arithmetic_codes
from tests.corpus.written import written
from tests.sheets import encoded
from worker.rendering.avif import check_avif
from worker.rendering.jpeg import check_jpeg
from worker.rendering.jpeg_arithmetic import followed_by_others, is_arithmetic
from worker.rendering.jpx import check_jpx, promising

SMALL = (500, 700)
HOLES = [(damage, share) for damage in (noise, zeros) for share in (0.2, 0.5, 0.8)]


def small(mode: str, format_: str, **options: object) -> bytes:
    return encoded(written("L").resize(SMALL).convert(mode), format_, **options)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_jp2": True, "irreversible": True, "quality_mode": "rates", "quality_layers": [60, 30, 10]},
        {"progression": "RPCL", "precinct_size": (128, 128), "num_resolutions": 4},
        {"tile_size": (200, 150), "codeblock_size": (16, 64), "irreversible": True},
    ],
    ids=str,
)
def test_a_whole_jpeg_2000_passes(mode: str, options: dict[str, object]) -> None:
    check_jpx(small(mode, "JPEG2000", **options))


@pytest.mark.parametrize(("damage", "share"), HOLES)
@pytest.mark.parametrize("options", [{}, {"irreversible": True}], ids=str)
def test_a_hole_in_a_jpeg_2000_ends_its_block_elsewhere(
    damage: Callable[..., bytes], share: float, options: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="lost"):
        check_jpx(damage(small("RGB", "JPEG2000", **options), share=share))


def test_only_the_promise_of_blocks_is_changed_in_a_copy() -> None:
    data = small("L", "JPEG2000", tile_size=(200, 150))
    copy = promising(data)

    changed = [(old, new) for old, new in zip(data, copy, strict=True) if old != new]
    assert changed == [(0, 0x10)]
    assert promising(copy) == copy
    assert promising(b"no codestream") == b"no codestream"


def test_styles_of_components_and_of_tiles_promise_it_too() -> None:
    siz = b"\xff\x4f\xff\x51" + (41).to_bytes(2, "big") + bytes(34) + b"\0\1" + bytes(3)
    cod, coc = b"\xff\x52\0\x0c" + bytes(10), b"\xff\x53\0\x09" + bytes(7)
    tile = (
        b"\xff\x90\0\x0a\0\0"
        + (12 + 14 + 2 + 5).to_bytes(4, "big")
        + b"\0\1"
        + cod
        + b"\xff\x93"
        + b"\xff\x53abc"
    )
    last = b"\xff\x90\0\x0a\0\1" + bytes(4) + b"\0\1" + b"\xff\x93" + b"pixels"
    data = siz + cod + coc + tile + last

    copy = promising(data)

    starts = [len(siz) + 12, len(siz) + len(cod) + 9, len(siz) + len(cod) + len(coc) + 12 + 12]
    assert [place for place, (old, new) in enumerate(zip(data, copy, strict=True)) if old != new] == starts


def test_colours_that_nobody_shows_are_no_damage() -> None:
    check_jpx(small("L", "JPEG2000", no_jp2=True)[:2] + b"\xff\xd9")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "options",
    [{"quality": 20}, {"quality": 100, "subsampling": "4:4:4"}, {"tile_rows": 2, "tile_cols": 1}],
    ids=str,
)
def test_a_whole_avif_passes(mode: str, options: dict[str, object]) -> None:
    check_avif(small(mode, "AVIF", speed=10, **options))


@pytest.mark.parametrize(("damage", "share"), HOLES)
def test_a_hole_in_an_avif_ends_it_elsewhere(damage: Callable[..., bytes], share: float) -> None:
    with pytest.raises(ValueError, match="lost"):
        check_avif(damage(small("RGB", "AVIF", speed=10), share=share))


def test_an_opencv_that_reads_no_avif_refuses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "haveImageWriter", lambda name: name != ".avif")

    check_avif(b"no AVIF at all")


@pytest.mark.parametrize(("damage", "share"), HOLES)
def test_a_hole_in_arithmetic_codes_of_a_jpeg_is_seen(damage: Callable[..., bytes], share: float) -> None:
    with pytest.raises(ValueError, match="lost"):
        check_jpeg(damage(jpeg_in_arithmetic_codes(), share=share))


def test_a_jpeg_in_arithmetic_codes_needs_all_of_them() -> None:
    sound = jpeg_in_arithmetic_codes()

    assert is_arithmetic(sound) and not is_arithmetic(encoded(written("L"), "JPEG"))
    check_jpeg(sound)
    with pytest.raises(ValueError, match="needs more data"):
        check_jpeg(sound[:4000] + b"\xff\xd9")


def test_other_bytes_follow_each_restart_interval_and_each_scan() -> None:
    head, scan = b"\xff\xd8\xff\xc9\0\x04ab", b"\xff\xda\0\4cd"
    data = head + b"\xff" + scan + b"one\xff\0\xff\xd0two" + scan + b"three\xff\xd9tail"

    pieces = followed_by_others(data).split(bytes(16) + b"\x12\x34\x56\x78" * 8)

    assert pieces == [head + b"\xff" + scan + b"one\xff\0", b"\xff\xd0two", scan + b"three", b"\xff\xd9tail"]
