"""Image files at the edges of their formats, and beyond: sizes, depths, chunks, frames."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from tests.corpus.damage import SMALL
from tests.corpus.kind import Kind, by_id, lost
from tests.inputs.images import png_claiming
from tests.sheets import encoded, sheet


def png_chunks(*chunks: tuple[bytes, bytes], header: bytes | None = None) -> bytes:
    """A small PNG with these chunks behind its header."""
    data = encoded(sheet(SMALL, mode="L"), "PNG")
    head, rest = data[:33], data[33:]
    if header is not None:
        head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return head + b"".join(chunk(*one) for one in chunks) + rest


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb_of_text() -> bytes:
    """A text chunk that unpacks to a hundred megabytes."""
    return png_chunks((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)))


def png_bomb_of_profile() -> bytes:
    """A colour profile that unpacks to a hundred megabytes."""
    return png_chunks((b"iCCP", b"p\0\0" + zlib.compress(bytes(100_000_000), 9)))


def png_true(width: int, height: int) -> bytes:
    """A PNG of one bit that really unpacks to that size."""
    rows = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8)
    body = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_sized(width: int, height: int) -> bytes:
    """A JPEG whose header says another size than its data."""
    data = bytearray(encoded(sheet(SMALL), "JPEG", quality=82))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp_sized(width: int, height: int, bits: int = 24) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54 + 64, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 0, 0, 0, 0, 0)
        + bytes(64)
    )


def many_frames() -> bytes:
    frames = [sheet((40 + n, 60)) for n in range(3)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def animated_webp() -> bytes:
    frames = [sheet((40, 60)), sheet((40, 60)).rotate(180)]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])


IMAGES = (
    Kind("image-1x1", lambda: encoded(Image.new("L", (1, 1)), "PNG")),
    Kind("image-1x1-jpeg", lambda: encoded(Image.new("RGB", (1, 1)), "JPEG")),
    Kind("image-1x1-tiff", lambda: encoded(Image.new("1", (1, 1)), "TIFF")),
    Kind("image-60000x10", lambda: encoded(Image.new("L", (60_000, 10), 255), "PNG")),
    Kind("image-10x60000", lambda: encoded(Image.new("L", (10, 60_000), 255), "JPEG")),
    Kind("image-1x65000", lambda: encoded(Image.new("RGB", (1, 65_000), "white"), "BMP")),
    Kind("image-200000x2", lambda: encoded(Image.new("RGB", (200_000, 2), "white"), "PNG")),
    Kind("image-2x1000000", lambda: encoded(Image.new("L", (2, 1_000_000)), "PNG")),
    lost("jpeg-of-zero-width", lambda: jpeg_sized(0, 100), "unreadable_document"),
    lost("jpeg-of-zero-height", lambda: jpeg_sized(100, 0), "unreadable_document"),
    lost("jpeg-larger-than-its-data", lambda: jpeg_sized(3000, 3000), "unreadable_page"),
    lost("jpeg-65535", lambda: jpeg_sized(65535, 65535), "page_too_large"),
    lost("jpeg-smaller-than-its-data", lambda: jpeg_sized(30, 30), "unreadable_page"),
    lost("png-of-zero-width", lambda: png_claiming(0, 10), "unreadable_document"),
    lost("png-of-2-gigapixels", lambda: png_claiming(2**31 - 1, 1), "page_too_large"),
    lost("png-pixel-bomb-true", lambda: png_true(30_000, 30_000), "page_too_large"),
    lost("png-text-bomb", png_bomb_of_text, "unreadable_document"),
    lost("png-profile-bomb", png_bomb_of_profile, "unreadable_document"),
    lost(
        "png-bad-depth",
        lambda: png_chunks(header=struct.pack(">IIBBBBB", 30, 30, 3, 0, 0, 0, 0)),
        "unreadable_document",
    ),
    Kind("png-no-palette", lambda: png_chunks(header=struct.pack(">IIBBBBB", 300, 424, 8, 3, 0, 0, 0))),
    Kind("png-animated", many_frames),
    lost(
        "png-bad-frame-control",
        lambda: png_chunks((b"acTL", struct.pack(">II", 2**31, 0)), (b"fcTL", bytes(26))),
        "unreadable_page",
    ),
    Kind(
        "png-nan-gamma",
        lambda: png_chunks((b"gAMA", bytes(4)), (b"pHYs", struct.pack(">IIB", 2**32 - 1, 1, 1))),
    ),
    Kind("webp-animated", animated_webp),
    lost("bmp-negative", lambda: bmp_sized(-5, 4), "page_too_large"),
    lost("bmp-huge", lambda: bmp_sized(2**31 - 1, 2**31 - 1), "page_too_large"),
    lost("bmp-of-zero", lambda: bmp_sized(0, 0), "unreadable_document"),
    lost("bmp-odd-depth", lambda: bmp_sized(4, 4, bits=13), "unreadable_document"),
    *by_id(
        "jpeg-cmyk",
        "jpeg-progressive",
        "jpeg-impossible-dpi",
        "avif",
        "gif",
        "jpeg-2000",
        "jpeg-reduced",
        "png-12-bit",
        "png-reduced",
        "png-too-large",
        "png-white-on-transparent",
        "jpeg-header-only",
        "png-alpha",
        "png-grey-alpha",
        "png-palette",
        "png-transparent-colour",
        "png-16-bit",
        "png-1-bit",
        "png-bomb",
        "webp-alpha",
        "bmp-1-bit",
    ),
)
