"""Object storage: S3 through boto3, or a folder. The only importer of boto3 in the workers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from worker.errors import DocumentTooLarge, ObjectDenied, ObjectMissing, StorageUnavailable
from worker.settings import Storage
from worker.storage.files import path_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class Store(Protocol):
    """Bytes under keys. A second `put` of a key replaces the first."""

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """The bytes of a document. DocumentTooLarge before reading more than `max_bytes`; ObjectMissing."""

    def put(self, key: str, data: bytes) -> None:
        """Keep a result."""

    def get(self, key: str) -> bytes:
        """A result. ObjectMissing when there is none."""

    def erase(self, prefix: str) -> int:
        """Remove all results whose keys begin so, for good; answer how many. A second time removes none."""


class Folder:
    """Results in a folder; documents are read from the paths that are their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read a local file; `bucket` and `version` say nothing here."""
        path = path_of(key)
        try:
            if path.stat().st_size > max_bytes:
                raise DocumentTooLarge(f"{path.stat().st_size} bytes are more than the limit of {max_bytes}")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(key) from error
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error

    def put(self, key: str, data: bytes) -> None:
        """Write through a temporary file, so that a reader never sees half of it."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error

    def get(self, key: str) -> bytes:
        """Read a result."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(key) from error

    def erase(self, prefix: str) -> int:
        """Remove the folder of that name."""
        folder = self.path(prefix)
        found = sum(path.is_file() for path in folder.rglob("*"))
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StorageUnavailable(prefix, str(error)) from error
        return found

    def path(self, key: str) -> Path:
        """Where a result lies."""
        return self.root / key


class S3:
    """An S3-compatible store: documents in the intake bucket, results in a bucket of their own."""

    def __init__(self, client: S3Client, results_bucket: str) -> None:
        self.client = client
        self.results_bucket = results_bucket

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read exactly the registered version; another one under the same key is another document."""
        wanted = _precondition(version)
        return self._read(key, max_bytes, Bucket=bucket, Key=key, **wanted)

    def put(self, key: str, data: bytes) -> None:
        """Write a result."""
        with translated(key):
            self.client.put_object(Bucket=self.results_bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read a result."""
        return self._read(key, None, Bucket=self.results_bucket, Key=key)

    def erase(self, prefix: str) -> int:
        """Remove every version, also where the bucket keeps them; one by one, as all stores can."""
        with translated(prefix):
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.results_bucket, Prefix=prefix
            )
            found = [
                (one["Key"], one["VersionId"])
                for page in pages
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            for key, version in found:
                self.client.delete_object(Bucket=self.results_bucket, Key=key, VersionId=version)
        return len({key for key, _ in found})

    def _read(self, key: str, max_bytes: int | None, **request: Any) -> bytes:
        with translated(key):
            answer = self.client.get_object(**request)
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


def _precondition(version: str) -> dict[str, str]:
    """A registered version is `etag:<ETag>` where the bucket keeps no versions, else the version id."""
    if version.startswith("etag:"):
        return {"IfMatch": f'"{version.removeprefix("etag:")}"'}
    return {"VersionId": version}


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Turns boto3's errors into ObjectMissing, ObjectDenied or StorageUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - `run` works without boto3

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            raise ObjectMissing(key) from error
        if code in _DENIED:
            raise ObjectDenied(key) from error
        raise StorageUnavailable(key, code or str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(key, str(error)) from error


def s3_client(settings: Storage) -> S3Client:
    """A client with bounded waits; boto3's own retries smooth over short hiccups."""
    import boto3  # noqa: PLC0415 - `run` works without the queue extra
    from botocore.config import Config  # noqa: PLC0415

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

    def add(params: dict[str, Any], **_: Any) -> None:
        params.update(headers)

    client.meta.events.register("provide-client-params.s3.PutObject", add)


def _plain(secret: Any) -> str | None:
    return None if secret is None else str(secret.get_secret_value())
