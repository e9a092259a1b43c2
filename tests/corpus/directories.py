"""TIFF and Exif directories that lie, loop or lead nowhere."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from tests.corpus.damage import SMALL
from tests.corpus.kind import Kind, by_id, lost
from tests.inputs.tiffs import tiff
from tests.sheets import encoded, sheet

#: Intel's byte order, and the first directory behind it.
HEAD = b"II*\0\x08\0\0\0"


def ifd(entries: list[tuple[int, int, int, int]], *, next_at: int = 0, order: str = "<") -> bytes:
    """A TIFF directory of (tag, type, count, value) rows."""
    rows = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    return struct.pack(f"{order}H", len(entries)) + rows + struct.pack(f"{order}I", next_at)


def bare_tiff(
    *,
    width: int = 16,
    height: int = 16,
    next_at: int = 0,
    more: tuple[tuple[int, int, int, int], ...] = (),
    strip: int = 8,
) -> bytes:
    """A grey, uncompressed TIFF with one directory at byte 8 + 256."""
    pixels = bytes(range(256))
    entries = {
        256: (256, 3, 1, width),
        257: (257, 3, 1, height),
        258: (258, 3, 1, 8),
        259: (259, 3, 1, 1),
        262: (262, 3, 1, 1),
        273: (273, 4, 1, strip),
        277: (277, 3, 1, 1),
        278: (278, 3, 1, height),
        279: (279, 4, 1, 256),
    } | {row[0]: row for row in more}
    return b"II*\0" + struct.pack("<I", 264) + pixels + ifd(sorted(entries.values()), next_at=next_at)


def cyclic_tiff() -> bytes:
    """A directory that names itself as the next."""
    return bare_tiff(next_at=264)


def cyclic_pair() -> bytes:
    """Two directories that name each other."""
    first = bare_tiff()
    second_at = len(first)
    first = bare_tiff(next_at=second_at)
    again = bare_tiff(width=15)[264:]
    return first + again[:-4] + struct.pack("<I", 264)


def subifd_loop() -> bytes:
    """A sub-directory that is its own parent."""
    return bare_tiff(more=((330, 4, 1, 264), (34665, 4, 1, 264), (34853, 4, 1, 264)))


def exif_loop() -> bytes:
    """A JPEG whose Exif directory names itself as its Exif, GPS and next directory."""
    body = HEAD + ifd([(274, 3, 1, 1), (34665, 4, 1, 8), (34853, 4, 1, 8), (40965, 4, 1, 8)], next_at=8)
    return with_app1(b"Exif\0\0" + body)


def exif_of(body: bytes) -> bytes:
    """A small JPEG with this Exif directory."""
    return with_app1(b"Exif\0\0" + body)


def with_app1(body: bytes) -> bytes:
    """A small JPEG with this segment behind its start."""
    data = encoded(sheet(SMALL), "JPEG", quality=81)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def float_tiff(value: float) -> bytes:
    pixels = np.full((40, 30), value, np.float32)
    return tiff(Image.fromarray(pixels))


DIRECTORIES = (
    Kind("tiff-strip-stretched", lambda: tiff(Image.new("L", (3000, 3), 255), dpis=((1200, 51),))),
    Kind("tiff-cyclic", cyclic_tiff),
    Kind("tiff-cyclic-pair", cyclic_pair),
    Kind("tiff-subifd-loop", subifd_loop),
    lost("tiff-endless-directory", lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(200), "unreadable_document"),
    lost(
        "tiff-tag-of-4-gigabytes",
        lambda: bare_tiff(more=((270, 2, 2**32 - 1, 8), (273, 4, 2**30, 8))),
        "unreadable_document",
    ),
    lost("tiff-strip-beyond-the-end", lambda: bare_tiff(strip=2**31), "unreadable_page"),
    lost("tiff-of-zero-width", lambda: bare_tiff(width=0), "unreadable_document"),
    lost("tiff-65535", lambda: bare_tiff(width=65535, height=65535), "page_too_large"),
    lost("tiff-unknown-compression", lambda: bare_tiff(more=((259, 3, 1, 60_000),)), "unreadable_document"),
    lost("tiff-odd-bits", lambda: bare_tiff(more=((258, 3, 1, 7),)), "unreadable_document"),
    Kind("tiff-two-photometrics", lambda: bare_tiff(more=((262, 3, 2, 1),))),
    Kind("tiff-nan", lambda: float_tiff(float("nan"))),
    Kind("tiff-infinite", lambda: float_tiff(float("inf"))),
    Kind("tiff-resolution-of-zero", lambda: bare_tiff(more=((282, 5, 1, 8), (283, 5, 1, 8), (296, 3, 1, 2)))),
    Kind("tiff-orientation-99", lambda: bare_tiff(more=((274, 3, 1, 99),))),
    Kind("exif-loop", exif_loop),
    Kind("exif-orientation-99", lambda: exif_of(HEAD + ifd([(274, 3, 1, 99)]))),
    Kind("exif-orientation-text", lambda: exif_of(HEAD + ifd([(274, 2, 4, 0x41414141)]))),
    Kind("exif-orientation-two", lambda: exif_of(HEAD + ifd([(274, 3, 2, 0x00060006)]))),
    Kind("exif-garbage", lambda: exif_of(b"garbage" * 20)),
    Kind("exif-huge-count", lambda: exif_of(HEAD + ifd([(274, 3, 2**31, 8)]))),
    Kind("exif-orientation-text-of-6", lambda: exif_of(HEAD + ifd([(274, 2, 2, 0x0006)]))),
    *by_id(
        "tiff-cmyk",
        "tiff-16-bit",
        "tiff-float",
        "tiff-big",
        "tiff-turned-by-tag",
        "tiff-broken-second-page",
        "tiff-lost-chain",
        "tiff-old-jpeg",
        "tiff-old-jpeg-in-strips",
        "tiff-one-page-too-large",
        "tiff-reduced",
        "tiff-colour-12-bit",
        "tiff-colour-16-bit",
        "tiff-with-reduced-copy",
        "tiff-too-many-pages",
        "tiff-without-directory",
        "jpeg-exif-6",
    ),
)
