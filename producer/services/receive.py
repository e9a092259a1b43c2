"""Documents that come in one at a time, with an answer at once: their id.

What is asked for twice under one idempotency key happens once. A submission is a row before anything is
stored, and names its document when it has one.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Protocol

from db import access, deliveries, documents, events
from db.documents import NOTHING_SAID, Object, Particulars
from db.engine import Sessions
from db.states import ClaimSource, EventSource
from producer.claims import Claims, to_metadata
from producer.claims_table import ClaimsTable
from producer.services.browse import new_summary
from producer.services.claim_lookup import look_up
from producer.services.deps import IntakeDeps
from producer.services.keys import Caller
from producer.services.submit import upload_target
from producer.sources import configured_source
from producer.sources.port import UploadOffers
from producer.text import plain_name
from worker.errors import PermanentError, StorageUnavailable, TransientError, UnknownFormat, WrongUse
from worker.log import logger
from worker.outages import unavailable
from worker.rendering.formats import sniff
from worker.rendering.unknown_formats import describe_unknown
from worker.result.listing import DocumentSummary
from worker.settings import Reading
from worker.storage.files import LOCAL_BUCKET

__all__ = ["Particulars"]

#: A submission that nobody ended in this time was given up: its process has died.
ABANDONED = timedelta(minutes=5)
#: Bytes that say which format a document has, and signers that one may claim.
_HEAD, MOST_CLAIMS = 66_000, 20
#: Objects that are listed at a time to find one.
_VERSIONS = 10
#: What keys of documents begin with that came in over HTTP, and for how long one may be uploaded.
_UPLOADS, _OFFERED_SECONDS = "api/", 900
#: Characters of a file name that are kept.
_NAME_LENGTH = 80


class InProgress(TransientError):
    """The same is being submitted at this moment."""

    code = "in_progress"

    def __str__(self) -> str:
        return "the same is being submitted at this moment: ask again"


class OtherRequest(PermanentError):
    """The idempotency key was used for something else."""

    code = "idempotency_key_reused"

    def __str__(self) -> str:
        return "that idempotency key was used for another request"


@dataclass(frozen=True, slots=True)
class Received:
    """A file on this machine that is to become a document, or the address of one in the intake."""

    signers: tuple[str, ...]
    path: Path | None = None
    #: What the sender calls it.
    name: str = ""
    #: Address of an object in the intake, instead of a file.
    source: str | None = None
    #: An address that is told what became of it; checked by the caller.
    callback: str | None = None
    #: What is said of it; where that is nothing, what the object in the intake says.
    particulars: Particulars = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Offer:
    """A file may be put there by a form of these fields; `source` names it afterwards."""

    source: str
    url: str
    fields: Mapping[str, str]
    #: How long it may be used.
    seconds: int


class DocumentIntake(Protocol):
    """Where documents that come in are put, and what has them read."""

    @property
    def sessions(self) -> Sessions:
        """Transactions on the database of the documents."""

    def store(self, path: Path, name: str, *, signers: str) -> Object:
        """Keep a file under a name that no other has. StorageUnavailable."""

    def find(self, source: str, *, uploads_only: bool = False) -> Object:
        """The object of that address. WrongUse when it is none of the intake, or none that was uploaded."""

    def said_by(self, source: Object) -> Claims:
        """What the object says of itself, where the request says nothing."""

    def offer(self, name: str, signers: Sequence[str]) -> Offer:
        """Let a file be uploaded past this process. WrongUse where that cannot be."""

    def send(self, document_id: int) -> None:
        """Have a document read."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A document that was taken in; one that was known, or was sent before, has no summary here."""

    id: int
    new: DocumentSummary | None = None


def receive(
    received: Received, intake: DocumentIntake, caller: Caller, *, idempotency_key: str | None = None
) -> Taken:
    """Take a document in.

    WrongUse, UnknownFormat and StorageUnavailable leave nothing behind: the same may be asked for again.
    InProgress while the same is at work; OtherRequest for another request under the same key.
    """
    checked = _checked(received)
    if idempotency_key is None:
        taken = _register(checked, intake, caller)
    else:
        begun = _begin(checked, intake.sessions, caller, idempotency_key)
        if begun.document_id is not None:
            return Taken(begun.document_id)
        try:
            taken = _register(checked, intake, caller, begun.id)
        except BaseException:  # whatever ends it: the key is free again, and the error goes on
            with intake.sessions() as session:
                access.give_up_submission(session, begun.id)
            raise
    try:
        intake.send(taken.id)
    except unavailable() as error:
        logger.warning("a document waits for the sweep to send it", extra={"reason": str(error)})
    return taken


def safe_name(name: str) -> str:
    """The last part of a file's name, in characters that no store and no path takes for something else."""
    plain = unicodedata.normalize("NFKD", name.replace("\\", "/").rpartition("/")[2])
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-")
    return kept[-_NAME_LENGTH:] or "document"


@dataclass(frozen=True)
class BucketIntake:
    """The intake bucket of the queued form."""

    deps: IntakeDeps

    @property
    def sessions(self) -> Sessions:
        """Transactions on the configured database."""
        return self.deps.sessions

    def store(self, path: Path, name: str, *, signers: str) -> Object:
        """Upload, checked by its digest on arrival; the claims travel along, for a watcher that is faster."""
        return upload_target(self.deps).upload(path, _new_key(name), signers=signers, fresh=True)

    def offer(self, name: str, signers: Sequence[str]) -> Offer:
        """A form of the store's own; whoever names the key, which cannot be guessed, has uploaded it."""
        source = self.deps.source
        if not isinstance(source, UploadOffers):
            raise WrongUse(f"files cannot be uploaded to {source.url}: send them with the request")
        key, (_, claims) = _new_key(safe_name(name)), _claims(signers)
        form = source.offer_upload(
            key, signers=claims, max_bytes=Reading().max_bytes, seconds=_OFFERED_SECONDS
        )
        return Offer(source.url + key, form.url, form.fields, _OFFERED_SECONDS)

    def find(self, source: str, *, uploads_only: bool = False) -> Object:
        """An object below the intake's own address; no other address is ever asked."""
        url = self.deps.source.url
        if uploads_only and not source.startswith(url + _UPLOADS):
            raise WrongUse(f"{source!r} is no upload: a key for its own documents sends them itself")
        if not source.startswith(url) or source == url:
            raise WrongUse(f"{source!r} is not in the intake: give an address below {url}")
        key = self.deps.source.prefix + source.removeprefix(url)
        # Stores list the newest version of a key first.
        listed = chain.from_iterable(configured_source(source).list(size=_VERSIONS))
        there = next((row for row in listed if row.key == key), None)
        if there is None:
            raise WrongUse(f"there is no object {source!r}")
        return there

    def said_by(self, source: Object) -> Claims:
        """What a watcher would find: in its metadata, beside it, in its key. ObjectError."""
        return look_up(source, self.deps, ClaimsTable())

    def send(self, document_id: int) -> None:
        """Send it to its first stage."""
        self.deps.send(document_id)


@dataclass(frozen=True)
class FolderIntake:
    """A results folder: files are kept in it, and read by this process."""

    root: Path
    sessions: Sessions
    #: Has a document read, by its id; answers at once.
    start: Callable[[int], None]

    def store(self, path: Path, name: str, *, signers: str) -> Object:
        """Copy the file; its version is its digest, as a run has it. StorageUnavailable."""
        data = path.read_bytes()
        target = self.root / "received" / f"{secrets.token_hex(8)}-{name}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        except OSError as error:
            raise StorageUnavailable(name, error.strerror or str(error)) from error
        return Object(LOCAL_BUCKET, str(target), f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))

    def find(self, source: str, *, uploads_only: bool = False) -> Object:
        """There is no intake with addresses here."""
        raise WrongUse(f"{source!r}: a results folder takes files only")

    def offer(self, name: str, signers: Sequence[str]) -> Offer:
        """There is no store that others could reach."""
        raise WrongUse("a results folder takes no uploads past it: send the file with the request")

    def said_by(self, source: Object) -> Claims:
        """There is no intake with addresses here."""
        raise WrongUse(f"{source.key!r}: a results folder takes files only")

    def send(self, document_id: int) -> None:
        """Have it read by this process."""
        self.start(document_id)


def _checked(received: Received) -> Received:
    signers, _ = _claims(received.signers)
    if (received.path is None) == (received.source is None):
        raise WrongUse("send a file, or the address of one in the intake; one of the two")
    if received.path is not None:
        with received.path.open("rb") as file:
            head = file.read(_HEAD)
        if sniff(head) is None:
            raise UnknownFormat(describe_unknown(head))
    return replace(received, signers=signers, name=safe_name(received.name))


@dataclass(frozen=True, slots=True)
class _Begun:
    """A submission under a key, and the document that has come of it."""

    id: int
    document_id: int | None = None


def _begin(received: Received, sessions: Sessions, caller: Caller, key: str) -> _Begun:
    digest = _digest(received)
    with sessions() as session:
        begun = access.begin_submission(
            session,
            submitter=caller.submitter,
            idempotency_key=key,
            digest=digest,
            callback=received.callback,
        )
        if begun is not None:
            return _Begun(begun)
        earlier = access.submission(session, caller.submitter, key)
        if earlier.digest != digest:
            raise OtherRequest
        taken = earlier.document_id is None and access.take_over_submission(
            session, earlier.id, older_than=ABANDONED
        )
        if earlier.document_id is None and not taken:
            raise InProgress
        return _Begun(earlier.id, earlier.document_id)


def _digest(received: Received) -> str:
    """Of all that was asked for: another file, name or claim is another request."""
    facts: dict[str, object] = {"signers": received.signers, "name": received.name, "source": received.source}
    facts |= {"callback": received.callback} if received.callback else {}
    facts |= {} if received.particulars == NOTHING_SAID else {"particulars": asdict(received.particulars)}
    digest = hashlib.sha256(json.dumps(facts).encode())
    if received.path is not None:
        with received.path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _register(
    received: Received, intake: DocumentIntake, caller: Caller, submission_id: int | None = None
) -> Taken:
    claims: Mapping[str, ClaimSource] = dict.fromkeys(received.signers, ClaimSource.FILE)
    particulars = received.particulars
    if received.path is None:
        source = intake.find(received.source or "", uploads_only=caller.own_only)
        if not claims or particulars == NOTHING_SAID:
            found_there = intake.said_by(source)
            claims = claims or found_there.signers
            particulars = found_there.particulars if particulars == NOTHING_SAID else particulars
    else:
        source = intake.store(received.path, received.name, signers=_claims(received.signers)[1])
    digest = _digest(received)
    with intake.sessions() as session:
        document_id, at = documents.register_at(session, source, claims, particulars)
        if at is not None:
            events.record(session, document_id, EventSource.INTAKE, "registered", who=caller.name)
        if submission_id is not None:
            access.end_submission(session, submission_id, document_id)
        else:
            access.note_submission(
                session,
                submitter=caller.submitter,
                document_id=document_id,
                digest=digest,
                callback=received.callback,
            )
        document = documents.lock(session, document_id) if received.callback else None
        if document is not None:
            deliveries.write_callback(session, document, holder=caller.submitter)
    new = None if at is None else new_summary(document_id, source, claims, particulars, at=at)
    return Taken(document_id, new)


def _claims(names: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The names as claims have them, and as metadata of an object. WrongUse."""
    try:
        signers = tuple(dict.fromkeys(plain_name(name) for name in names))
    except ValueError as error:
        raise WrongUse(f"a claim that is no name: {error}") from error
    if len(signers) > MOST_CLAIMS:
        raise WrongUse(f"a document may claim at most {MOST_CLAIMS} signers")
    return signers, to_metadata(list(signers)) if signers else ""


def _new_key(name: str) -> str:
    """A key for a document of that safe name that nobody can guess."""
    return f"{_UPLOADS}{secrets.token_hex(16)}/{name}"
