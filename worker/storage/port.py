"""What a store must do: read the documents that come in, keep and serve the results that go out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Documents(Protocol):
    """Where the bytes of documents lie."""

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """The bytes of exactly this version.

        DocumentTooLarge before reading more than `max_bytes`; ObjectError when it is gone, replaced, or
        refused for a reason of its own; StorageUnavailable.
        """


class Results(Protocol):
    """Bytes under keys. A second `put` of a key replaces the first. All may raise StorageUnavailable."""

    def put(self, key: str, data: bytes) -> None:
        """Keep a result."""

    def get(self, key: str) -> bytes:
        """A result. ObjectMissing when there is none."""

    def keys(self, folder: str) -> Iterator[str]:
        """Keys of all results below `folder`, in any order; what is put meanwhile may be among them."""

    def erase(self, folder: str) -> int:
        """Remove all results below `folder`, such as `documents/7/`, for good; answer how many.

        A second time removes none.
        """


class Store(Documents, Results, Protocol):
    """Both: what the steps are handed."""
