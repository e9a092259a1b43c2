"""Erase: a document or a signer leaves storage and database for good; a line says that it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import copies, erase
from db.base import Status
from db.engine import Sessions
from worker.errors import TransientError
from worker.steps.answers import write_again
from worker.steps.keys import document_folder, signer_folder
from worker.storage.port import Store

#: Documents that retention looks up at a time.
_BATCH = 500


class StillAtWork(TransientError):
    """A worker holds the document at this moment: it would write again what is erased now."""

    code = "still_at_work"

    def __init__(self, document_id: int) -> None:
        super().__init__(document_id)
        self.document_id = document_id

    def __str__(self) -> str:
        return f"a worker is at document {self.document_id}; erase it when that has ended"


@dataclass(frozen=True)
class Eraser:
    """Where things are erased, and who does it."""

    sessions: Sessions
    store: Store
    who: str

    def document(self, document_id: int) -> bool:
        """Erase a document; False when it is gone already. StillAtWork; StorageUnavailable.

        The objects go first and the rows last, in one transaction that holds the rows: what fails half-way
        is finished by the same call. The original in the intake bucket is its owner's to delete; it is not
        taken in again. Documents with the same bytes that shared the answer are read again, each for itself.
        Those that show the same ink keep the finding, but not where the ink was before.
        """
        with self.sessions() as session:
            # Before the lock, so as not to stand in a worker's way, and behind it, to be sure.
            _check_free(session, document_id)
            document = erase.lock(session, document_id)
            if document is None:
                return False
            _check_free(session, document_id)
            naming = copies.naming(session, document_id)
            objects = self.store.erase(document_folder(document_id))
            erase.erase_document(session, document, who=self.who, objects=objects)
            for other in naming:
                write_again(session, other, self.store)
        return True

    def signer(self, name: str) -> bool:
        """Erase a signer's references, and the name from every claim, verdict, hint and result JSON.

        False when the name stands nowhere. The documents stay, with their crops.
        """
        with self.sessions() as session:
            row = erase.signer(session, name)
            concerned = erase.naming(session, name)
            if row is None and not concerned:
                return False
            objects = 0 if row is None else self.store.erase(signer_folder(row.id))
            erase.erase_signer(session, name, None if row is None else row.id, who=self.who, objects=objects)
            for document_id in concerned:
                write_again(session, document_id, self.store)
        return True

    def expired(self, days: Mapping[Status, float]) -> Iterator[int]:
        """Ids of the documents whose retention is over, one that shares an answer before its original."""
        before: int | None = None
        while True:
            with self.sessions() as session:
                ids = erase.expired(session, days, limit=_BATCH, before=before)
            yield from ids
            if len(ids) < _BATCH:
                return
            before = ids[-1]


def _check_free(session: Session, document_id: int) -> None:
    if erase.in_hands(session, document_id):
        raise StillAtWork(document_id)
