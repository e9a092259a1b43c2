"""Whether the pixels of a JPEG are all there: what its decoder says, and how much data is left at the end.

JPEG has no checksum. A hole in its data is decoded as other pixels, and what comes behind it lies elsewhere;
then the data ends too early, which the decoder says, or too late, which it says only when a restart marker
follows. A copy with one more row of white blocks behind such a marker is therefore what is decoded, at an
eighth of the size, which costs a tenth of decoding it.

Brightness is coded as what changes from block to block: behind a hole, all blocks may be too bright by as
much, and ink fades into what is clipped to white. The copy is drawn with half the steps, which leaves room
to see that.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from worker.rendering.complaints import check
from worker.rendering.jpeg_arithmetic import check_arithmetic, is_arithmetic
from worker.rendering.overheard import overhear
from worker.vision.values import Grey

_SOI, _EOI, _SOS, _DHT, _DRI, _DQT = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD, 0xDB
#: Frames of baseline and extended sequential JPEG, whose one scan holds all there is.
_SEQUENTIAL = (0xC0, 0xC1)
_LEFT_OVER = re.compile(r"Corrupt JPEG data: (\d{1,3}) extraneous bytes before marker 0xd[09]\n?\Z")
#: Levels by which encoders overshoot black and white on purpose (mozjpeg), and how many blocks may be beyond.
_OVERSHOOT, _BLOCKS_BEYOND = 36, 4
#: A restart interval has two bytes.
_LONGEST_INTERVAL = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker, and where it and its parameters (without their length) lie."""

    marker: int
    start: int
    body: bytes
    end: int


@dataclass(frozen=True, slots=True)
class _Component:
    """A colour channel: its blocks in a unit, and the tables of its codes."""

    blocks: int
    dc: int
    ac: int


def check_jpeg(data: bytes) -> None:
    """Raise ValueError when the decoder finds damage in the pixels of this JPEG file."""
    if b"\xff\xd9" not in data[-64:]:
        # OpenCV waits for more; only an end in the midst of the pixels makes the decoder speak.
        data += b"\xff\xd9"
    copy, steps = _dimmed(_measurable(data))
    with overhear() as heard:
        small = cv2.imdecode(np.frombuffer(copy, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if not _is_fill(data, heard.words):
        check(heard.words)
    if small is None:
        raise ValueError("part of it is lost: the JPEG decoder gives up")
    _check_levels(np.asarray(small, np.uint8), steps)
    if is_arithmetic(data):
        check_arithmetic(data)


def _check_levels(small: Grey, steps: float) -> None:
    """Raise ValueError when blocks are brighter than white or darker than black; `steps` of 1 hides that."""
    around = (128 + _OVERSHOOT) * steps
    if around < 128 and int((np.abs(small.astype(np.int16) - 128) > around).sum()) > _BLOCKS_BEYOND:
        raise ValueError("part of it is lost: blocks of a JPEG are brighter or darker than any can be")


def _dimmed(data: bytes) -> tuple[bytes, float]:
    """The file with half the steps of brightness, and what part of them that is; 1 where it cannot be."""
    segments = list(_segments(data))
    frame = next((one for one in segments if 0xC0 <= one.marker <= 0xC2 and len(one.body) > 8), None)
    # Inks of four colours are mixed after they are decoded.
    if frame is None or frame.body[5] not in {1, 3}:
        return data, 1.0
    for segment in segments:
        if segment.marker == _DQT and (at := _steps_of(segment.body, frame.body[8])) is not None:
            step = segment.body[at]
            place = segment.start + 4 + at
            half = max(1, step // 2)
            return data[:place] + bytes([half]) + data[place + 1 :], half / max(1, step)
    return data, 1.0


def _steps_of(tables: bytes, number: int) -> int | None:
    """Where the step of brightness of that table stands among these; None without one of eight bits."""
    at = 0
    while at < len(tables):
        if tables[at] >> 4:
            at += 1 + 128
            continue
        if tables[at] == number and at + 1 < len(tables):
            return at + 1
        at += 1 + 64
    return None


def _is_fill(data: bytes, words: str) -> bool:
    """True when all that is left over is zeros: encoders fill up to whole words."""
    left = _LEFT_OVER.match(words)
    end = data.rfind(b"\xff\xd9")
    return left is not None and not data[max(0, end - int(left[1])) : end].strip(b"\0")


def _measurable(data: bytes) -> bytes:
    """The file with a restart marker and a row of white blocks behind its pixels, where that can be made."""
    segments = list(_segments(data))
    frames = [segment for segment in segments if 0xC0 <= segment.marker <= 0xCF and segment.marker != _DHT]
    scans = [segment for segment in segments if segment.marker == _SOS]
    plain = len(frames) == len(scans) == 1 and frames[0].marker in _SEQUENTIAL
    if not plain or any(segment.marker == _DRI for segment in segments):
        return data
    end = _end(data, scans[0].end)
    components = _components(frames[0].body, scans[0].body)
    across, down, height = _units(frames[0].body)
    white = _white(components, _codes(segments), across)
    if white is None or across * down > _LONGEST_INTERVAL or height > 65_535:
        return data
    frame = frames[0].start + 5
    interval = b"\xff\xdd\0\4" + struct.pack(">H", across * down)
    taller = data[:frame] + struct.pack(">H", height) + data[frame + 2 : scans[0].start]
    return b"".join((taller, interval, data[scans[0].start : end], b"\xff\xd0", white, b"\xff\xd9"))


def _end(data: bytes, start: int) -> int:
    """Where the pixels end: coded data holds no such marker."""
    end = data.find(b"\xff\xd9", start)
    return len(data) if end < 0 else end


def _segments(data: bytes) -> Iterator[_Segment]:
    """The marker segments up to the first scan; nothing of a file that is no chain of them."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        yield _Segment(marker, at, data[at + 4 : at + 2 + length], at + 2 + length)
        if marker == _SOS:
            # Another scan before the end means that this one does not hold all.
            another = data.find(b"\xff\xda", at + 2 + length, _end(data, at))
            if another >= 0:
                yield _Segment(marker, another, b"", another)
            return
        at += 2 + length


def _components(frame: bytes, scan: bytes) -> Sequence[_Component]:
    """The channels in the order of the scan; a scan of a single channel has units of one block."""
    sampling = {frame[at]: (frame[at + 1] >> 4) * (frame[at + 1] & 15) for at in range(6, len(frame) - 2, 3)}
    count = scan[0]
    chosen = [(scan[1 + 2 * n], scan[2 + 2 * n]) for n in range(count)]
    return [
        _Component(sampling[identity] if count > 1 else 1, tables >> 4, tables & 15)
        for identity, tables in chosen
    ]


def _units(frame: bytes) -> tuple[int, int, int]:
    """Units of blocks across and down, and the height in pixels with one more row of them."""
    height, width, count = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big"), frame[5]
    sampling = [frame[at + 1] for at in range(6, 6 + 3 * count, 3)] if count > 1 else [0x11]
    unit_width, unit_height = 8 * max(byte >> 4 for byte in sampling), 8 * max(byte & 15 for byte in sampling)
    across, down = -(-width // unit_width), -(-height // unit_height)
    return across, down, (down + 1) * unit_height


def _codes(segments: Sequence[_Segment]) -> dict[int, str]:
    """The code of the value 0 in each Huffman table, in binary digits: no change, or end of block."""
    codes: dict[int, str] = {}
    for segment in segments:
        at = 0
        while segment.marker == _DHT and at + 17 <= len(segment.body):
            lengths = segment.body[at + 1 : at + 17]
            values = segment.body[at + 17 : at + 17 + sum(lengths)]
            codes[segment.body[at]] = _code_of_zero(lengths, values)
            at += 17 + sum(lengths)
    return codes


def _code_of_zero(lengths: bytes, values: bytes) -> str:
    code, place = 0, 0
    for bits, count in enumerate(lengths, 1):
        for _ in range(count):
            if values[place] == 0:
                return f"{code:0{bits}b}"
            code, place = code + 1, place + 1
        code <<= 1
    return ""


def _white(components: Sequence[_Component], codes: dict[int, str], units: int) -> bytes | None:
    """The data of that many units in which nothing changes; None where the tables have no codes for it."""
    pairs = [
        (component.blocks, codes.get(component.dc, ""), codes.get(0x10 | component.ac, ""))
        for component in components
    ]
    if not all(dc and ac for _, dc, ac in pairs):
        return None
    bits = "".join((dc + ac) * blocks for blocks, dc, ac in pairs) * units
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
