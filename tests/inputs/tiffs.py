"""TIFF files: faxes, several pages, damaged ones."""

from __future__ import annotations

import struct
from functools import partial
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


def words_of_colour(bits: int) -> bytes:
    """A colour page of so many bits a sample, each in a word of sixteen."""
    samples = (np.asarray(sheet(), np.uint32) * ((1 << bits) - 1) // 255).astype("<u2")
    height, width = samples.shape[:2]
    data = samples.tobytes()
    start = 8
    ends = start + len(data)
    tags = {256: width, 257: height, 258: ends, 259: 1, 262: 2, 273: start, 277: 3, 278: height}
    tags |= {279: len(data), 282: ends + 6, 283: ends + 6}
    rows = [
        struct.pack(
            "<HHII", tag, 3 if tag == 258 else 5 if tag in {282, 283} else 4, 3 if tag == 258 else 1, value
        )
        for tag, value in tags.items()
    ]
    values = struct.pack("<HHHII", 16, 16, 16, 100, 1)
    directory = struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4)
    return b"II*\0" + struct.pack("<I", ends + len(values)) + data + values + directory


def tiff_with_copy() -> bytes:
    """Two pages, the first with a small copy of itself and a mask behind it."""
    pages = [sheet(), sheet((200, 283)), sheet((200, 283), mode="1"), sheet()]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    pages[2].encoderinfo = {"tiffinfo": {254: 4}}
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], dpi=(100, 100))


def old_jpeg_tiff(*, in_strips: bool = False) -> bytes:
    """A grey JPEG of the old style (TIFF 6.0, section 22), with a tag that grey has no use for.

    In strips, the stream that the tags name ends where its pixels begin.
    """
    image = sheet(mode="L")
    stream = encoded(image, "JPEG")
    start = 8
    head = stream.index(b"\xff\xda") + 10 if in_strips else len(stream)
    strips = (start + head, len(stream) - head) if in_strips else (start, len(stream))
    at = start + len(stream)
    shorts = {
        256: image.width,
        257: image.height,
        258: 8,
        259: 6,
        262: 1,
        277: 1,
        278: image.height,
        296: 2,
        512: 1,
    }
    longs = {273: strips[0], 279: strips[1], 513: start, 514: head}
    entries = {tag: struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()}
    entries |= {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in longs.items()}
    entries[530] = struct.pack("<HHIHH", 530, 3, 2, 2, 2)
    behind = at + 2 + 12 * (len(entries) + 2) + 4
    for tag in (282, 283):
        entries[tag] = struct.pack("<HHII", tag, 5, 1, behind)
    rows = b"".join(entries[tag] for tag in sorted(entries))
    directory = struct.pack("<H", len(entries)) + rows + bytes(4) + struct.pack("<II", 100, 1)
    return b"II*\0" + struct.pack("<I", at) + stream + directory


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
    Case(
        "tiff-one-page-too-large",
        lambda: tiff(sheet(), sheet((4000, 4000)), compression="tiff_lzw"),
        (Want(), HUGE),
    ),
    Case(
        "tiff-reduced",
        lambda: tiff(sheet((6000, 4000), mode="1"), compression="group4"),
        (Want((3000, 2000)),),
    ),
    *(Case(f"tiff-colour-{bits}-bit", partial(words_of_colour, bits), (Want(),)) for bits in (12, 16)),
    Case("tiff-with-reduced-copy", tiff_with_copy, (Want(), Want())),
    Case("tiff-old-jpeg", old_jpeg_tiff, (Want(),)),
    Case("tiff-old-jpeg-in-strips", lambda: old_jpeg_tiff(in_strips=True), (Want(),)),
    Case("tiff-too-many-pages", lambda: tiff(*[sheet((20, 20))] * 9), code="too_many_pages"),
    Case("tiff-without-directory", lambda: b"II*\0\x08\0\0\0", code="unreadable_document"),
)
