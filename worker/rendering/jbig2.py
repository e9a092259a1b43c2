"""Whether an embedded JBIG2 image is all there: its segments, what they refer to, and the faxes in it.

jbig2dec draws what it has and is silent when a segment is cut off or a fax in it is damaged (ITU-T T.88).

Behind a hole, a decoder of arithmetic codes reads on in other steps, and nothing says so. But it then needs
more data than there is, or less. So copies are drawn: in one, other bytes follow the data of each segment,
which must change nothing; in others, the last bytes of a region differ, which must change its pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from worker.rendering.fax import Fax, check_fax

#: Types of segments that need what they refer to: text and halftone regions.
_NEEDY = frozenset({4, 6, 7, 20, 22, 23})
_GENERIC = frozenset({36, 38, 39})
#: Types up to this one carry ink; those above are about pages, stripes and files.
_LAST_REGION = 43
#: Code tables, which regions may refer to as well.
_TABLES = 53
#: Length of a segment that ends where its data says; only generic regions may have it.
_UNKNOWN = 0xFFFFFFFF
#: Bytes of a region's own header, and of the flags behind it.
_REGION, _FLAGS = 17, 1
#: Where the byte stands whose last bit says that a segment is in no arithmetic code.
_CODE = {0: 1, 16: 0, **dict.fromkeys((6, 7), 18), **dict.fromkeys((22, 23, 38, 39), 17)}
#: Regions that refine others are always in arithmetic codes.
_REFINEMENTS = frozenset({42, 43})
#: Symbols and patterns, which a page need not draw.
_DICTIONARIES = frozenset({0, 16})
#: What ends arithmetic codes, the ones that a decoder sees behind it, and bytes that would change pixels.
_END, _ONES, _OTHER = b"\xff\xac", b"\xff\x7f" * 3, b"\x12\x34\x56\x78" * 8
#: How many bytes before its end the data of a region is changed, and in which bits.
_BACK, _BITS = 24, 0x55
#: Data that is shorter has little to lose. Regions beyond this number, the longest first, are not tried.
_SHORTEST, _MOST_REGIONS = 64, 4


@dataclass(frozen=True, slots=True)
class _Segment:
    number: int
    type: int
    refers: tuple[int, ...]
    body: bytes
    #: Bytes that it should have.
    length: int
    #: Where its body starts; the four bytes before it are its length.
    start: int


def check_jbig2(data: bytes, shared: bytes = b"") -> None:
    """Raise ValueError when the image is cut off, lacks its shared symbols, or a fax in it is damaged."""
    known: set[int] = set()
    for stream in (shared, data):
        for segment in _segments(stream):
            if segment.type <= _LAST_REGION:
                _check_segment(segment, known)
            if segment.type <= _LAST_REGION or segment.type == _TABLES:
                known.add(segment.number)


def continued(data: bytes) -> bytes:
    """A copy in which other bytes follow the data of every segment in arithmetic codes."""
    pieces, copied = list[bytes](), 0
    for segment in _arithmetic(data):
        body = segment.body.removesuffix(_END) + _ONES + _OTHER
        pieces += [data[copied : segment.start - 4], len(body).to_bytes(4, "big"), body]
        copied = segment.start + segment.length
    return b"".join((*pieces, data[copied:]))


def ended_otherwise(data: bytes) -> Iterator[bytes]:
    """Copies in each of which a region in arithmetic codes ends otherwise."""
    regions = [segment for segment in _arithmetic(data) if segment.type not in _DICTIONARIES]
    for segment in sorted(regions, key=lambda region: region.length, reverse=True)[:_MOST_REGIONS]:
        place = segment.start + segment.length - _BACK
        yield data[:place] + bytes([data[place] ^ _BITS]) + data[place + 1 :]


def _arithmetic(data: bytes) -> Iterator[_Segment]:
    """The segments whose data is in arithmetic codes up to an end that their header tells."""
    for segment in _segments(data):
        told = data[segment.start - 4 : segment.start] == segment.length.to_bytes(4, "big")
        if told and len(segment.body) >= _SHORTEST and _is_arithmetic(segment):
            yield segment


def _is_arithmetic(segment: _Segment) -> bool:
    at = _CODE.get(segment.type)
    return segment.type in _REFINEMENTS or (at is not None and not segment.body[at] & 1)


def _check_segment(segment: _Segment, known: set[int]) -> None:
    if len(segment.body) < segment.length:
        raise ValueError("part of it is lost: a JBIG2 image is cut off")
    if not known.issuperset(segment.refers) or (segment.type in _NEEDY and not segment.refers):
        raise ValueError("part of it is lost: a JBIG2 image lacks the symbols that it shares with others")
    if segment.type in _GENERIC and segment.body[_REGION : _REGION + _FLAGS] in {b"\x01"}:
        width, height = (int.from_bytes(segment.body[at : at + 4], "big") for at in (0, 4))
        check_fax(segment.body[_REGION + _FLAGS :], Fax(-1, width, height))


def _segments(data: bytes) -> Iterator[_Segment]:
    """The segments in order; what is too short for another header ends them."""
    at = 0
    while at + 11 <= len(data):
        number, flags = int.from_bytes(data[at : at + 4], "big"), data[at + 4]
        refers, at = _referred(data, at + 5, number)
        at += 4 if flags & 0x40 else 1
        length, at = int.from_bytes(data[at : at + 4], "big"), at + 4
        if length == _UNKNOWN:
            length = _unknown_length(data, at)
        yield _Segment(number, flags & 0x3F, refers, data[at : at + length], length, at)
        at += length


def _referred(data: bytes, at: int, number: int) -> tuple[tuple[int, ...], int]:
    """The numbers of the segments that one refers to, and where its header goes on."""
    count, at = data[at] >> 5, at + 1
    if count == 7:
        count = int.from_bytes(data[at - 1 : at + 3], "big") & 0x1FFFFFFF
        at += 3 + (count + 8) // 8
    size = 1 if number <= 256 else 2 if number <= 65_536 else 4
    count = min(count, (len(data) - at) // size)
    refers = tuple(int.from_bytes(data[at + n * size : at + (n + 1) * size], "big") for n in range(count))
    return refers, at + count * size


def _unknown_length(data: bytes, at: int) -> int:
    """Bytes up to the end mark of a region and the number of rows behind it."""
    is_fax = data[at + _REGION : at + _REGION + 1] and data[at + _REGION] & 1
    end = data.find(b"\0\0" if is_fax else b"\xff\xac", at + _REGION + _FLAGS)
    return len(data) - at + 1 if end < 0 else end + 6 - at
