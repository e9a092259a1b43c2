"""A value that is made again only when what it was made from has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Latest(Generic[T]):
    """Remembers the last value by its mark; threads may share it, for both are replaced together."""

    _held: tuple[Hashable, T] | None = field(default=None, repr=False)

    def of(self, mark: Hashable, make: Callable[[], T]) -> T:
        """The value made for this mark: the one that is held, or a new one."""
        held = self._held
        if held is None or held[0] != mark:
            held = self._held = (mark, make())
        return held[1]
