"""What C libraries write to standard error, collected while a block runs.

libtiff and libjpeg report damage nowhere else: Pillow and OpenCV return the pixels all the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Bytes that are kept; a damaged page may complain of every row.
_LONGEST = 1 << 16
_STDERR = 2


class Overheard:
    """The words of a block; complete when the block has ended."""

    def __init__(self) -> None:
        self.words = ""


@contextmanager
def overhear() -> Iterator[Overheard]:
    """Collect what is written to file descriptor 2, which belongs to the whole process: one thread at a time.

    What does not fit a pipe is dropped; the renderer may write no file, and must not wait for itself.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = os.dup(_STDERR)
    os.dup2(writing, _STDERR)
    heard = Overheard()
    try:
        yield heard
    finally:
        os.dup2(before, _STDERR)
        os.close(before)
        os.close(writing)
        heard.words = _read(reading).decode("utf-8", "replace")
        os.close(reading)


def _read(descriptor: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < _LONGEST and (piece := os.read(descriptor, _LONGEST)):
        pieces += piece
    return bytes(pieces)
