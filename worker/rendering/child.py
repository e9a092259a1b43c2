"""The process that opens untrusted documents: `python -m worker.rendering.child MEMORY_BYTES CPU_SECONDS`.

It reads requests from standard input and answers on standard output (see `worker.rendering.frames`) until
its input ends. It holds no credentials, may write no file, and is ended by the kernel when a page takes more
memory or processor time than it may have.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import cv2

from worker.errors import DocumentError, PageError
from worker.rendering.frames import pack, unpack
from worker.rendering.pages import open_document
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage

Reply = tuple[dict[str, object], bytes]


def main() -> None:
    """Answer requests until standard input ends."""
    memory, seconds = (int(argument) for argument in sys.argv[1:3])
    # What libraries print must not get into the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _confine(memory)
    cv2.setNumThreads(1)
    while (request := unpack(sys.stdin.buffer.read)) is not None:
        for header, payload in _answer(*request, seconds=seconds):
            answers.writelines(pack(header, payload))
            answers.flush()


def _confine(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(seconds: int) -> None:
    """Grant this much processor time from now on; the limit itself counts from the start of the process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(usage.ru_utime + usage.ru_stime) + seconds, hard))


def _answer(request: dict[str, Any], data: bytes, *, seconds: int) -> Iterator[Reply]:
    """First what the document is, then its pages, then the end; or the error that stopped it."""
    _allow(seconds)
    try:
        document = open_document(data, limits=Limits(**request["limits"]))
    except DocumentError as error:
        yield {"kind": "document_error", "code": error.code, "reason": error.reason}, b""
        return
    yield {"kind": "info", **asdict(document.info)}, b""
    for item in document.pages(request["first"], request["last"]):
        yield _page(item)
        _allow(seconds)
    yield {"kind": "end"}, b""


def _page(item: RenderedPage | PageError) -> Reply:
    if isinstance(item, PageError):
        return {"kind": "page_error", "code": item.code, "page": item.page, "reason": item.reason}, b""
    # The pixels travel as they are; everything else is small.
    names = ("index", "suffix", "width", "height", "dpi", "source", "points", "note", "layout")
    return {"kind": "page", **{name: getattr(item, name) for name in names}}, item.data


if __name__ == "__main__":
    main()
