"""Whether an embedded JBIG2 image is all there: its segments, what they refer to, and the faxes in it.

jbig2dec draws what it has and is silent when a segment is cut off or a fax in it is damaged (ITU-T T.88).
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


@dataclass(frozen=True, slots=True)
class _Segment:
    number: int
    type: int
    refers: tuple[int, ...]
    body: bytes
    #: Bytes that it should have.
    length: int


def check_jbig2(data: bytes, shared: bytes = b"") -> None:
    """Raise ValueError when the image is cut off, lacks its shared symbols, or a fax in it is damaged."""
    known: set[int] = set()
    for stream in (shared, data):
        for segment in _segments(stream):
            if segment.type <= _LAST_REGION:
                _check_segment(segment, known)
            if segment.type <= _LAST_REGION or segment.type == _TABLES:
                known.add(segment.number)


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
        yield _Segment(number, flags & 0x3F, refers, data[at : at + length], length)
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
