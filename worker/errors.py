"""The failures that are raised on purpose, and the reason codes of what ends without one.

ServiceError
    TransientError                  another attempt may succeed
        StorageUnavailable
            StorageFault            it failed on this one request
        NotificationsUnavailable    no news of documents just now; a listing finds them all the same
        BrokerUnavailable           the queues cannot be reached; the sweep sends what could not be sent
        ObjectError                 the store refuses one object, and serves its neighbours
            ObjectMissing           there is no such object (yet)
                ObjectReplaced      another one is there now
            ObjectDenied            it is not ours to read (yet)
            ObjectArchived          it must be restored from an archive first
            ObjectUnreadable        the store has it and cannot hand it out
                ObjectFaulty        it fails on this one, and answers for the bucket
    PermanentError                  the same input will fail the same way
        DocumentError               the whole document cannot be read
            EmptyDocument, UnknownFormat, UnreadableDocument, EncryptedDocument,
            DocumentTooLarge, TooManyPages, IncompleteDocument, PortfolioDocument
        PageError                   one page cannot be read; its neighbours can
            UnreadablePage, PageTooLarge, PageTimeout, UndetectablePage
        DamagedImage                a stored picture that cannot be decoded any more
        DamagedReference            a reference on file whose picture cannot be read any more
        DamagedCrop                 a region whose crop cannot be read any more; its neighbours can
        DamagedResult               a stored answer that is not the one that was written
        UnusableReference           a reference image that cannot be enrolled
        WeightsError                weights that are missing or have another digest
        WrongUse                    what the user asked for cannot be done

Services and front doors add failures of their own beside their use cases, below the same two classes. The
code of a class is stable: it stands in rows, in exports and in customers' rules. `docs/result.md` has all of
them, written from the docstrings by `python -m deploy.reason_reference`.
"""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Self


class EndReason(StrEnum):
    """Reason codes that no error carries: how a document or a comparison ended all the same."""

    meaning: str

    TOO_MANY_DELIVERIES = "too_many_deliveries", "A stage was begun again and again and never closed"
    DUPLICATE_SKIPPED = "duplicate_skipped", "The bytes of an earlier document, where the setting says `skip`"
    CANCELLED = "cancelled", "Somebody gave the document up"
    UNUSABLE_IMAGE = "unusable_image", "An image cannot be read, or shows too little to compare"

    def __new__(cls, code: str, meaning: str) -> EndReason:
        """The code itself, with what happened."""
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.meaning = meaning
        return reason


class ServiceError(Exception):
    """Base of all failures raised on purpose."""

    #: Stable reason code, written to rows and exports.
    code = "service_error"

    @classmethod
    def code_meaning(cls) -> str:
        """What its code stands for: the first paragraph of its docstring, without the full stop."""
        return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split()).rstrip(".")

    @classmethod
    def coded(cls) -> list[type[Self]]:
        """The loaded classes below this one that have a code of their own, each before those below it."""
        families = [(kind, *kind.coded()) for kind in cls.__subclasses__()]
        return [kind for family in families for kind in family if "code" in vars(kind)]


class TransientError(ServiceError):
    """Another attempt may succeed."""

    code = "transient"


class StorageUnavailable(TransientError):
    """The object store did not answer, or answered with a fault of its own."""

    code = "storage_unavailable"

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key, reason)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return f"storage did not serve {self.key!r}: {self.reason}"


class StorageFault(StorageUnavailable):
    """The object store answered this request with a status of 500 or more, and no word of being busy."""


class BrokerUnavailable(TransientError):
    """The queues did not take a message; its row is committed, and the sweep sends it."""

    code = "broker_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the queues cannot be reached: {self.reason}"


class NotificationsUnavailable(TransientError):
    """Where notifications arrive did not answer; the listing finds what they would have told."""

    code = "notifications_unavailable"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name} did not answer: {self.reason}"


class ObjectError(TransientError):
    """The store refuses one object, though it may serve its neighbours: never an outage."""

    code = "object_error"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class ObjectMissing(ObjectError):
    """The store has no such object; a notification may have overtaken it."""

    code = "object_missing"

    def __str__(self) -> str:
        return f"there is no object {self.key!r}"


class ObjectReplaced(ObjectMissing):
    """The registered version is no longer there: another one has its key, and is another document."""

    code = "object_replaced"

    def __str__(self) -> str:
        return f"another object has replaced {self.key!r}"


class ObjectDenied(ObjectError):
    """The store refuses this object to us, and serves its neighbours; rights can be granted."""

    code = "object_denied"

    def __str__(self) -> str:
        return f"the store refuses access to {self.key!r}"


class ObjectArchived(ObjectError):
    """The object lies in an archive of the store: restore it, which takes hours, then retry."""

    code = "object_archived"

    def __str__(self) -> str:
        return f"{self.key!r} lies in an archive of the store: restore it, then retry"


class ObjectUnreadable(ObjectError):
    """The store has the object and cannot hand it out: its key is its owner's, disabled or gone."""

    code = "object_unreadable"

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key)
        self.args = (key, reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the store cannot hand out {self.key!r}: {self.reason}"


class ObjectFaulty(ObjectUnreadable):
    """The store fails on this object while it answers for its bucket; what passes by is tried again."""


class PermanentError(ServiceError):
    """The same input will fail the same way."""

    code = "permanent"


class DocumentError(PermanentError):
    """The document as a whole cannot be read."""

    code = "document_error"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class EmptyDocument(DocumentError):
    """The file has no bytes, or is a sound PDF without pages."""

    code = "empty_document"


class UnknownFormat(DocumentError):
    """The bytes are of no format that this service reads; HEIC takes the extra `heic`."""

    code = "unknown_format"


class UnreadableDocument(DocumentError):
    """The format is known but the bytes are damaged beyond reading."""

    code = "unreadable_document"


class EncryptedDocument(DocumentError):
    """The document asks for a password."""

    code = "encrypted_document"


class IncompleteDocument(DocumentError):
    """The file ends before its end; the rest was read. Unless that shows a signature, `signed` is null."""

    code = "incomplete_document"

    def __init__(
        self, reason: str = "the file was cut off: what its end held is missing; send it again"
    ) -> None:
        super().__init__(reason)


class PortfolioDocument(DocumentError):
    """The PDF is a portfolio; its files are the documents. Unless its cover is signed, `signed` is null."""

    code = "portfolio"

    def __init__(
        self, reason: str = "the PDF is a portfolio; take the files out of it and send them themselves"
    ) -> None:
        super().__init__(reason)


class DocumentTooLarge(DocumentError):
    """More bytes than the limit."""

    code = "document_too_large"


class TooManyPages(DocumentError):
    """More pages than the limit."""

    code = "too_many_pages"


class PageError(PermanentError):
    """One page cannot be read; the others of its document can."""

    code = "page_error"

    def __init__(self, page: int, reason: str) -> None:
        super().__init__(page, reason)
        self.page = page
        self.reason = reason

    def __str__(self) -> str:
        return f"page {self.page + 1}: {self.reason}"


class UnreadablePage(PageError):
    """The page is damaged."""

    code = "unreadable_page"


class PageTooLarge(PageError):
    """The page would have more pixels than the limit."""

    code = "page_too_large"


class UndetectablePage(PageError):
    """The detector fails on this page and on none of its neighbours."""

    code = "undetectable_page"


class PageTimeout(PageError):
    """The page took longer to render than the limit."""

    code = "page_timeout"


class DamagedImage(PermanentError):
    """A stored picture that cannot be decoded any more; whoever asked for it knows what it shows."""

    code = "damaged_image"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"a stored picture is damaged: {self.reason}"


class DamagedReference(PermanentError):
    """A reference on file whose stored picture cannot be read any more: enroll it again."""

    code = "damaged_reference"

    def __init__(self, signer: str, number: int, reason: str) -> None:
        super().__init__(signer, number, reason)
        self.signer = signer
        #: Its number among the signer's, from 1 in the order of enrolment.
        self.number = number
        self.reason = reason

    def __str__(self) -> str:
        return f"reference {self.number} of {self.signer!r} is damaged in storage: {self.reason}"


class DamagedCrop(PermanentError):
    """A region whose stored crop cannot be read any more: it gets no verdict, the document is `partial`."""

    code = "damaged_crop"

    def __init__(self, page: int, region: int, reason: str) -> None:
        super().__init__(page, region, reason)
        self.page = page
        self.region = region
        self.reason = reason

    def __str__(self) -> str:
        place = f"page {self.page + 1}, region {self.region + 1}"
        return f"{place}: the crop is damaged in storage: {self.reason}"


class DamagedResult(PermanentError):
    """A stored answer is not the one that was written: its bytes have another digest than its row says."""

    code = "damaged_result"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"{self.key} is not the answer that was written there; see the versions of this object"


class UnusableReference(PermanentError):
    """A reference image that cannot be enrolled: unreadable, blank or too small."""

    code = "unusable_reference"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot use {self.name!r} as a signature image: {self.reason}"


class WeightsError(PermanentError):
    """A weights file that is missing or whose digest is not the catalogue's."""

    code = "weights_error"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"weights {self.name!r}: {self.reason}"


class WrongUse(PermanentError):
    """The user asked for something that cannot be done; the sentence says what to do instead."""

    code = "wrong_use"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message
