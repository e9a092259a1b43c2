"""Whether the pixels of a JPEG 2000 are all there: how far its decoder reads in each block of codes.

JPEG 2000 has no checksum, and damage stays in the block where it lies (ITU-T T.800, annex D): behind a hole,
the decoder of arithmetic codes reads on in other steps, and ends before the data of the block does or behind
it. OpenJPEG counts that, and tells it where a file promises that every block ends predictably. A copy that
promises so is therefore what is decoded; the promise changes nothing but that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.rendering.complaints import check
from worker.rendering.engine import jpx_complaints

_SOC_SIZ = b"\xff\x4f\xff\x51"
_COD, _COC, _SOT, _SOD, _EOC = 0x52, 0x53, 0x90, 0x93, 0xD9
#: Where the number of components stands behind the start, and the style of blocks in the two markers.
_COMPONENTS, _STYLE, _STYLE_OF_ONE = 40, 12, 9
#: From this number of components on, theirs has two bytes.
_MANY = 257
#: The bit of a style that promises a predictable end.
_PREDICTABLE = 0x10
_COUNTED = re.compile(r"openjpeg warning: PTERM check failure: (\d+) (?:remaining|synth)")
#: Bytes by which the end of a sound block may be missed: encoders cut them where little is lost.
_SLACK = 7


def check_jpx(data: bytes) -> None:
    """Raise ValueError when blocks of this JPEG 2000 end elsewhere than their data, or more is wrong."""
    words = jpx_complaints(promising(data))
    check(words)
    off = max((int(count) for count in _COUNTED.findall(words)), default=0)
    if off > _SLACK:
        raise ValueError(f"part of it is lost: a block of a JPEG 2000 ends {off} bytes off its data")


def promising(data: bytes) -> bytes:
    """A copy whose blocks are said to end predictably; itself where no codestream begins."""
    start = data.find(_SOC_SIZ)
    if start < 0:
        return data
    copy = bytearray(data)
    for place in _styles(data, start):
        copy[place] |= _PREDICTABLE
    return bytes(copy)


def _styles(data: bytes, start: int) -> Iterator[int]:
    """Where the styles of blocks stand, in the head of the file and in those of its tiles."""
    many = int.from_bytes(data[start + _COMPONENTS : start + _COMPONENTS + 2], "big") >= _MANY
    at, tile_end = start + 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _EOC:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SOT:
            # A length of 0 reaches to the end of the file.
            tile_end = at + (int.from_bytes(data[at + 6 : at + 10], "big") or len(data))
        if marker == _SOD:
            at = tile_end
            continue
        place = at + (_STYLE if marker == _COD else _STYLE_OF_ONE + many)
        if marker in {_COD, _COC} and place < at + 2 + length:
            yield place
        at += 2 + length
