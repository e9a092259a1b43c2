"""What the errors of an S3 store mean: one object's own failure, a login that ended, or an outage.

A refusal of one object must not stop its neighbours, and an outage must not be held against a document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from worker.errors import (
    ObjectArchived,
    ObjectDenied,
    ObjectError,
    ObjectFaulty,
    ObjectMissing,
    ObjectReplaced,
    ObjectUnreadable,
    StorageFault,
    StorageUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectRequestTypeDef,
        HeadObjectOutputTypeDef,
        HeadObjectRequestTypeDef,
    )

#: What an answer means: a failure of the object that was asked for, or the words for an outage.
Meaning = type[ObjectError] | str

_BUSY = "it asks for fewer requests"
_LOGIN = "it does not accept our login"
_AWAY = "it is away"

#: By the code of an error. What stands in no table is the object's failure with a status of 400 to 499.
CODES: Mapping[str, Meaning] = {
    # The object is not there: deleted, or its version is a delete marker (MethodNotAllowed).
    "NoSuchKey": ObjectMissing,
    "NoSuchVersion": ObjectMissing,
    "NoSuchBucket": ObjectMissing,
    "MethodNotAllowed": ObjectMissing,
    # A newer one has its key.
    "PreconditionFailed": ObjectReplaced,
    # It lies in an archive, and must be restored first.
    "InvalidObjectState": ObjectArchived,
    # It is not ours to read.
    "AccessDenied": ObjectDenied,
    # Its owner's key is needed (SSE-C), or the key that it is encrypted with is disabled or gone.
    "InvalidRequest": ObjectUnreadable,
    "KMS.DisabledException": ObjectUnreadable,
    "KMS.InvalidStateException": ObjectUnreadable,
    "KMS.NotFoundException": ObjectUnreadable,
    # Too many requests at once, or one that took too long.
    "SlowDown": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "KMS.ThrottlingException": _BUSY,
    "TooManyRequests": _BUSY,
    "TooManyRequestsException": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "BandwidthLimitExceeded": _BUSY,
    "RequestTimeout": _BUSY,
    "OperationAborted": _BUSY,
    # The login ended, or was never right: it holds for all objects.
    "ExpiredToken": _LOGIN,
    "ExpiredTokenException": _LOGIN,
    "TokenRefreshRequired": _LOGIN,
    "InvalidToken": _LOGIN,
    "InvalidAccessKeyId": _LOGIN,
    "InvalidClientTokenId": _LOGIN,
    "InvalidSecurity": _LOGIN,
    "SignatureDoesNotMatch": _LOGIN,
    "AuthFailure": _LOGIN,
    "AuthorizationHeaderMalformed": _LOGIN,
    "AccountProblem": _LOGIN,
    "AllAccessDisabled": _LOGIN,
    "NotSignedUp": _LOGIN,
    "RequestExpired": _LOGIN,
    "RequestTimeTooSkewed": _LOGIN,
}
#: By its status, where the code says nothing: answers to HEAD have no body.
STATUSES: Mapping[int, Meaning] = {
    401: _LOGIN,
    403: ObjectDenied,
    404: ObjectMissing,
    405: ObjectMissing,
    407: _LOGIN,
    408: _BUSY,
    409: _BUSY,
    410: ObjectMissing,
    412: ObjectReplaced,
    425: _BUSY,
    429: _BUSY,
}
#: Statuses of refusals whose reason only a body tells.
_UNTOLD = frozenset({400, 403})
#: Characters of a store's own sentence that are kept.
_LONGEST_SENTENCE = 200


def meaning_of(code: str, status: int) -> Meaning:
    """What an error says, by its code, else by its status."""
    known = CODES.get(code) or STATUSES.get(status)
    if known is not None:
        return known
    return ObjectUnreadable if 400 <= status < 500 else _AWAY


@contextmanager
def translated(key: str, *, refusals: Collection[type[ObjectError]] = (ObjectError,)) -> Iterator[None]:
    """Turns boto3's errors into an ObjectError or StorageUnavailable.

    `refusals` may be the object's own failure; of a bucket, or of what is ours, others are outages.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(key, error, tuple(refusals)) from error
    except FlexibleChecksumError as error:
        raise ObjectUnreadable(key, str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(key, str(error)) from error


@contextmanager
def translated_of(client: S3Client, bucket: str, key: str) -> Iterator[None]:
    """The same for a document: what holds for its whole bucket is an outage, not its failure.

    A fault of the store is the document's own failure where the store answers for the bucket.
    """
    try:
        with translated(key):
            yield
    except ObjectDenied:
        _check_bucket(client, bucket)
        raise
    except StorageFault as error:
        _check_bucket(client, bucket)
        raise ObjectFaulty(key, error.reason) from error


def _check_bucket(client: S3Client, bucket: str) -> None:
    with translated(bucket, refusals=()):
        client.head_bucket(Bucket=bucket)


def head(client: S3Client, **request: Unpack[HeadObjectRequestTypeDef]) -> HeadObjectOutputTypeDef:
    """What the store says of an object. A refusal of HEAD gives no reason: GET is asked for it."""
    try:
        return client.head_object(**request)
    except ClientError as error:
        if _status(error) in _UNTOLD:
            first_byte: GetObjectRequestTypeDef = {**request, "Range": "bytes=0-0"}
            client.get_object(**first_byte)["Body"].close()
        raise


def _ours(
    key: str, error: ClientError, refusals: tuple[type[ObjectError], ...]
) -> ObjectError | StorageUnavailable:
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    status = _status(error)
    meant = meaning_of(code, status)
    if isinstance(meant, str):
        fails = StorageFault if meant == _AWAY and status >= 500 else StorageUnavailable
        return fails(key, f"{meant} ({code or error})")
    if not issubclass(meant, refusals):
        return StorageUnavailable(key, code or str(error))
    if issubclass(meant, ObjectUnreadable):
        return meant(key, f"{code}: {told.get('Message', '')}"[:_LONGEST_SENTENCE])
    return meant(key)


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
