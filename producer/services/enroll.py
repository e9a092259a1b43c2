"""Signature images on file for a signer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pkgutil import resolve_name
from threading import Lock
from typing import TYPE_CHECKING

from db.engine import Sessions
from producer.services.progress import unheard
from producer.text import plain_name
from worker.admission import Admission
from worker.errors import UnusableReference, WrongUse
from worker.result import EnrolmentResult
from worker.storage.port import Store

if TYPE_CHECKING:
    from worker.enrolling import Enroller


@dataclass(frozen=True, slots=True)
class ImageEnrolled:
    """One image of a signature, by its name and the SHA-256 of its bytes.

    `new` is False when the same bytes were on file; `refused` says why it cannot be used, None when it can.
    `note` says what was done to it before it could serve.
    """

    image: str
    sha256: str
    new: bool = False
    refused: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SignerEnrolled:
    """What came of each image, and how all references of the signer stand now."""

    images: tuple[ImageEnrolled, ...]
    enrolment: EnrolmentResult

    @property
    def complete(self) -> bool:
        """Whether every image could be used."""
        return not any(image.refused for image in self.images)


#: Named, for it loads the models.
_ENROLLER = "worker.enrolling:open_enroller"


class OnlineEnroller:
    """The enroller of a process that serves: its models are loaded when somebody first enrolls."""

    def __init__(self, sessions: Sessions, store: Store) -> None:
        self._sessions, self._store = sessions, store
        self._lock = Lock()
        self._opened: Enroller | None = None

    def get(self) -> Enroller:
        """The same each time."""
        with self._lock:
            if self._opened is None:
                build: Callable[[Sessions, Store], Enroller] = resolve_name(_ENROLLER)
                self._opened = build(self._sessions, self._store)
            return self._opened


def checked_name(text: str) -> str:
    """The name as claims have it: trimmed and normalised, so that the two can meet. WrongUse."""
    try:
        return plain_name(text)
    except ValueError as error:
        raise WrongUse(f"{text!r} cannot be a signer's name: {error}") from error


def enroll_images(
    enroller: Enroller,
    signer: str,
    images: Iterable[tuple[str, bytes]],
    *,
    who: str | None = None,
    force: bool = False,
    on_image: Callable[[ImageEnrolled], None] = unheard,
) -> SignerEnrolled:
    """Put images, each a name and its bytes, on file and judge all references of the signer by each other.

    `who` stands in the signer's history. The same image twice counts once. An image that cannot be used is an
    event and hinders no other; one that is weak or shows several signatures is used with `force`. WrongUse
    for a name that cannot be one; StorageUnavailable.
    """
    name = checked_name(signer)
    admission = Admission.FORCED if force else Admission.GOOD
    outcomes = []
    for image, data in images:
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            enrolled = enroller.enroll(name, image, data, who=who, admission=admission)
            outcome = ImageEnrolled(image, sha256, new=enrolled.new, note=enrolled.note)
        except UnusableReference as error:
            outcome = ImageEnrolled(image, sha256, refused=str(error))
        outcomes.append(outcome)
        on_image(outcome)
    return SignerEnrolled(tuple(outcomes), enroller.judge(name))
