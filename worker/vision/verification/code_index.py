"""Codes of embeddings in memory: the nearest of many by an exact product, a block at a time."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

#: Rows that are multiplied together: 64 MB of float32.
_BLOCK = 65_536

Numbers = npt.NDArray[np.int64]
#: Codes as they are stored: (n, floats) float16, each of length 1.
Codes = npt.NDArray[np.float16]


class CodeIndex:
    """Codes of so many numbers, with their ids and owners; two bytes a number. For one thread at a time."""

    def __init__(self, floats: int) -> None:
        self._floats = floats
        self._ids: Numbers = np.zeros(0, np.int64)
        self._owners: Numbers = np.zeros(0, np.int64)
        self._codes: Codes = np.zeros((0, floats), np.float16)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def owners(self) -> Numbers:
        """The owner of each code, (n,)."""
        return self._owners[: self._size]

    @property
    def ids(self) -> Numbers:
        """The id of each code, (n,)."""
        return self._ids[: self._size]

    def add(self, ids: Numbers, owners: Numbers, codes: Codes) -> None:
        """Add codes that are not there yet."""
        size = self._size + len(ids)
        if size > len(self._ids):
            self._grow(max(size, 2 * len(self._ids)))
        self._ids[self._size : size] = ids
        self._owners[self._size : size] = owners
        self._codes[self._size : size] = codes
        self._size = size

    def forget(self, owners: Collection[int]) -> None:
        """Take out the codes of these owners."""
        stay = ~np.isin(self.owners, np.fromiter(owners, np.int64, len(owners)))
        kept = int(stay.sum())
        if kept == self._size:
            return
        for array in (self._ids, self._owners, self._codes):
            array[:kept] = array[: self._size][stay]
        self._size = kept

    def nearest(self, query: npt.NDArray[np.float32], most: int) -> Numbers:
        """Places of the `most` codes with the greatest products with the query, greatest first."""
        products = np.empty(self._size, np.float32)
        for first in range(0, self._size, _BLOCK):
            block = self._codes[first : min(first + _BLOCK, self._size)].astype(np.float32)
            products[first : first + len(block)] = block @ query[: self._floats]
        if self._size <= most:
            return np.argsort(-products, kind="stable")
        near = np.argpartition(-products, most)[:most]
        return near[np.argsort(-products[near], kind="stable")]

    def _grow(self, size: int) -> None:
        more = size - len(self._ids)
        self._ids = np.concatenate([self._ids, np.zeros(more, np.int64)])
        self._owners = np.concatenate([self._owners, np.zeros(more, np.int64)])
        self._codes = np.concatenate([self._codes, np.zeros((more, self._floats), np.float16)])
