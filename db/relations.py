"""Conditions that several queries share: whose pages a document has, its newest answer, who a signer is."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func

from db.models import Document, DocumentAnswer, Signer

#: The id of the document whose pages were read: of one that shares another's answer, that other.
PAGES_OF = func.coalesce(Document.original_id, Document.id)
#: Joins a document with its current answer.
NEWEST_ANSWER = and_(DocumentAnswer.document_id == Document.id, DocumentAnswer.number == Document.answer)
#: A number with as many digits is no id: it is part of a digest, or of a name.
_ID_DIGITS = 10


def person_of(signer: type[Signer] = Signer) -> ColumnElement[int]:
    """The id of the person that a signer is: its own, or that of the signer into which it was merged."""
    return func.coalesce(signer.merged_into, signer.id)


def id_in(text: str) -> int | None:
    """The id that somebody means by this text; None where it can be none."""
    return int(text) if text.isdecimal() and len(text) < _ID_DIGITS else None
