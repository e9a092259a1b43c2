"""A cached value, made again only when what it was made from has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Latest(Generic[T]):
    """Keeps the last value with its mark. Safe for threads: both are replaced together."""

    _latest: tuple[Hashable, T] | None = field(default=None, repr=False)

    def of(self, mark: Hashable, make: Callable[[], T]) -> T:
        """The value made for this mark: the one that is known, or a new one."""
        latest = self._latest
        if latest is None or latest[0] != mark:
            latest = self._latest = (mark, make())
        return latest[1]
