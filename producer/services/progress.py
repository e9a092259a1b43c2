"""How far a use case has got, for callers who show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many are done; `total` is None while nobody knows."""

    done: int
    total: int | None = None


#: Is told of progress; called from the thread that called the use case.
OnProgress = Callable[[Progress], None]


def unheard(_event: object) -> None:
    """For callers who want no events."""
