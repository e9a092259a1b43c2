"""S3-compatible stores, through boto3, whose errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, TypedDict

import boto3
from botocore.config import Config
from pydantic import SecretStr

from worker.errors import DocumentTooLarge, ObjectArchived, ObjectMissing, StorageUnavailable
from worker.settings import Storage
from worker.storage.port import Documents, Results
from worker.storage.s3_refusals import translated, translated_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

#: How one result can fail by itself; whatever else is refused in our own bucket is refused for all.
_RESULTS_FAIL = (ObjectMissing, ObjectArchived)


class S3Documents:
    """Documents in buckets of an S3-compatible store."""

    def __init__(self, client: S3Client) -> None:
        self.client = client

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read exactly the registered version; another one under the same key is another document."""
        with translated_of(self.client, bucket, key):
            answer = self.client.get_object(Bucket=bucket, Key=key, **precondition(version))
            return _body(key, answer, max_bytes)


class S3(S3Documents):
    """The same, with results in a bucket of their own."""

    def __init__(self, client: S3Client, results_bucket: str) -> None:
        super().__init__(client)
        self.results_bucket = results_bucket

    def put(self, key: str, data: bytes) -> None:
        """Write a result."""
        with translated(key, refusals=()):
            self.client.put_object(Bucket=self.results_bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read a result."""
        with translated(key, refusals=_RESULTS_FAIL):
            try:
                return _body(key, self.client.get_object(Bucket=self.results_bucket, Key=key))
            except self.client.exceptions.NoSuchBucket as error:
                # A bucket that is not there says nothing of the objects that were in it.
                raise StorageUnavailable(key, "NoSuchBucket") from error

    def keys(self, folder: str) -> Iterator[str]:
        """List the newest version of each."""
        with translated(folder, refusals=()):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.results_bucket, Prefix=folder
            )
            for page in pages:
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def erase(self, folder: str) -> int:
        """Remove every version, also where the bucket keeps them; one by one, as all stores can."""
        with translated(folder, refusals=()):
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.results_bucket, Prefix=folder
            )
            versions = [
                (entry["Key"], entry["VersionId"])
                for page in pages
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            for key, version in versions:
                self.client.delete_object(Bucket=self.results_bucket, Key=key, VersionId=version)
        return len({key for key, _ in versions})


def open_documents(settings: Storage) -> Documents:
    """The store of the settings, for documents in any of its buckets."""
    return S3Documents(_shared_client(settings))


def open_results(place: str, settings: Storage) -> Results:
    """The bucket that `s3://bucket` names, in the store of the settings."""
    return S3(_shared_client(settings), place.partition("/")[0])


@cache
def _shared_client(settings: Storage) -> S3Client:
    """One client, with its pool of connections, for all of a process."""
    return s3_client(settings)


def _body(key: str, answer: GetObjectOutputTypeDef, max_bytes: int | None = None) -> bytes:
    size = answer["ContentLength"]
    if max_bytes is not None and size > max_bytes:
        answer["Body"].close()
        raise DocumentTooLarge(f"{size} bytes are more than the limit of {max_bytes}")
    data = answer["Body"].read()
    if len(data) != size:
        raise StorageUnavailable(key, f"the body ended after {len(data)} of {size} bytes")
    return data


class Precondition(TypedDict, total=False):
    """What names a version in a request."""

    IfMatch: str
    VersionId: str


def precondition(version: str) -> Precondition:
    """A registered version is `etag:<ETag>` where the bucket keeps no versions, else the version id."""
    if version.startswith("etag:"):
        return {"IfMatch": f'"{version.removeprefix("etag:")}"'}
    return {"VersionId": version}


def s3_client(settings: Storage) -> S3Client:
    """A client with bounded waits; boto3's own retries smooth over short hiccups."""
    config = Config(
        connect_timeout=5,
        read_timeout=settings.s3_seconds,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
        s3={"addressing_style": "path" if settings.s3_endpoint else "auto"},
    )
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=_plain(settings.s3_access_key),
        aws_secret_access_key=_plain(settings.s3_secret_key),
        config=config,
    )
    _encrypt_at_rest(client, settings)
    return client


def _encrypt_at_rest(client: S3Client, settings: Storage) -> None:
    """Have every object that this client writes, wherever in the code, encrypted as the settings say."""
    wanted = {"ServerSideEncryption": settings.s3_sse, "SSEKMSKeyId": settings.s3_sse_key}
    headers = {name: value for name, value in wanted.items() if value}

    def add(params: dict[str, str], **_: object) -> None:
        params.update(headers)

    client.meta.events.register("provide-client-params.s3.PutObject", add)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
