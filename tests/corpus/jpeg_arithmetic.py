"""A page as a JPEG in arithmetic codes (ITU-T T.81, annexes D and F), which hardly anything writes."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np

from tests.corpus.written import SIZE, written

#: For each state: the size of the rarer symbol's interval, the next states, and whether the symbols swap.
STATES = (
    (0x5A1D, 1, 1, 1), (0x2586, 2, 14, 0), (0x1114, 3, 16, 0), (0x080B, 4, 18, 0),
    (0x03D8, 5, 20, 0), (0x01DA, 6, 23, 0), (0x00E5, 7, 25, 0), (0x006F, 8, 28, 0),
    (0x0036, 9, 30, 0), (0x001A, 10, 33, 0), (0x000D, 11, 35, 0), (0x0006, 12, 9, 0),
    (0x0003, 13, 10, 0), (0x0001, 13, 12, 0), (0x5A7F, 15, 15, 1), (0x3F25, 16, 36, 0),
    (0x2CF2, 17, 38, 0), (0x207C, 18, 39, 0), (0x17B9, 19, 40, 0), (0x1182, 20, 42, 0),
    (0x0CEF, 21, 43, 0), (0x09A1, 22, 45, 0), (0x072F, 23, 46, 0), (0x055C, 24, 48, 0),
    (0x0406, 25, 49, 0), (0x0303, 26, 51, 0), (0x0240, 27, 52, 0), (0x01B1, 28, 54, 0),
    (0x0144, 29, 56, 0), (0x00F5, 30, 57, 0), (0x00B7, 31, 59, 0), (0x008A, 32, 60, 0),
    (0x0068, 33, 62, 0), (0x004E, 34, 63, 0), (0x003B, 35, 32, 0), (0x002C, 9, 33, 0),
    (0x5AE1, 37, 37, 1), (0x484C, 38, 64, 0), (0x3A0D, 39, 65, 0), (0x2EF1, 40, 67, 0),
    (0x261F, 41, 68, 0), (0x1F33, 42, 69, 0), (0x19A8, 43, 70, 0), (0x1518, 44, 72, 0),
    (0x1177, 45, 73, 0), (0x0E74, 46, 74, 0), (0x0BFB, 47, 75, 0), (0x09F8, 48, 77, 0),
    (0x0861, 49, 78, 0), (0x0706, 50, 79, 0), (0x05CD, 51, 48, 0), (0x04DE, 52, 50, 0),
    (0x040F, 53, 50, 0), (0x0363, 54, 51, 0), (0x02D4, 55, 52, 0), (0x025C, 56, 53, 0),
    (0x01F8, 57, 54, 0), (0x01A4, 58, 55, 0), (0x0160, 59, 56, 0), (0x0125, 60, 57, 0),
    (0x00F6, 61, 58, 0), (0x00CB, 62, 59, 0), (0x00AB, 63, 61, 0), (0x008F, 32, 61, 0),
    (0x5B12, 65, 65, 1), (0x4D04, 66, 80, 0), (0x412C, 67, 81, 0), (0x37D8, 68, 82, 0),
    (0x2FE8, 69, 83, 0), (0x293C, 70, 84, 0), (0x2379, 71, 86, 0), (0x1EDF, 72, 87, 0),
    (0x1AA9, 73, 87, 0), (0x174E, 74, 72, 0), (0x1424, 75, 72, 0), (0x119C, 76, 74, 0),
    (0x0F6B, 77, 74, 0), (0x0D51, 78, 75, 0), (0x0BB6, 79, 77, 0), (0x0A40, 48, 77, 0),
    (0x5832, 81, 80, 1), (0x4D1C, 82, 88, 0), (0x438E, 83, 89, 0), (0x3BDD, 84, 90, 0),
    (0x34EE, 85, 91, 0), (0x2EAE, 86, 92, 0), (0x299A, 87, 93, 0), (0x2516, 71, 86, 0),
    (0x5570, 89, 88, 1), (0x4CA9, 90, 95, 0), (0x44D9, 91, 96, 0), (0x3E22, 92, 97, 0),
    (0x3824, 93, 99, 0), (0x32B4, 94, 99, 0), (0x2E17, 86, 93, 0), (0x56A8, 96, 95, 1),
    (0x4F46, 97, 101, 0), (0x47E5, 98, 102, 0), (0x41CF, 99, 103, 0), (0x3C3D, 100, 104, 0),
    (0x375E, 93, 99, 0), (0x5231, 102, 105, 0), (0x4C0F, 103, 106, 0), (0x4639, 104, 107, 0),
    (0x415E, 99, 103, 0), (0x5627, 106, 105, 1), (0x50E7, 107, 108, 0), (0x4B85, 103, 109, 0),
    (0x5597, 109, 110, 0), (0x504F, 107, 111, 0), (0x5A10, 111, 110, 1), (0x5522, 109, 112, 0),
    (0x59EB, 111, 112, 1),
)  # fmt: skip
#: The step of brightness; the counters of larger changes, what lies between one and that of its bits, and one
#: for the end of each block (table F.4).
STEP, LARGE, BITS, END = 16, 20, 14, 64


class Encoder:
    """The encoder of annex D: symbols of 0 and 1, each with a counter; the code is one long number."""

    def __init__(self) -> None:
        self._code, self._interval, self._shifts = 0, 0x10000, 0
        self._counters = [(0, 0)] * (END + 1)

    def encode(self, symbol: int, counter: int) -> None:
        """One symbol."""
        state, likelier = self._counters[counter]
        rarer, on_likelier, on_rarer, swap = STATES[state]
        self._interval -= rarer
        if symbol == likelier and self._interval >= 0x8000:
            return
        # The larger part of the interval belongs to the likelier symbol.
        if (symbol == likelier) == (self._interval < rarer):
            self._code += self._interval
            self._interval = rarer
        follows = (on_likelier, likelier) if symbol == likelier else (on_rarer, likelier ^ swap)
        self._counters[counter] = follows
        while self._interval < 0x8000:
            self._interval, self._code, self._shifts = self._interval << 1, self._code << 1, self._shifts + 1

    def finished(self) -> bytes:
        """The code without the zeros at its end, which decoders add."""
        end = (self._code + self._interval - 1) & ~0xFFFF
        code, bits = end if end >= self._code else end + 0x8000, 16 + self._shifts
        code <<= -bits % 8
        return code.to_bytes((bits + 7) // 8, "big").rstrip(b"\0").replace(b"\xff", b"\xff\0")


def encode_change(encoder: Encoder, change: int, context: int) -> int:
    """One change of brightness; answers the context of the next."""
    encoder.encode(int(change != 0), context)
    if not change:
        return 0
    encoder.encode(int(change < 0), context + 1)
    rest, counter = abs(change) - 1, context + (3 if change < 0 else 2)
    for place in range(rest.bit_length()):
        encoder.encode(1, counter)
        counter = LARGE + place
    encoder.encode(0, counter)
    for bit in reversed(range(rest.bit_length() - 1)):
        encoder.encode(rest >> bit & 1, counter + BITS)
    return (8 if change < 0 else 4) + (8 if rest > 1 else 0)


@cache
def jpeg_in_arithmetic_codes() -> bytes:
    """The written page, each block of it in one grey."""
    small = np.asarray(written("L").resize((SIZE[0] // 8, SIZE[1] // 8)), np.int64)
    levels = ((small - 128) * 8 // STEP).ravel().tolist()
    encoder, before, context = Encoder(), 0, 0
    for level in levels:
        context = encode_change(encoder, level - before, context)
        before = level
        encoder.encode(1, END)
    tables = b"\xff\xdb\0\x43\0" + bytes([STEP]) * 64
    frame = struct.pack(">HHBHHB3B", 0xFFC9, 11, 8, SIZE[1], SIZE[0], 1, 1, 0x11, 0)
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
    return b"\xff\xd8" + tables + frame + scan + encoder.finished() + b"\xff\xd9"
