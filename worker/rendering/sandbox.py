"""Rendering in child processes, so that a hostile or broken document ends its own process and nothing else.

MuPDF and libtiff are C code that reads untrusted files. A child has a bounded address space and processor
time and an empty environment; one that is late or dies costs its page, and the document goes on in a new
one. Children are plain subprocesses, because Celery's daemonic workers may not have multiprocessing ones.
"""

from __future__ import annotations

import queue
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from worker import errors
from worker.errors import DocumentError, PageError, PageTimeout, UnreadableDocument, UnreadablePage
from worker.rendering.formats import DocumentInfo
from worker.rendering.frames import pack, unpack
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage

#: Where the package lies; the child's empty environment does not say.
_ROOT = Path(__file__).resolve().parent.parent.parent
#: One thread of each numerical library: their idle pools count against the address space.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
#: Characters of a sentence of the child that are kept.
_LONGEST_WORDS = 500
_DOCUMENT_ERRORS: dict[str, type[DocumentError]] = {
    kind.code: kind
    for kind in (
        errors.EmptyDocument,
        errors.UnknownFormat,
        errors.UnreadableDocument,
        errors.EncryptedDocument,
        errors.DocumentTooLarge,
        errors.TooManyPages,
    )
}
_PAGE_ERRORS: dict[str, type[PageError]] = {
    kind.code: kind for kind in (errors.UnreadablePage, errors.PageTooLarge)
}


class _ChildLost(Exception):
    """The child did not answer; `late` tells one that was too slow from one that died."""

    def __init__(self, *, late: bool) -> None:
        super().__init__(late)
        self.late = late


class RenderPool:
    """At most `size` renderers at a time, started when needed and kept; safe for threads.

    `memory_bytes` bounds the address space of each, `cpu_seconds` the processor time of each page.
    A child serves `documents_per_child` documents: MuPDF's caches grow.
    """

    def __init__(
        self,
        *,
        size: int = 1,
        memory_bytes: int = 4 * 1024**3,
        cpu_seconds: int = 120,
        documents_per_child: int = 500,
    ) -> None:
        self._command = [sys.executable, "-m", "worker.rendering.child", str(memory_bytes), str(cpu_seconds)]
        self._documents_per_child = documents_per_child
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(None)
        self._size = size

    def inspect(self, data: bytes, *, limits: Limits, timeout: float) -> DocumentInfo:
        """As `pages.inspect`; a document not open after `timeout` seconds is an UnreadableDocument."""
        tried = False
        while True:
            try:
                with self._child() as child:
                    info = child.open(data, limits=limits, first=0, last=0, timeout=timeout)
                    child.finish(timeout)
                return info
            except _ChildLost as loss:
                if loss.late or tried:
                    raise UnreadableDocument(_sentence(loss, "the document", timeout)) from loss
                tried = True

    def render(
        self, data: bytes, *, limits: Limits, first: int = 0, last: int | None = None, timeout: float
    ) -> Generator[RenderedPage | PageError, None, None]:
        """As `pages.render`, with at most `timeout` seconds for opening and for each page.

        A page that takes longer yields PageTimeout, one whose renderer dies UnreadablePage; the pages behind
        it follow from a fresh renderer. Closing the iterator early ends the child that was at work.
        """
        index = first
        end: int | None = None
        lost: _ChildLost | None = None
        while end is None or index < end:
            try:
                with self._child() as child:
                    info = child.open(data, limits=limits, first=index, last=last, timeout=timeout)
                    end = info.pages if last is None else min(last, info.pages)
                    while index < end:
                        page = child.page(timeout)
                        index, lost = index + 1, None
                        yield page
                    child.finish(timeout)
            except _ChildLost as loss:
                # One death may have any cause, such as full memory; a second is the page's fault.
                if not loss.late and lost is None:
                    lost = loss
                    continue
                if end is None:
                    raise UnreadableDocument(_sentence(loss, "the document", timeout)) from loss
                if index < end:
                    yield _page_error(index, loss, timeout)
                    index, lost = index + 1, None

    def close(self) -> None:
        """End the idle children; those at work end with their iterators."""
        for _ in range(self._size):
            try:
                child = self._slots.get_nowait()
            except queue.Empty:
                return
            if child:
                child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child that nobody else uses; it returns to the pool only after the last of its answer."""
        child = self._slots.get()
        try:
            if child is None or not child.is_fit(self._documents_per_child):
                if child:
                    child.kill()
                child = _Child(self._command)
            yield child
        finally:
            if child is not None and not child.is_idle:
                child.kill()
                child = None
            self._slots.put(child)


class _Child:
    """One renderer process and the two pipes to it."""

    def __init__(self, command: list[str]) -> None:
        # A session of its own: Ctrl-C at the terminal is for the worker, which ends its children itself.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._documents = 0
        #: False from a request until the last word of its answer.
        self.is_idle = True

    def is_fit(self, documents: int) -> bool:
        """True while it lives and has served fewer documents than that."""
        return self._process.poll() is None and self._documents < documents

    def open(
        self, data: bytes, *, limits: Limits, first: int, last: int | None, timeout: float
    ) -> DocumentInfo:
        """Ask for pages; they follow one by one. Raises DocumentError, and the child stays usable."""
        self._documents += 1
        self.is_idle = False
        self._send({"limits": asdict(limits), "first": first, "last": last}, data)
        header, _ = self._receive(timeout)
        if header["kind"] == "document_error":
            self.is_idle = True
            raise _DOCUMENT_ERRORS[header["code"]](_said(header["reason"]))
        notes = tuple(map(_said, header["notes"]))
        return DocumentInfo(header["format"], header["pages"], notes, header["lacks"])

    def page(self, timeout: float) -> RenderedPage | PageError:
        """The next page."""
        header, payload = self._receive(timeout)
        kind = header.pop("kind")
        if kind == "page_error":
            return _PAGE_ERRORS[header["code"]](header["page"], _said(header["reason"]))
        points, note = header.pop("points"), header.pop("note")
        return RenderedPage(
            **header, data=payload, points=points and (points[0], points[1]), note=note and _said(note)
        )

    def finish(self, timeout: float) -> None:
        """Read the answer to its end."""
        self._receive(timeout)
        self.is_idle = True

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self.is_idle = False
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()

    def _send(self, header: Mapping[str, object], payload: bytes) -> None:
        try:
            for piece in pack(header, payload):
                rest = memoryview(piece)
                while rest:
                    rest = rest[self._stdin.write(rest) :]
        except BrokenPipeError as error:
            raise _ChildLost(late=False) from error

    def _receive(self, timeout: float) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + timeout
        try:
            message = unpack(lambda size: self._read(size, deadline))
        except EOFError as error:
            raise _ChildLost(late=False) from error
        if message is None:
            raise _ChildLost(late=False)
        return message

    def _read(self, size: int, deadline: float) -> bytes:
        """Exactly that many bytes, fewer only when the child has closed its end."""
        pieces = bytearray()
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN | select.POLLHUP)
        while len(pieces) < size:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise _ChildLost(late=True)
            piece = self._stdout.read(min(size - len(pieces), 1 << 20))
            if not piece:
                break
            pieces += piece
        return bytes(pieces)


def _said(text: str) -> str:
    """The child's words made safe for rows, logs and terminals: they may quote the document."""
    short = text[:_LONGEST_WORDS]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in short)


def _page_error(index: int, loss: _ChildLost, timeout: float) -> PageError:
    kind = PageTimeout if loss.late else UnreadablePage
    return kind(index, _sentence(loss, "the page", timeout))


def _sentence(loss: _ChildLost, what: str, timeout: float) -> str:
    if loss.late:
        return f"{what} took longer than {timeout:g} s; simplify it or raise the limit"
    return f"the renderer died on {what}: it is damaged, or takes more than a renderer may have"
