"""Whether the images and other streams of a PDF page are whole, where drawing them does not tell.

Works on pymupdf's document objects and imports nothing of it.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from worker.rendering.fax import Fax, check_rows, has_end
from worker.rendering.jbig2 import check_jbig2
from worker.rendering.jpeg import check_jpeg
from worker.rendering.jpx import check_jpx
from worker.rendering.mupdf_types import ListedImage, PdfDocument
from worker.vision.values import Grey, Pixels

#: Objects of a page that are looked at when a checksum was wrong.
_OBJECTS = 2_000
_REFERENCE = re.compile(r"(\d+) 0 R")
_FILTER = re.compile(r"/(\w+)")
#: Samples a pixel of the colour spaces whose images are counted; others are left alone.
_CHANNELS = {"DeviceGray": 1, "CalGray": 1, "DeviceRGB": 3, "CalRGB": 3, "DeviceCMYK": 4, "Indexed": 1}
#: Rows of this share may be missing: encoders drop the last bytes of a row.
_ROWS_TOO_MANY = 0.01
#: What deflated data ends with that was flushed and never finished.
_FLUSHED = b"\0\0\xff\xff"
_INLINE = re.compile(rb"\bBI\s[^()]{1,500}?\sID\s")
#: Bytes by which the sum of what was unpacked may be wrong.
_SLACK = 2
#: Bytes to which data that is packed twice is unpacked.
_LONGEST = 256 * 1024 * 1024
#: Bytes to which the data of a blank page deflates, tables and the little that repeats badly included.
_BLANK = 2_000


def check_image(document: PdfDocument, image: ListedImage) -> None:
    """Raise ValueError when the data of an image is damaged in a way that no drawing tells."""
    xref = image[0]
    filters = _FILTER.findall(document.xref_get_key(xref, "Filter")[1])
    check = _CHECKS.get(filters[-1]) if filters else None
    if check:
        check(document, image, filters)


def check_samples(document: PdfDocument, image: ListedImage) -> bool:
    """True when an image lacks rows, and ValueError when it lacks too many; it is unpacked for that."""
    xref, width, height, bits = image[0], *image[2:5]
    filters = _FILTER.findall(document.xref_get_key(xref, "Filter")[1])
    channels = _channels(image)
    if not channels or not filters or filters[-1] in {"DCTDecode", "JPXDecode", "JBIG2Decode"}:
        return False
    stride = (width * channels * bits + 7) // 8
    rows = len(document.xref_stream(xref) or b"") // stride
    if filters[-1] == "CCITTFaxDecode":
        raw, k = document.xref_stream_raw(xref) or b"", _fax_k(document, xref)
        if len(filters) > 1 or has_end(raw, k):
            check_rows(rows, Fax(k, width, height), raw)
            return rows < height
    if height - rows > _ROWS_TOO_MANY * height:
        raise ValueError(f"part of it is lost: {height - rows} of {height} rows of an image are missing")
    return rows < height


def check_checksums(document: PdfDocument, page: int, *, strict: bool) -> bool:
    """True when something that a page uses lacks its checksum, and ValueError when that is damaged.

    A stream that lacks its checksum, or has zeros in its place, is whole; producers leave it out. Another
    checksum is damage in images, and elsewhere where `strict`: some producers count it wrongly.
    """
    irregular = False
    for xref in _reachable(document, page):
        filters = _FILTER.findall(document.xref_get_key(xref, "Filter")[1])
        if filters[:1] == ["FlateDecode"] and document.xref_is_stream(xref):
            counts = strict or document.xref_get_key(xref, "Subtype")[1] == "/Image"
            irregular |= not check_flate(document.xref_stream_raw(xref) or b"", counts=counts)
    return irregular


def check_blank(pixels: Pixels | Grey, data: bytes) -> None:
    """Raise ValueError when an image has one value, and data that says more than that.

    What any codec writes for a blank page repeats itself, and deflates to little.
    """
    if pixels.size and pixels.min() == pixels.max() and len(zlib.compress(data, 1)) > _BLANK:
        raise ValueError(f"part of it is lost: {len(data):,} bytes came out as one colour")


def is_whole(document: PdfDocument, xref: int, pixels: Pixels | Grey) -> bool:
    """True when deflated data ends with the checksum of these samples: nothing else need be looked at.

    False for data that was predicted, and for samples that were changed on the way.
    """
    keys = ("Filter", "DecodeParms")
    if [document.xref_get_key(xref, key)[1] for key in keys] != ["/FlateDecode", "null"]:
        return False
    data = document.xref_stream_raw(xref) or b""
    checksum = zlib.adler32(np.ascontiguousarray(pixels).data).to_bytes(4, "big")
    # Nothing or a line's end stands between the data and the end of its stream.
    return any(data.endswith(checksum + end) for end in (b"", b"\n", b"\r", b"\r\n"))


def check_flate(data: bytes, *, enough: int | None = None, counts: bool = True) -> bool:
    """Raise ValueError when deflated data is damaged, or ends before `enough` bytes are unpacked.

    True when it ends with its checksum. `counts` says that another checksum than stored is damage.
    """
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    checksum, body, size = 1, data[2:], 0
    try:
        while not unpacker.eof and (piece := unpacker.decompress(body, 1 << 20)):
            checksum, body = zlib.adler32(piece, checksum), unpacker.unconsumed_tail
            size += len(piece)
    except zlib.error as error:
        raise ValueError(f"part of it is lost: deflated data is damaged ({error})") from error
    flushed = data.rstrip(b"\r\n").endswith(_FLUSHED) or (enough is not None and size >= enough)
    if not (unpacker.eof or flushed):
        raise ValueError("part of it is lost: deflated data ends early")
    stored = unpacker.unused_data[:4]
    sound = int.from_bytes(stored, "big") == checksum and len(stored) == 4
    if counts and len(stored) == 4 and stored != bytes(4) and not sound:
        raise ValueError("part of it is lost: deflated data has another checksum")
    return sound


def has_inline_image(content: bytes) -> bool:
    """True for the content of a page in which an image stands itself."""
    return _INLINE.search(content) is not None


def _jpeg(document: PdfDocument, image: ListedImage, filters: Sequence[str]) -> None:
    if len(filters) == 1:
        data = document.xref_stream_raw(image[0])
    else:
        stored = document.extract_image(image[0])
        data = stored["image"] if stored and stored["ext"] == "jpeg" else None
    if data:
        check_jpeg(data)


def jbig2_parts(document: PdfDocument, xref: int) -> tuple[bytes | None, bytes]:
    """The segments of an image, None where they cannot be unpacked, and those that it shares with others."""
    shared = _REFERENCE.search(document.xref_get_key(xref, "DecodeParms/JBIG2Globals")[1])
    symbols = document.xref_stream(int(shared[1])) if shared else None
    filters = _FILTER.findall(document.xref_get_key(xref, "Filter")[1])
    return _coded(document, xref, filters), symbols or b""


def _jbig2(document: PdfDocument, image: ListedImage, _filters: Sequence[str]) -> None:
    data, shared = jbig2_parts(document, image[0])
    if data is not None:
        check_jbig2(data, shared)


def _jpx(document: PdfDocument, image: ListedImage, filters: Sequence[str]) -> None:
    data = _coded(document, image[0], filters)
    if data is not None:
        check_jpx(data)


def _flate(document: PdfDocument, image: ListedImage, filters: Sequence[str]) -> None:
    data = _coded(document, image[0], filters)
    if data is not None:
        check_flate(data, enough=_expected(image))


def _coded(document: PdfDocument, xref: int, filters: Sequence[str]) -> bytes | None:
    """The data of a stream as its last filter gets it; None where the filters before are no plain ones."""
    data = document.xref_stream_raw(xref) or b""
    for name in filters[:-1]:
        unpack = _OUTER.get(name)
        if unpack is None:
            return None
        data = unpack(data)
    return data


def _from_ascii85(data: bytes) -> bytes:
    digits = data.strip().removeprefix(b"<~").partition(b"~")[0]
    return base64.a85decode(digits, ignorechars=b" \t\n\r\v\0\f")


def _from_hex(data: bytes) -> bytes:
    digits = re.sub(rb"\s", b"", data.partition(b">")[0])
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _inflated(data: bytes) -> bytes:
    check_flate(data)
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[2:], _LONGEST)


#: What unpacks data that is packed twice; a ValueError is damage.
_OUTER: dict[str, Callable[[bytes], bytes]] = {
    "ASCII85Decode": _from_ascii85,
    "ASCIIHexDecode": _from_hex,
    "FlateDecode": _inflated,
}


def _expected(image: ListedImage) -> int:
    """Bytes of its samples; 0 where that is not known."""
    width, height, bits = image[2:5]
    return (width * _channels(image) * bits + 7) // 8 * height


def _channels(image: ListedImage) -> int:
    """Samples a pixel, 0 where that is not known; a stencil mask has no colour space."""
    bits, colour = image[4:6]
    return 1 if not colour and bits == 1 else _CHANNELS.get(colour, 0)


def _counted(document: PdfDocument, image: ListedImage, filters: Sequence[str]) -> None:
    """Run lengths and LZW have no check but their sum; LZW may have a whole row too few or too many."""
    expected = _expected(image)
    unpacked = len(document.xref_stream(image[0]) or b"")
    row = expected // max(1, image[3]) if filters[-1] == "LZWDecode" else 0
    if expected and abs(unpacked - expected) > _SLACK and abs(unpacked - expected) != row:
        raise ValueError(f"part of it is lost: an image unpacks to {unpacked:,} bytes, not {expected:,}")


_CHECKS: dict[str, Callable[[PdfDocument, ListedImage, Sequence[str]], None]] = {
    "DCTDecode": _jpeg,
    "JBIG2Decode": _jbig2,
    "JPXDecode": _jpx,
    "FlateDecode": _flate,
    "RunLengthDecode": _counted,
    "LZWDecode": _counted,
}


def _fax_k(document: PdfDocument, xref: int) -> int:
    kind, text = document.xref_get_key(xref, "DecodeParms/K")
    return int(text) if kind == "int" else 0


def _reachable(document: PdfDocument, page: int) -> Iterator[int]:
    """The objects that a page draws with, its parents and neighbours left out."""
    seen, waiting = {page}, [page]
    while waiting and len(seen) < _OBJECTS:
        xref = waiting.pop()
        yield xref
        text = re.sub(r"/(?:Parent|P|Dest|StructParent|Popup|IRT) \d+ 0 R", "", document.xref_object(xref))
        fresh = {int(number) for number in _REFERENCE.findall(text)} - seen
        seen |= fresh
        waiting += sorted(fresh)
