"""Which of the keys that a source lists are documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from producer.sources.naming import base_of, is_folder_marker, looks_like_document, storable
from producer.text import visible
from worker.log import logger

#: Hears the names of documents that no row can hold.
OnUnstorable = Callable[[str], None]


@lru_cache(maxsize=1024)
def warn_unstorable(key: str) -> None:
    """Log that the document is left alone: once per name, however often it is listed."""
    logger.warning("an object whose name no database holds is left alone", extra={"key": visible(key)})


class DocumentFilter:
    """Tells documents from folder markers and sidecars, in one pass over sorted keys.

    Between a key and its sidecar stand only keys that begin with it. So it is enough to remember the chain of
    keys that the present one begins with, which is never longer than a key.
    """

    def __init__(self, on_unstorable: OnUnstorable = warn_unstorable) -> None:
        self._on_unstorable = on_unstorable
        self._chain: list[str] = []

    def takes(self, key: str) -> bool:
        """Whether this key, the next in order, is a document's that can be registered."""
        while self._chain and not key.startswith(self._chain[-1]):
            self._chain.pop()
        base = base_of(key)
        beside = base is not None and (looks_like_document(base) or base in self._chain)
        if not self._chain or self._chain[-1] != key:
            self._chain.append(key)
        if beside or is_folder_marker(key):
            return False
        if not storable(key):
            self._on_unstorable(key)
            return False
        return True
