"""Documents by what people call them: an id, a key or its end, a SHA-256, a task id."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from db import documents
from worker.errors import WrongUse

#: The largest number that an id can be.
LARGEST_ID = 2**63 - 1


def checked_number(number: int, option: str) -> int:
    """The number that was given with this option. WrongUse when no column holds it."""
    if abs(number) > LARGEST_ID:
        raise WrongUse(f"{option} {number} is beyond all ids; the largest is {LARGEST_ID}")
    return number


def find_all(session: Session, names: Iterable[str]) -> list[int]:
    """Ids of all documents that the names mean, each once, newest first for each name.

    WrongUse when a name means none.
    """
    return list(dict.fromkeys(document_id for name in names for document_id in _named(session, name)))


def find_one(session: Session, name: str) -> int:
    """The id of the one document of that name. WrongUse when there is none, or several. As `find_only`."""
    ids = find_only(session, name)
    if not ids:
        raise _unknown(name)
    return ids[0]


def find_only(session: Session, name: str) -> list[int]:
    """The id of the one document of that name, or nothing. WrongUse when there are several.

    A number is an id and nothing else: what cannot be undone must not meet a document that is called so.
    """
    ids = [
        document.id
        for document in documents.find(session, name)
        if not name.isdecimal() or document.id == int(name)
    ]
    if len(ids) > 1:
        raise WrongUse(f"{name!r} names the documents {', '.join(map(str, ids))}: give an id")
    return ids


def _named(session: Session, name: str) -> list[int]:
    ids = [document.id for document in documents.find(session, name)]
    if not ids:
        raise _unknown(name)
    return ids


def _unknown(name: str) -> WrongUse:
    return WrongUse(f"there is no document {name!r}; give an id, a key, a SHA-256 or a task id")
