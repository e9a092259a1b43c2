"""Pages in the arithmetic code of JBIG2 (ITU-T T.88, annex E), as scanners write them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: For each state: the size of the rarer symbol's interval, the next states, and whether the symbols swap.
STATES = (
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0), (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0), (0x2401, 12, 18, 0), (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0), (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0), (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0), (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0), (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0), (0x5601, 46, 46, 0),
)  # fmt: skip


class Encoder:
    """The encoder of annex E: symbols of 0 and 1, each in a context."""

    def __init__(self) -> None:
        self._code, self._interval, self._shifts = 0, 0x8000, 12
        self._bytes = bytearray(1)
        self._state = [0] * 65_536
        self._likelier = bytearray(65_536)

    def encode(self, symbol: int, context: int) -> None:
        """One symbol."""
        rarer, on_likelier, on_rarer, swap = STATES[self._state[context]]
        self._interval -= rarer
        if symbol == self._likelier[context]:
            if self._interval & 0x8000:
                self._code += rarer
                return
            self._take(lower=self._interval < rarer, rarer=rarer)
            self._state[context] = on_likelier
        else:
            self._take(lower=self._interval >= rarer, rarer=rarer)
            self._likelier[context] ^= swap
            self._state[context] = on_rarer
        self._widen()

    def _take(self, *, lower: bool, rarer: int) -> None:
        if lower:
            self._interval = rarer
        else:
            self._code += rarer

    def _widen(self) -> None:
        while not self._interval & 0x8000:
            self._interval <<= 1
            self._code <<= 1
            self._shifts -= 1
            if not self._shifts:
                self._put()

    def _put(self) -> None:
        if self._bytes[-1] != 0xFF and self._code >= 0x8000000:
            self._bytes[-1] += 1
            self._code &= 0x7FFFFFF
        stuffed = self._bytes[-1] == 0xFF
        bits = 20 if stuffed else 19
        self._bytes.append(self._code >> bits & 0xFF)
        self._code &= (1 << bits) - 1
        self._shifts = 7 if stuffed else 8

    def finished(self) -> bytes:
        """The code, with its end mark."""
        top = self._code + self._interval
        self._code |= 0xFFFF
        if self._code >= top:
            self._code -= 0x8000
        for _ in range(2):
            self._code <<= self._shifts
            self._put()
        code = bytes(self._bytes[1:])
        return (code if code.endswith(b"\xff") else code + b"\xff") + b"\xac"


#: The neighbours that make a pixel's context in template 0: rows up and columns right, highest bit first.
TEMPLATE = (
    (2, -2), (2, -1), (2, 0), (2, 1), (2, 2), (1, -3), (1, -2), (1, -1), (1, 0), (1, 1), (1, 2), (1, 3),
    (0, -4), (0, -3), (0, -2), (0, -1),
)  # fmt: skip


def contexts(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The context of each pixel, (h, w); what is outside of the page is white."""
    height, width = ink.shape
    padded = np.pad(ink, ((2, 0), (4, 4)))
    numbers = np.zeros(ink.shape, np.int64)
    for up, right in TEMPLATE:
        numbers = numbers << 1 | padded[2 - up : 2 - up + height, 4 + right : 4 + right + width]
    return numbers


def coded(ink: npt.NDArray[np.bool_]) -> bytes:
    """The data of a generic region, template 0, its adaptive pixels where the standard puts them."""
    encoder = Encoder()
    for symbol, context in zip(ink.ravel().tolist(), contexts(ink).ravel().tolist(), strict=True):
        encoder.encode(symbol, context)
    return encoder.finished()
