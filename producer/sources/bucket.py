"""The intake bucket: what is asked of an S3-compatible store, with its errors as ours."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import ClientError

from db.documents import Object
from producer.claims import LARGEST_SIDECAR
from producer.sources.naming import SIDECAR_SUFFIX, version_of
from producer.waiting import insisting
from worker.errors import (
    ObjectDenied,
    ObjectError,
    ObjectMissing,
    ObjectReplaced,
    StorageUnavailable,
    WrongUse,
)
from worker.storage.s3 import precondition
from worker.storage.s3_refusals import head, translated, translated_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_UNSUPPORTED = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})
#: Metadata key of the digest that says whether an upload is the file that is there already.
_DIGEST = "sha256"


def check_bucket(client: S3Client, bucket: str) -> None:
    """WrongUse when there is no such bucket or it is not ours to read; StorageUnavailable in an outage."""
    try:
        with translated(bucket, refusals=(ObjectMissing, ObjectDenied)):
            client.head_bucket(Bucket=bucket)
    except ObjectMissing as error:
        raise WrongUse(f"there is no bucket {bucket!r}: create it, or name another") from error
    except ObjectDenied as error:
        raise WrongUse(f"no access to the bucket {bucket!r}: check the access key and its rights") from error


def metadata(client: S3Client, source: Object) -> Mapping[str, str]:
    """The metadata of exactly this version. ObjectError when the store does not show it."""

    def ask() -> Mapping[str, str]:
        with translated_of(client, source.bucket, source.key):
            answer = head(client, Bucket=source.bucket, Key=source.key, **precondition(source.version))
        return {name.lower(): value for name, value in answer["Metadata"].items()}

    return insisting(ask)


def exists(client: S3Client, bucket: str, key: str) -> bool:
    """Whether there is an object under that key now, readable or not."""

    def ask() -> None:
        with translated_of(client, bucket, key):
            head(client, Bucket=bucket, Key=key)

    try:
        insisting(ask)
    except ObjectError as error:
        return not isinstance(error, ObjectMissing)
    return True


def sidecar(client: S3Client, source: Object) -> bytes | None:
    """The object's sidecar, None when it has none; of a large one only enough to see that it is too large.

    ObjectError when there is one that the store does not hand out.
    """
    key = source.key + SIDECAR_SUFFIX

    def ask() -> bytes:
        with translated_of(client, source.bucket, key):
            answer = client.get_object(Bucket=source.bucket, Key=key)
            with answer["Body"] as body:
                return body.read(LARGEST_SIDECAR + 1)

    try:
        return insisting(ask)
    except ObjectMissing:
        return None


def upload(
    client: S3Client, path: Path, *, bucket: str, key: str, signers: str = "", fresh: bool = False
) -> Object:
    """Put a local file under that key, checked by its SHA-256 on arrival; `signers` becomes its metadata.

    The same bytes a second time are not sent again. WrongUse when the key holds another file and the bucket
    keeps no versions: that file may not have been read yet. Nothing can lie under a `fresh` key.
    """
    file = _File(path, key, _sha256(path), signers)
    if fresh:
        with translated(key, refusals=()):
            return _put(client, bucket, file, {})
    there = _there(client, bucket, file)
    if there is not None:
        return there
    condition: _Condition = {} if is_versioned(client, bucket) else {"IfNoneMatch": "*"}
    try:
        with translated(key, refusals=(ObjectReplaced,)):
            return _put(client, bucket, file, condition)
    except ObjectReplaced as error:  # the condition failed: somebody was faster
        raise _taken(key) from error


class _Condition(TypedDict, total=False):
    """What must hold for an upload to be taken."""

    IfNoneMatch: str


@dataclass(frozen=True, slots=True)
class _File:
    """A local file on its way into the bucket."""

    path: Path
    key: str
    sha256: bytes
    signers: str


def _there(client: S3Client, bucket: str, file: _File) -> Object | None:
    """The object when it is this file already, None when there is room for the file."""
    try:
        with translated(file.key):
            answer = head(client, Bucket=bucket, Key=file.key)
    except ObjectMissing:
        return None
    version = version_of(answer.get("VersionId"), answer["ETag"])
    if version is not None and answer["Metadata"].get(_DIGEST) == file.sha256.hex():
        return Object(bucket, file.key, version, answer["ContentLength"])
    if not is_versioned(client, bucket):
        raise _taken(file.key)
    return None


def _taken(key: str) -> WrongUse:
    return WrongUse(f"the bucket holds another file {key!r} already: give this one another name")


def _put(client: S3Client, bucket: str, file: _File, condition: _Condition) -> Object:
    with file.path.open("rb") as body:
        answer = client.put_object(
            Bucket=bucket,
            Key=file.key,
            Body=body,
            ChecksumSHA256=base64.b64encode(file.sha256).decode(),
            Metadata={_DIGEST: file.sha256.hex(), **({"signer": file.signers} if file.signers else {})},
            **condition,
        )
    version = version_of(answer.get("VersionId"), answer["ETag"])
    if version is None:
        raise StorageUnavailable(file.key, "the store named neither a version nor an ETag")
    return Object(bucket, file.key, version, file.path.stat().st_size)


def is_versioned(client: S3Client, bucket: str) -> bool:
    """Whether the bucket keeps versions, or once did. A store that does not know the question keeps none."""
    with translated(bucket, refusals=()):
        try:
            return "Status" in client.get_bucket_versioning(Bucket=bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _UNSUPPORTED:
                return False
            raise


def _sha256(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise WrongUse(f"cannot read {str(path)!r}: {error.strerror}") from error
