"""One kind of bad input and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.inputs.cases import CASES

#: The status of a kind that may end either way.
ANY = "any"


@dataclass(frozen=True)
class Kind:
    """A document, the status it must end in, and the reason code that its status must have.

    `name` is its file name in bytes, `<id>.bin` when left out: the format is read from the bytes. `notes` is
    what the renderer must have noted beside reading it.
    """

    id: str
    build: Callable[[], bytes]
    status: str = "done"
    reason: str | None = None
    name: bytes | None = None
    notes: str | None = None

    @property
    def file(self) -> bytes:
        """The name of its file."""
        return self.name or f"{self.id}.bin".encode()


def lost(id_: str, build: Callable[[], bytes], reason: str) -> Kind:
    """A kind that fails as a whole."""
    return Kind(id_, build, "failed", reason)


def torn(id_: str, build: Callable[[], bytes], reason: str) -> Kind:
    """A kind of which some pages can be read."""
    return Kind(id_, build, "partial", reason)


def by_id(*ids: str) -> tuple[Kind, ...]:
    """Cases of the renderer's own tests, with what they come to as whole documents."""
    chosen = [case for case in CASES if case.id in ids]
    assert len(chosen) == len(ids)
    kinds = []
    for case in chosen:
        codes = [page.code for page in case.pages]
        first = next((code for code in codes if code), case.code)
        status = "done" if not first else "partial" if None in codes else "failed"
        kinds.append(Kind(case.id, case.build, status, first))
    return tuple(kinds)
