"""Whether a PDF file is complete: it ends where it says, and nothing begins behind its last end mark.

A signed PDF is an unsigned one with an update behind it. Cut off in that update, it opens as unsigned.
"""

from __future__ import annotations

import re

_START = re.compile(rb"startxref\s*(\d+)\s*(?:%%E?O?F?)?\s*\Z")
#: An object, or the number of one that was cut off.
_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b|\A\s*\d+\s+\d*\s*o?b?j?\Z|\bxref\s")
#: The bytes that a signature covers: the second pair ends with the file that was signed. Nines alone keep the
#: place of a signature that was never made.
_COVERED = re.compile(rb"/ByteRange\s*\[\s*0\s+\d+\s+(\d+)\s+(\d+)\s*\]")
#: The end may stand this far from the end of the file: transfers append zeros and line ends.
_TAIL = 2048


def is_cut_off(data: bytes) -> bool:
    """True when the end of a PDF is missing: its own, that of an update, or what its signatures cover."""
    pairs = (pair for pair in _COVERED.findall(data) if pair[0].strip(b"9"))
    if any(int(start) + int(length) > len(data) for start, length in pairs):
        return True
    end = data.rfind(b"%%EOF")
    if end < 0:
        return not _ends_at_its_table(data)
    rest = data[end + len(b"%%EOF") :].rstrip(b"\0\r\n\t ")
    return _OBJECT.search(rest) is not None and not _ends_at_its_table(data)


def _ends_at_its_table(data: bytes) -> bool:
    """True for a file whose last words, without an end mark, say where its table lies, and it lies there."""
    table = _START.search(data[-_TAIL:].rstrip(b"\0"))
    if not table:
        return False
    place = int(table[1])
    head = data[place : place + 32].lstrip()
    return head.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", head) is not None
