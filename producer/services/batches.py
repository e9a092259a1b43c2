"""Work a batch at a time, so that memory does not grow with its amount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Runs of at most `size` items, in their order; each is drawn when it is asked for."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
