"""Sound documents that were cut off, flipped or overwritten on their way."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image

from tests.corpus.kind import ANY, Kind, lost, torn
from tests.inputs.tiffs import tiff
from tests.sheets import Page, encoded, jpeg_picture, pdf, sheet

SMALL = (300, 424)
FORMATS = ("pdf", "tiff", "jpeg", "png", "webp", "bmp")
TENTHS = range(1, 10)
TORN = "unreadable_page"


@lru_cache
def whole(kind: str) -> bytes:
    """A sound document of that format, small, with bytes that do not repeat."""
    noise = np.random.default_rng(1).normal(128, 40, SMALL[::-1])
    noisy = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    if kind == "pdf":
        full = b"q 595 0 0 842 0 0 cm /Im0 Do Q"
        return pdf(*(Page(full, (jpeg_picture(sheet(SMALL)),)) for _ in range(3)))
    if kind == "tiff":
        return tiff(sheet(SMALL), sheet(SMALL), compression="tiff_lzw")
    return encoded(noisy, kind.upper())


def cut(kind: str, tenths: int) -> Callable[[], bytes]:
    """The first tenths of a document."""
    return lambda: whole(kind)[: len(whole(kind)) * tenths // 10]


def flipped(kind: str, seed: int, *, share: float = 0.002) -> Callable[[], bytes]:
    """A document with a share of its bits turned over; its first 16 bytes stay, so that it is recognised."""

    def build() -> bytes:
        chance, data = random.Random(seed), bytearray(whole(kind))
        for _ in range(max(1, int(len(data) * 8 * share))):
            data[chance.randrange(16, len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)

    return build


def overwritten(kind: str, start: float, end: float, byte: int) -> Callable[[], bytes]:
    """A document of which a stretch is one byte over and over, as disks and networks leave it."""

    def build() -> bytes:
        data = bytearray(whole(kind))
        first, last = int(len(data) * start), int(len(data) * end)
        data[first:last] = bytes([byte]) * (last - first)
        return bytes(data)

    return build


DAMAGE = (
    lost("empty", bytes, "empty_document"),
    lost("one-byte", lambda: b"%", "unknown_format"),
    lost("zeros", lambda: bytes(4096), "unknown_format"),
    lost("newlines", lambda: b"\n" * 2000, "unknown_format"),
    *(Kind(f"pdf-cut-{n}0", cut("pdf", n), "failed" if n < 4 else "partial", TORN) for n in TENTHS),
    *(lost(f"tiff-cut-{n}0", cut("tiff", n), "unreadable_document") for n in TENTHS[:4]),
    *(torn(f"tiff-cut-{n}0", cut("tiff", n), TORN) for n in TENTHS[4:]),
    *(lost(f"{kind}-cut-{n}0", cut(kind, n), TORN) for kind in ("jpeg", "png", "bmp") for n in TENTHS),
    *(lost(f"webp-cut-{n}0", cut("webp", n), "unreadable_document") for n in TENTHS),
    # What a flipped bit does is chance: pixels of another colour, a lost page or a lost document.
    *(Kind(f"{kind}-flipped-{seed}", flipped(kind, seed), ANY) for kind in FORMATS for seed in range(3)),
    *(torn(f"pdf-hole-{byte}", overwritten("pdf", 0.4, 0.6, byte), TORN) for byte in (0, 255)),
    *(
        lost(f"tiff-hole-{byte}", overwritten("tiff", 0.4, 0.6, byte), "unreadable_document")
        for byte in (0, 255)
    ),
    *(lost(f"png-hole-{byte}", overwritten("png", 0.4, 0.6, byte), TORN) for byte in (0, 255)),
    # JPEG has no checksums: a decoder goes on behind a hole, and has too much or too little data in the end.
    *(lost(f"jpeg-hole-{byte}", overwritten("jpeg", 0.4, 0.6, byte), TORN) for byte in (0, 255)),
    *(lost(f"{kind}-no-head", overwritten(kind, 0, 0.05, 0), "unknown_format") for kind in FORMATS[:4]),
)
