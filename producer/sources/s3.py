"""Documents in a bucket of an S3-compatible store: `s3://bucket/prefix`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from db.documents import Object
from producer.sources import bucket
from producer.sources.filtering import OnUnstorable, warn_unstorable
from producer.sources.listing import list_pages
from producer.sources.notifications import configured
from producer.sources.port import LISTING_PAGE, NotificationSource, OfferedUpload, SourceSettings
from producer.waiting import RetryPolicy, once
from worker.errors import WrongUse
from worker.storage.s3 import s3_client
from worker.storage.stores import STORES

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Source:
    """The objects below a prefix of a bucket."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str = "",
        notifications: Sequence[NotificationSource] = (),
        public_endpoint: str | None = None,
    ) -> None:
        self.client, self.bucket, self.prefix = client, bucket, prefix
        self._public_endpoint = public_endpoint
        self._notifications = notifications

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self.bucket}/{self.prefix}"

    def check(self) -> None:
        """WrongUse when there is no such bucket or it is not ours to read."""
        bucket.check_bucket(self.client, self.bucket)

    def holds_results(self, results_url: str) -> bool:
        """Whether results go to the same bucket."""
        return results_url.startswith("s3://") and _place(results_url)[0] == self.bucket

    def list(
        self,
        *,
        size: int = LISTING_PAGE,
        call: RetryPolicy = once,
        settled: float = 0,
        on_unstorable: OnUnstorable = warn_unstorable,
    ) -> Iterator[Sequence[Object]]:
        """Every version where the bucket keeps them, else every object; an object appears whole."""
        return list_pages(
            self.client, self.bucket, self.prefix, size=size, call=call, on_unstorable=on_unstorable
        )

    def metadata(self, document: Object) -> Mapping[str, str]:
        """The object's metadata."""
        return bucket.metadata(self.client, document)

    def sidecar(self, document: Object) -> bytes | None:
        """The object with `.json` behind its key."""
        return bucket.sidecar(self.client, document)

    def exists(self, key: str) -> bool:
        """Whether there is an object under that key now."""
        return bucket.exists(self.client, self.bucket, key)

    def notifications(self) -> Sequence[NotificationSource]:
        """The queues of notifications that the settings name."""
        return self._notifications

    def upload(self, path: Path, key: str, *, signers: str = "", fresh: bool = False) -> Object:
        """Put a local file into the bucket, checked by its SHA-256 on arrival."""
        place = self.prefix + key
        return bucket.upload(self.client, path, bucket=self.bucket, key=place, signers=signers, fresh=fresh)

    def offer_upload(self, key: str, *, signers: str, max_bytes: int, seconds: int) -> OfferedUpload:
        """A presigned POST: the store itself holds it to key, claims, size and time."""
        fields = {"x-amz-meta-signer": signers} if signers else {}
        conditions: list[dict[str, str] | list[str | int]] = [dict([pair]) for pair in fields.items()]
        conditions.append(["content-length-range", 1, max_bytes])
        post = self.client.generate_presigned_post(
            self.bucket, self.prefix + key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
        )
        return OfferedUpload(_seen_from_outside(post["url"], self._public_endpoint), post["fields"])


def _seen_from_outside(url: str, endpoint: str | None) -> str:
    """The same address as others reach it; the signature of a POST does not name the host."""
    if endpoint is None:
        return url
    outside = urlsplit(endpoint)
    return urlsplit(url)._replace(scheme=outside.scheme, netloc=outside.netloc).geturl()


def open_source(url: str, settings: SourceSettings) -> S3Source:
    """The source of s3://bucket/prefix. WrongUse when it names no bucket, or one of another kind."""
    bucket_name, prefix = _place(url)
    notifications = configured(settings.intake, settings.broker, settings.storage)
    public = settings.storage.s3_public_endpoint
    return S3Source(s3_client(settings.storage), bucket_name, prefix, notifications, public)


def _place(url: str) -> tuple[str, str]:
    """Bucket and prefix."""
    name = urlsplit(url, allow_fragments=False).netloc
    if not name:
        raise WrongUse(f"{url!r} names no bucket; give s3://bucket/prefix")
    if name in STORES:
        raise WrongUse(f"a bucket cannot be called {name!r} here: documents of another kind of source are")
    return name, url.removeprefix(f"s3://{name}").removeprefix("/")
