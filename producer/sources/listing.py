"""The bucket's listing as documents: every version where there are versions, else every object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from db.documents import Object
from producer.outages import Caller, once
from producer.sources.bucket import is_versioned
from producer.sources.filtering import DocumentFilter
from producer.sources.naming import size_of, version_of
from producer.sources.port import PAGE
from worker.storage.s3 import translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


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
    filtered = DocumentFilter()
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
