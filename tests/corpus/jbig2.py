"""Pages of JBIG2 (ITU-T T.88), as PDF embeds them."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np

from tests.corpus.arithmetic import coded
from tests.corpus.written import SIZE, strip, written


def segment(number: int, kind: int, body: bytes, *, refers: bytes = b"", length: int | None = None) -> bytes:
    """A segment of JBIG2, of page 1."""
    count = bytes([len(refers) << 5]) + refers
    size = len(body) if length is None else length
    return struct.pack(">IB", number, kind) + count + b"\1" + struct.pack(">I", size) + body


def jbig2_page(*segments: bytes) -> bytes:
    """Segments on a page of JBIG2, as PDF embeds it: without file header and end."""
    return segment(0, 48, struct.pack(">IIIIBH", *SIZE, 0, 0, 0, 0)) + b"".join(segments)


def region(flags: bytes, data: bytes) -> bytes:
    """The body of a generic region over the whole page."""
    return struct.pack(">IIIIB", *SIZE, 0, 0, 0) + flags + data


def jbig2_of_fax() -> bytes:
    """A generic region coded as faxes are; 1 is black there."""
    return jbig2_page(segment(1, 38, region(b"\1", strip(written("1"), "group4", **{"262": 0}))))


@cache
def jbig2_in_arithmetic_codes() -> bytes:
    """A generic region as most scanners write it: template 0, its adaptive pixels in their usual places."""
    codes = coded(~np.asarray(written("1")))
    return jbig2_page(segment(1, 38, region(b"\0\3\xff\xfd\xff\2\xfe\xfe\xfe", codes)))
