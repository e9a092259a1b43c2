"""The result JSON in storage, written again when the rows of a document with an answer change."""

from __future__ import annotations

from sqlalchemy.orm import Session

from db import documents
from worker.result.rows import document_result
from worker.storage.port import Store


def write_again(session: Session, document_id: int, store: Store) -> None:
    """Write a document's result JSON as its rows have it now; nothing without an answer of its own."""
    document = documents.get(session, document_id)
    if document.result_key is not None and document.original_id is None:
        session.expire_all()
        store.put(document.result_key, document_result(session, document_id).json_line().encode())
