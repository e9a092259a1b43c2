"""The bucket's listing as documents: every version where there are versions, else every object."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from db.documents import Object
from producer.sources.bucket import is_versioned
from producer.sources.filtering import DocumentFilter, OnUnstorable, warn_unstorable
from producer.sources.naming import size_of, version_of
from producer.sources.port import LISTING_PAGE
from producer.waiting import RetryPolicy, once
from worker.storage.s3_refusals import translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        ListObjectsV2OutputTypeDef,
        ListObjectsV2RequestTypeDef,
        ListObjectVersionsOutputTypeDef,
        ListObjectVersionsRequestTypeDef,
        ObjectTypeDef,
        ObjectVersionTypeDef,
    )


def list_pages(
    client: S3Client,
    bucket: str,
    prefix: str = "",
    *,
    size: int = LISTING_PAGE,
    call: RetryPolicy = once,
    on_unstorable: OnUnstorable = warn_unstorable,
) -> Iterator[list[Object]]:
    """Documents below the prefix in the order of their keys, in bounded memory. StorageUnavailable.

    They come by the page of the store's answers, so pages may be short or empty. Each request
    runs through `call`: one that waits outages out goes on where the listing was.
    """
    pages = _version_pages if call(lambda: is_versioned(client, bucket)) else _object_pages
    filtered = DocumentFilter(on_unstorable)
    for page in pages(client, bucket, prefix, size, call):
        yield [document for document in page if filtered.takes(document.key)]


def _object_pages(
    client: S3Client, bucket: str, prefix: str, size: int, call: RetryPolicy
) -> Iterator[list[Object]]:
    request: ListObjectsV2RequestTypeDef = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": size}
    while True:
        answer = call(partial(_list_objects, client, request))
        yield [_object(bucket, entry) for entry in answer.get("Contents", [])]
        if not answer.get("IsTruncated"):
            return
        request = {**request, "ContinuationToken": answer["NextContinuationToken"]}


def _version_pages(
    client: S3Client, bucket: str, prefix: str, size: int, call: RetryPolicy
) -> Iterator[list[Object]]:
    """Delete markers come in a list of their own, which nobody reads here."""
    request: ListObjectVersionsRequestTypeDef = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": size}
    while True:
        answer = call(partial(_list_versions, client, request))
        yield [_version(bucket, entry) for entry in answer.get("Versions", [])]
        if not answer.get("IsTruncated"):
            return
        request = _after(request, answer)


def _list_objects(client: S3Client, request: ListObjectsV2RequestTypeDef) -> ListObjectsV2OutputTypeDef:
    with translated(request["Bucket"], refusals=()):
        return client.list_objects_v2(**request)


def _list_versions(
    client: S3Client, request: ListObjectVersionsRequestTypeDef
) -> ListObjectVersionsOutputTypeDef:
    with translated(request["Bucket"], refusals=()):
        return client.list_object_versions(**request)


def _after(
    request: ListObjectVersionsRequestTypeDef, answer: ListObjectVersionsOutputTypeDef
) -> ListObjectVersionsRequestTypeDef:
    """The request of the page behind that answer; some stores name no version to go on from."""
    following: ListObjectVersionsRequestTypeDef = {**request, "KeyMarker": answer["NextKeyMarker"]}
    if marker := answer.get("NextVersionIdMarker"):
        following["VersionIdMarker"] = marker
    return following


def _object(bucket: str, entry: ObjectTypeDef) -> Object:
    return Object(bucket, entry["Key"], version_of(None, entry.get("ETag")) or "", size_of(entry.get("Size")))


def _version(bucket: str, entry: ObjectVersionTypeDef) -> Object:
    """A version "null" that a newer one covers is readable under that id only; else its ETag names it."""
    version_id = entry.get("VersionId")
    covered = version_id == "null" and not entry.get("IsLatest")
    version = "null" if covered else version_of(version_id, entry.get("ETag"))
    return Object(bucket, entry["Key"], version or "", size_of(entry.get("Size")))
