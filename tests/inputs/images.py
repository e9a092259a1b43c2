"""Single images: JPEG, PNG, WebP and BMP."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from tests.inputs.expectations import HUGE, LOST, Case, Want
from tests.sheets import encoded, sheet


def exif_jpeg(orientation: int) -> bytes:
    """A JPEG stored so that its tag turns it upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = sheet() if undo is None else sheet().transpose(undo)
    exif = Image.Exif()
    exif[274] = orientation
    return encoded(image, "JPEG", exif=exif, dpi=(100, 100))


def with_alpha(mode: str = "RGBA", *, white: bool = False) -> Image.Image:
    """The sheet's ink on nothing: one colour everywhere, paper only where it is transparent."""
    grey = sheet(mode="L")
    image = Image.new("RGBA", grey.size, (255, 255, 255, 0) if white else (0, 0, 0, 0))
    image.putalpha(Image.eval(grey, lambda value: 255 - value))
    return image.convert(mode)


def sixteen_bit() -> Image.Image:
    """Grey of 16 bits, ink at 8,000 and paper at 60,000: no plain cut to 8 bits shows it."""
    grey = np.asarray(sheet(mode="L")).astype(np.uint16)
    return Image.fromarray(np.where(grey > 0, 60_000, 8_000).astype(np.uint16))


def twelve_bit() -> Image.Image:
    """Grey of twelve bits in words of sixteen, as cameras and scanners write it."""
    grey = np.asarray(sheet(mode="L")).astype(np.uint16)
    return Image.fromarray(np.where(grey > 0, 3_900, 400).astype(np.uint16))


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that unpack to a picture of that size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


IMAGES = (
    Case("jpeg", lambda: encoded(sheet(), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-grey", lambda: encoded(sheet(mode="L"), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-progressive", lambda: encoded(sheet(), "JPEG", progressive=True, dpi=(100, 100)), (Want(),)),
    *(Case(f"jpeg-exif-{turn}", lambda turn=turn: exif_jpeg(turn), (Want(),)) for turn in range(1, 9)),
    Case("jpeg-cmyk", lambda: encoded(sheet(mode="CMYK"), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-a4-without-dpi", lambda: encoded(sheet((1654, 2339)), "JPEG"), (Want((1654, 2339), 200),)),
    Case("jpeg-letter-without-dpi", lambda: encoded(sheet((850, 1100)), "JPEG"), (Want((850, 1100), 100),)),
    Case(
        "jpeg-strange-shape-without-dpi", lambda: encoded(sheet((900, 500)), "JPEG"), (Want((900, 500), 200),)
    ),
    Case(
        "jpeg-impossible-dpi",
        lambda: encoded(sheet((850, 1100)), "JPEG", dpi=(3, 3)),
        (Want((850, 1100), 100),),
    ),
    Case("jpeg-with-trailer", lambda: encoded(sheet(), "JPEG", dpi=(100, 100)) + b"movie" * 9, (Want(),)),
    Case("jpeg-cut-off", lambda: encoded(sheet(), "JPEG")[:6000], (LOST,)),
    Case("jpeg-reduced", lambda: encoded(sheet((4000, 4000)), "JPEG"), (Want((2000, 2000), 4000 / 11 / 2),)),
    Case("png-too-large", lambda: encoded(sheet((4000, 4000)), "PNG"), (HUGE,)),
    Case("png-reduced", lambda: encoded(sheet((6000, 4000), mode="1"), "PNG"), (Want((3000, 2000)),)),
    Case("gif", lambda: encoded(sheet(mode="P"), "GIF"), (Want(),)),
    Case("jpeg-2000", lambda: encoded(sheet(), "JPEG2000"), (Want(),)),
    Case("avif", lambda: encoded(sheet(), "AVIF"), (Want(),)),
    Case(
        "png-white-on-transparent", lambda: encoded(with_alpha(white=True), "PNG", dpi=(100, 100)), (Want(),)
    ),
    Case("png-12-bit", lambda: encoded(twelve_bit(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-header-only", lambda: b"\xff\xd8\xff\xe0" + bytes(40), code="unreadable_document"),
    Case("png", lambda: encoded(sheet(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-colour", lambda: encoded(sheet(ink="navy"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-alpha", lambda: encoded(with_alpha(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-grey-alpha", lambda: encoded(with_alpha("LA"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-palette", lambda: encoded(sheet(mode="P"), "PNG", dpi=(100, 100)), (Want(),)),
    Case(
        "png-transparent-colour",
        lambda: encoded(sheet(), "PNG", transparency=(255, 255, 255), dpi=(100, 100)),
        (Want(),),
    ),
    Case("png-16-bit", lambda: encoded(sixteen_bit(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-1-bit", lambda: encoded(sheet(mode="1"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-cut-off", lambda: encoded(sheet(), "PNG")[:900], (LOST,)),
    Case("png-bomb", lambda: png_claiming(60_000, 60_000), (HUGE,)),
    Case("webp", lambda: encoded(sheet(), "WEBP"), (Want(),)),
    Case("webp-alpha", lambda: encoded(with_alpha(), "WEBP", lossless=True), (Want(),)),
    Case("bmp", lambda: encoded(sheet(), "BMP", dpi=(100, 100)), (Want(),)),
    Case("bmp-1-bit", lambda: encoded(sheet(mode="1"), "BMP", dpi=(100, 100)), (Want(),)),
)
