"""S3-compatible stores, through boto3, whose errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from worker.errors import DocumentTooLarge, ObjectDenied, ObjectMissing, StorageUnavailable
from worker.settings import Storage
from worker.storage.port import Documents, Results

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef


class S3Documents:
    """Documents in buckets of an S3-compatible store."""

    def __init__(self, client: S3Client) -> None:
        self.client = client

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read exactly the registered version; another one under the same key is another document."""
        with translated(key):
            answer = self.client.get_object(Bucket=bucket, Key=key, **precondition(version))
            return _body(key, answer, max_bytes)


class S3(S3Documents):
    """The same, with results in a bucket of their own."""

    def __init__(self, client: S3Client, results_bucket: str) -> None:
        super().__init__(client)
        self.results_bucket = results_bucket

    def put(self, key: str, data: bytes) -> None:
        """Write a result."""
        with translated(key):
            self.client.put_object(Bucket=self.results_bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read a result."""
        # A bucket that is not there says nothing of the objects that were in it.
        with translated(key, missing=_MISSING - {"NoSuchBucket"}):
            return _body(key, self.client.get_object(Bucket=self.results_bucket, Key=key))

    def erase(self, folder: str) -> int:
        """Remove every version, also where the bucket keeps them; one by one, as all stores can."""
        with translated(folder):
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


#: What stores answer when there is no such object, or when a newer one replaced the version asked for.
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404", "PreconditionFailed", "412"})
_DENIED = frozenset({"403", "AccessDenied"})


class Precondition(TypedDict, total=False):
    """What names a version in a request."""

    IfMatch: str
    VersionId: str


def precondition(version: str) -> Precondition:
    """A registered version is `etag:<ETag>` where the bucket keeps no versions, else the version id."""
    if version.startswith("etag:"):
        return {"IfMatch": f'"{version.removeprefix("etag:")}"'}
    return {"VersionId": version}


@contextmanager
def translated(key: str, *, missing: frozenset[str] = _MISSING) -> Iterator[None]:
    """Turns boto3's errors into ObjectMissing, ObjectDenied or StorageUnavailable."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in missing:
            raise ObjectMissing(key) from error
        if code in _DENIED:
            raise ObjectDenied(key) from error
        raise StorageUnavailable(key, code or str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(key, str(error)) from error


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
