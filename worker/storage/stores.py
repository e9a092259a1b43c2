"""Which store serves what: by the URL of the results, and by the bucket in a document's row."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

from worker.errors import WrongUse
from worker.settings import Storage
from worker.storage.files import LOCAL_BUCKET
from worker.storage.port import Documents, Results, Store

#: URL scheme -> the module that opens the store; loaded when it is asked for: a folder needs no boto3.
STORES = {"s3": "worker.storage.s3", LOCAL_BUCKET: "worker.storage.folder"}


class DocumentsModule(Protocol):
    """What a store's module offers."""

    def open_documents(self, settings: Storage) -> Documents:
        """Where documents are read."""


@runtime_checkable
class ResultsModule(Protocol):
    """What the module of a store offers that can also keep results."""

    def open_results(self, place: str, settings: Storage) -> Results:
        """Where results are kept; `place` is what follows `scheme://`."""


class RoutedStore:
    """Results in one store, documents in whichever their bucket names."""

    def __init__(self, settings: Storage) -> None:
        scheme, _, place = settings.results_url.partition("://")
        self._settings = settings
        keeper = opener(scheme)
        if not isinstance(keeper, ResultsModule):
            raise WrongUse(f"{scheme}:// keeps no results: it only serves documents")
        self._results = keeper.open_results(place, settings)
        self._documents: dict[str, Documents] = {}

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read a document where it lies."""
        scheme = scheme_of(bucket)
        if scheme not in self._documents:
            self._documents[scheme] = opener(scheme).open_documents(self._settings)
        return self._documents[scheme].fetch(bucket, key, version, max_bytes=max_bytes)

    def put(self, key: str, data: bytes) -> None:
        """Keep a result."""
        self._results.put(key, data)

    def get(self, key: str) -> bytes:
        """Read a result."""
        return self._results.get(key)

    def keys(self, folder: str) -> Iterator[str]:
        """List results."""
        return self._results.keys(folder)

    def erase(self, folder: str) -> int:
        """Remove results."""
        return self._results.erase(folder)


def open_store(settings: Storage) -> Store:
    """The store of the settings. WrongUse when no store has that scheme."""
    return RoutedStore(settings)


def scheme_of(bucket: str) -> str:
    """The store that holds a document: all but S3 call their bucket by their scheme."""
    return bucket if bucket in STORES else "s3"


def opener(scheme: str) -> DocumentsModule:
    """The module that opens this kind of store. WrongUse when there is none."""
    if scheme not in STORES:
        raise WrongUse(f"no store is called {scheme!r}: give one of {', '.join(STORES)}")
    return cast(DocumentsModule, import_module(STORES[scheme]))
