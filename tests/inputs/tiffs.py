"""TIFF files: faxes, several pages, damaged ones."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from tests.inputs.expectations import HUGE, LOST, Case, Want
from tests.inputs.images import sixteen_bit
from tests.sheets import encoded, sheet


def tiff(*images: Image.Image, dpis: tuple[object, ...] = (), **options: object) -> bytes:
    """A TIFF of these pages."""
    first, *rest = images
    for image, dpi in zip(images, dpis or ((100, 100),) * len(images), strict=True):
        image.encoderinfo = {"dpi": dpi}
    return encoded(
        first, "TIFF", save_all=True, append_images=rest, dpi=(dpis or ((100, 100),))[0], **options
    )


def tiff_with_broken_second() -> bytes:
    """Three pages; the pixels of the second are noise that its decoder cannot read."""
    data = bytearray(tiff(*(sheet() for _ in range(3)), compression="tiff_adobe_deflate"))
    with Image.open(BytesIO(data)) as image:
        image.seek(1)
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]
    data[start : start + size] = bytes(size)
    return bytes(data)


def tiff_with_lost_chain() -> bytes:
    """Two pages; the directory of the second lies beyond the end of the file."""
    data = bytearray(tiff(sheet(mode="1"), sheet(mode="1"), compression="group4"))
    (start,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * entries, len(data) + 1000)
    return bytes(data)


TIFFS = (
    Case("tiff-g4", lambda: tiff(sheet(mode="1"), compression="group4"), (Want(),)),
    Case("tiff-lzw", lambda: tiff(sheet(), compression="tiff_lzw"), (Want(),)),
    Case("tiff-jpeg", lambda: tiff(sheet(), compression="jpeg"), (Want(),)),
    Case("tiff-cmyk", lambda: tiff(sheet(mode="CMYK")), (Want(),)),
    Case("tiff-16-bit", lambda: tiff(sixteen_bit()), (Want(),)),
    Case(
        "tiff-float", lambda: tiff(Image.fromarray(np.asarray(sheet(mode="L")) / np.float32(255))), (Want(),)
    ),
    Case("tiff-big", lambda: tiff(sheet(mode="L"), big_tiff=True), (Want(),)),
    Case(
        "tiff-mixed-pages",
        lambda: tiff(
            sheet(mode="1"),
            sheet((1700, 2200), mode="1"),
            compression="group4",
            dpis=((100,) * 2, (200,) * 2),
        ),
        (Want(), Want((1700, 2200), 200)),
    ),
    Case(
        "tiff-fax-coarse",
        lambda: tiff(sheet((1728, 1078), mode="1"), compression="group4", dpis=((204, 98),)),
        (Want((1728, 2244), 204),),
    ),
    Case(
        "tiff-fax-fine",
        lambda: tiff(sheet((1728, 2156), mode="1"), compression="group4", dpis=((204, 196),)),
        (Want((1728, 2156), 199.96),),
    ),
    Case(
        "tiff-turned-by-tag",
        lambda: tiff(sheet().transpose(Image.Transpose.ROTATE_90), tiffinfo={274: 6}),
        (Want(),),
    ),
    Case("tiff-broken-second-page", tiff_with_broken_second, (Want(), LOST, Want())),
    Case("tiff-lost-chain", tiff_with_lost_chain, (Want(), LOST)),
    Case("tiff-one-page-too-large", lambda: tiff(sheet(), sheet((4000, 4000), mode="1")), (Want(), HUGE)),
    Case("tiff-too-many-pages", lambda: tiff(*[sheet((20, 20))] * 9), code="too_many_pages"),
    Case("tiff-without-directory", lambda: b"II*\0\x08\0\0\0", code="unreadable_document"),
)
