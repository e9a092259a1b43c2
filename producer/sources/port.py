"""What a source of documents must do: list, say what stands beside a document, and tell of new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from db.documents import Object
from producer.sources.filtering import OnUnstorable, warn_unstorable
from producer.waiting import RetryPolicy, once
from worker.settings import Broker, Intake, Storage

#: Documents that a listing gives at most at a time.
LISTING_PAGE = 1000


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What a source may need to know beside its URL."""

    intake: Intake
    storage: Storage
    broker: Broker


@dataclass(frozen=True, slots=True)
class Message:
    """One notification, and what acknowledges it."""

    body: str | bytes
    token: str | bytes


class NotificationSource(Protocol):
    """Where notifications of documents arrive. All may raise NotificationsUnavailable."""

    #: How logs call it.
    name: str

    def check(self) -> None:
        """WrongUse when it cannot be what was meant."""

    def receive(self, *, most: int, wait: float) -> list[Message]:
        """At most so many messages; waits up to `wait` seconds for the first."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Have these messages never delivered again."""


class Source(Protocol):
    """One place that documents come from: part of a bucket, or a folder.

    Raises StorageUnavailable when it does not answer, and an ObjectError for an object that it does not hand
    out: ObjectMissing when that version is no longer there, ObjectDenied when it is not ours to read.
    """

    @property
    def url(self) -> str:
        """What the place is called, for people."""

    @property
    def bucket(self) -> str:
        """What stands for it in documents' rows."""

    @property
    def prefix(self) -> str:
        """What the keys of its documents begin with."""

    def check(self) -> None:
        """WrongUse when there is no such place, or it is not ours to read."""

    def holds_results(self, results_url: str) -> bool:
        """Whether results that are kept there would come in again as documents."""

    def list(
        self,
        *,
        size: int = LISTING_PAGE,
        call: RetryPolicy = once,
        settled: float = 0,
        on_unstorable: OnUnstorable = warn_unstorable,
    ) -> Iterator[Sequence[Object]]:
        """Documents in the order of their keys, some at a time, in bounded memory; a page may be empty.

        What may still be written to is left out if it changed in the last `settled` seconds. Each request
        runs through `call`: one that waits outages out goes on where the listing was. Documents whose names
        no row can hold go to `on_unstorable` instead.
        """

    def metadata(self, document: Object) -> Mapping[str, str]:
        """What was given along with exactly this version, by lower-case names."""

    def sidecar(self, document: Object) -> bytes | None:
        """The file beside it, None without one; of a large one only enough to see that it is too large."""

    def exists(self, key: str) -> bool:
        """Whether there is something under that key now."""

    def notifications(self) -> Sequence[NotificationSource]:
        """Where it tells of new documents, beside its listing: none, one or several."""


@runtime_checkable
class UploadTarget(Source, Protocol):
    """A source that local files can be put into."""

    def upload(self, path: Path, key: str, *, signers: str = "", fresh: bool = False) -> Object:
        """Put a file under that key below the prefix; `signers` becomes its metadata.

        The same bytes a second time are not sent again. WrongUse when the name is taken by another file that
        may not have been read yet, or the file cannot be read. A `fresh` key was drawn for this file: nobody
        else can have it, so the store is not asked.
        """


@dataclass(frozen=True, slots=True)
class OfferedUpload:
    """Where somebody else may put one file: a form of these fields, with the file as the last, `file`."""

    url: str
    fields: Mapping[str, str]


@runtime_checkable
class UploadOffers(Source, Protocol):
    """A source that lets others put files into it, past this process."""

    def offer_upload(self, key: str, *, signers: str, max_bytes: int, seconds: int) -> OfferedUpload:
        """Let one file of at most so many bytes be put under that key below the prefix, for so long."""
