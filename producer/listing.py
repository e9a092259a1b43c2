"""The bucket's listing as documents: every version where there are versions, else every object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from db.documents import Object
from producer.bucket import is_versioned
from producer.objects import (
    base_of,
    is_folder_marker,
    looks_like_document,
    size_of,
    storable,
    version_of,
    visible,
)
from producer.outages import Caller, once
from worker.log import logger
from worker.storage.s3 import translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: What a store gives at most in one answer.
PAGE = 1000


def list_objects(client: S3Client, bucket: str, prefix: str = "") -> Iterator[Object]:
    """Documents below the prefix in the order of their keys, in bounded memory. StorageUnavailable."""
    for page in list_pages(client, bucket, prefix):
        yield from page


def list_pages(
    client: S3Client, bucket: str, prefix: str = "", *, size: int = PAGE, call: Caller = once
) -> Iterator[list[Object]]:
    """The same by the page of the store's answers, so pages may be short or empty.

    Each request runs through `call`: one that waits outages out goes on where the listing was.
    """
    fetch = _version_page if call(lambda: is_versioned(client, bucket)) else _object_page
    filtered = _Documents()
    request: dict[str, Any] | None = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": size}
    while request is not None:
        asked = request
        entries, request = call(lambda: fetch(client, asked))  # noqa: B023 - called before the next turn
        yield [one for one in entries if filtered.takes(one.key)]


def _object_page(client: S3Client, request: dict[str, Any]) -> tuple[list[Object], dict[str, Any] | None]:
    with translated(request["Bucket"]):
        answer = client.list_objects_v2(**request)
    found = [_object(request["Bucket"], entry) for entry in answer.get("Contents", [])]
    if not answer.get("IsTruncated"):
        return found, None
    return found, {**request, "ContinuationToken": answer["NextContinuationToken"]}


def _version_page(client: S3Client, request: dict[str, Any]) -> tuple[list[Object], dict[str, Any] | None]:
    """Delete markers come in a list of their own, which nobody reads here."""
    with translated(request["Bucket"]):
        answer = client.list_object_versions(**request)
    found = [_object(request["Bucket"], entry) for entry in answer.get("Versions", [])]
    if not answer.get("IsTruncated"):
        return found, None
    markers = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer.get("NextVersionIdMarker")}
    return found, {**request, **{name: value for name, value in markers.items() if value}}


def _object(bucket: str, entry: Any) -> Object:
    """A version "null" that a newer one covers is readable under that id only; else its ETag names it."""
    version_id = entry.get("VersionId")
    covered = version_id == "null" and not entry.get("IsLatest")
    version = "null" if covered else version_of(version_id, entry.get("ETag"))
    return Object(bucket, entry["Key"], version or "", size_of(entry.get("Size")))


class _Documents:
    """Tells documents from folder markers and sidecars, in one pass over sorted keys.

    Between a key and its sidecar stand only keys that begin with it. So it is enough to remember the chain of
    keys that the present one begins with, which is never longer than a key.
    """

    def __init__(self) -> None:
        self._chain: list[str] = []

    def takes(self, key: str) -> bool:
        """Whether this key, the next in order, is a document's."""
        while self._chain and not key.startswith(self._chain[-1]):
            self._chain.pop()
        base = base_of(key)
        beside = base is not None and (looks_like_document(base) or base in self._chain)
        if not self._chain or self._chain[-1] != key:
            self._chain.append(key)
        if not storable(key):
            logger.warning(
                "an object whose name no database holds is left alone", extra={"key": visible(key)}
            )
            return False
        return not (beside or is_folder_marker(key))
