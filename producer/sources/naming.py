"""What names an object, a version and a sidecar: the rules that listings and notifications share."""

from __future__ import annotations

from db.documents import Object
from worker.document_formats import SUFFIXES

SIDECAR_SUFFIX = ".json"

#: What stores allow a key or a version id to be, in bytes of UTF-8.
LONGEST_NAME = 1024
#: The largest number that a database column holds.
_LARGEST = 2**63 - 1


def base_of(key: str) -> str | None:
    """The key of the object that this one would be the sidecar of; None when it is none by its name."""
    base = key.removesuffix(SIDECAR_SUFFIX)
    return base if base != key and base and not base.endswith("/") else None


def looks_like_document(key: str) -> bool:
    """Whether the key ends as a document does."""
    return key.lower().endswith(SUFFIXES)


def is_folder_marker(key: str) -> bool:
    """Whether the object is only there so that consoles show an empty folder."""
    return key.endswith("/")


def storable(text: str) -> bool:
    """Whether a database row can hold the name, and a store can have given it."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair, from broken JSON
        return False
    return 0 < size <= LONGEST_NAME and "\0" not in text


def version_of(version_id: str | None, etag: str | None) -> str | None:
    """The version as documents have it: the store's id, else `etag:<ETag>`; None when there is neither.

    The id "null" is no identity: the next upload of a bucket whose versions are suspended gets it again.
    """
    if version_id and version_id != "null":
        return version_id
    bare = (etag or "").strip().removeprefix("W/").strip('"')
    return f"etag:{bare}" if bare else None


def size_of(value: object) -> int | None:
    """A size in bytes as a column can hold it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def sort_key(source: Object) -> tuple[str, str, str]:
    """One order for all who register, so that transactions with the same rows never wait in a circle."""
    return source.bucket, source.key, source.version
