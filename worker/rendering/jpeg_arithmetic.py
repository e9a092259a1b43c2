"""Whether the arithmetic codes of a JPEG are all there: a copy with other bytes behind them shows the same.

Behind the end of its data, a decoder of arithmetic codes reads zeros (ITU-T T.81, annex D), and draws on by
them when the rest was cut off. What is left over it tells by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import cv2
import numpy as np

from worker.rendering.overheard import overhear
from worker.vision.values import Grey

_SOS, _EOI = 0xDA, 0xD9
_ARITHMETIC = frozenset({0xC9, 0xCA})
_RESTARTS = range(0xD0, 0xD8)
#: The next marker in coded data; a byte of ones in the data itself is followed by zero.
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
#: Zeros that an encoder may have left out at the end, and bytes that would change pixels.
_BEHIND = bytes(16) + b"\x12\x34\x56\x78" * 8


def is_arithmetic(data: bytes) -> bool:
    """True for a JPEG whose frame is in arithmetic codes."""
    return any(marker in _ARITHMETIC for marker, _ in _segments(data, 2))


def check_arithmetic(data: bytes) -> None:
    """Raise ValueError when a JPEG in arithmetic codes needs more data than it has."""
    if not np.array_equal(_grey(data), _grey(followed_by_others(data))):
        raise ValueError("part of it is lost: a JPEG in arithmetic codes needs more data than it has")


def followed_by_others(data: bytes) -> bytes:
    """A copy in which other bytes follow the codes of each scan and of each restart interval."""
    pieces, copied = list[bytes](), 0
    for end in _ends(data):
        pieces += [data[copied:end], _BEHIND]
        copied = end
    return b"".join((*pieces, data[copied:]))


def _ends(data: bytes) -> Iterator[int]:
    """Where coded data ends."""
    at = _start_of_codes(data, 2)
    while at and (mark := _MARKER.search(data, at)):
        yield mark.start()
        marker = mark[0][1]
        at = mark.end() if marker in _RESTARTS else _start_of_codes(data, mark.start())


def _start_of_codes(data: bytes, at: int) -> int:
    """Where the codes of the next scan begin; 0 where none follows."""
    return next((end for marker, end in _segments(data, at) if marker == _SOS), 0)


def _segments(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """The markers from there to the end of a scan's head, and where their segments end."""
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _EOI:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at
        if marker == _SOS:
            return


def _grey(data: bytes) -> Grey:
    with overhear():
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.zeros((0, 0), np.uint8) if pixels is None else np.asarray(pixels, np.uint8)
