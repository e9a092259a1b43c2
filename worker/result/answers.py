"""The results of answers in storage: each in an object of its own, whose key carries its number and content.

So no writer, however late, can replace an answer: what says another thing has another key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import JsonValue
from sqlalchemy.orm import Session

from db import answers, documents
from db.answers import Asked, Given
from db.engine import Sessions
from db.models import Document, DocumentAnswer
from db.states import Status
from db.writes import Values
from worker.errors import DamagedResult
from worker.result.base import OCCASION, ResultModel
from worker.result.document import ClaimResult, DocumentResult
from worker.result.marks import mark_rows
from worker.result.rows import document_result
from worker.storage.keys import answer_key, document_folder
from worker.storage.port import Results, Store

Model = TypeVar("Model", bound=ResultModel)


def give(result: DocumentResult, store: Results, *, versions_id: int | None = None) -> Given:
    """Put an answer's result into the store; what its row says."""
    key, sha256 = _put(store, result, document_id=result.id, number=result.answer or 0)
    return Given(
        status=result.status,
        signed=result.signed,
        reason=result.reason,
        detail=result.detail,
        result_key=key,
        result_sha256=sha256,
        versions_id=versions_id,
        claims=claim_rows(result),
        marks=mark_rows(result),
        at=result.answered_at,
    )


def revise(session: Session, document_id: int, store: Store, asked: Asked, *, redacted: bool = False) -> bool:
    """Give a document with an answer another one when its rows say another thing by now.

    False when they do not, or when it has no answer of its own. An answer that was `redacted` says the same
    as the rows; whoever has read it must hear of it, so another is given. The row is held until the
    transaction ends: an answer that is being written right now waits, or is there already.
    """
    document = documents.lock(session, document_id)
    newest = answers.newest_answer(session, document_id)
    if document is None or newest is None or document.result_key is None or document.original_id is not None:
        return False
    session.expire_all()
    result = document_result(session, document_id)
    if not redacted and _says(read_answer(document, newest, store)) == _says(result):
        return False
    occasion = {"answer": newest.number + 1, "cause": asked.cause, "asked_by": asked.who}
    given = give(result.model_copy(update=occasion), store, versions_id=newest.versions_id)
    documents.answer_again(session, document_id, replace(given, at=None), asked)
    return True


def read_answer(document: Document, answer: DocumentAnswer, store: Results) -> DocumentResult:
    """What an answer said when it was given.

    DamagedResult when the stored object is not the one that was written; ObjectMissing; StorageUnavailable.
    """
    if answer.result_key is None:
        return _unread(document, answer)
    data = store.get(answer.result_key)
    if answer.result_sha256 not in (None, hashlib.sha256(data).hexdigest()):
        raise DamagedResult(answer.result_key)
    shared = answer.result_key != document.result_key or document.original_id is not None
    update = _identity(document) if shared else {}
    return DocumentResult.model_validate_json(data).model_copy(update={**update, **_occasion(answer)})


def every_answer(session: Session, document_id: int, store: Results) -> Iterator[DocumentResult]:
    """What each answer of a document said when it was given, oldest first. As `read_answer`."""
    document = documents.get(session, document_id)
    return (read_answer(document, answer, store) for answer in answers.of_document(session, document_id))


def without_name(session: Session, document_id: int, signer: str, store: Store) -> bool:
    """Take a signer out of every stored answer of a document; whether one named them.

    The objects before that are discarded.
    """
    document = documents.get(session, document_id)
    named = False
    for answer in _with_objects(session, document):
        result = read_answer(document, answer, store)
        redacted = without_signer(result, signer)
        if redacted != result:
            answers.discard(session, answer.result_key or "")
            _move(session, document, answer, store, redacted)
            named = True
    return named


def take_home(session: Session, document_id: int, store: Store) -> None:
    """Put the results that a document shared into objects of its own: the other's are about to be erased."""
    document = documents.get(session, document_id)
    for answer in _with_objects(session, document):
        if not (answer.result_key or "").startswith(document_folder(document_id)):
            _move(session, document, answer, store, read_answer(document, answer, store))


def clear_discarded(sessions: Sessions, store: Results) -> int:
    """Erase the objects that were discarded, once that is committed; how many. Again after a failure."""
    with sessions() as session:
        keys = answers.discarded(session)
        for key in keys:
            store.erase(f"{key.rpartition('/')[0]}/")
        answers.forget_discarded(session, keys)
    return len(keys)


def without_signer(result: DocumentResult, name: str) -> DocumentResult:
    """The result without a word of that signer: without whatever has that name as its `signer`."""
    return _redacted(result, name)


def _redacted(model: Model, name: str) -> Model:
    # Only what was said: a field that is set, be it to nothing, is written where an older release had none.
    kept = {field: _kept(getattr(model, field), name) for field in model.model_fields_set}
    return model.model_copy(update=kept)


def _kept(value: object, name: str) -> object:
    if isinstance(value, tuple):
        return tuple(_kept(part, name) for part in value if getattr(part, "signer", None) != name)
    return _redacted(value, name) if isinstance(value, ResultModel) else value


def _says(result: DocumentResult) -> dict[str, JsonValue]:
    """What a result says, copies included, without when it was given and how long it took.

    Nor what more references would bring: an older release did not say so of the same verdicts.
    """
    occasion = DocumentResult.marked(OCCASION)
    verdicts = tuple(verdict.model_copy(update={"outlook": None}) for verdict in result.verdicts)
    written = result.model_copy(update={"verdicts": verdicts}).json_object()
    return {name: value for name, value in written.items() if name not in occasion}


def _with_objects(session: Session, document: Document) -> Sequence[DocumentAnswer]:
    rows = answers.of_document(session, document.id)
    return [answer for answer in rows if answer.result_key is not None]


def _move(
    session: Session, document: Document, answer: DocumentAnswer, store: Store, result: DocumentResult
) -> None:
    """Write an answer's result again, under a key of the document's own."""
    key, sha256 = _put(store, result, document_id=document.id, number=answer.number)
    answers.move_result(session, answer, key=key, sha256=sha256)


def _put(store: Results, result: DocumentResult, *, document_id: int, number: int) -> tuple[str, str]:
    """Store what an answer says; its key, and its SHA-256 in hexadecimal."""
    data = result.json_line().encode()
    sha256 = hashlib.sha256(data).hexdigest()
    key = answer_key(document_id, number, sha256)
    store.put(key, data)
    return key, sha256


def claim_rows(result: DocumentResult) -> list[Values]:
    """A row for each claim, as the answer's row has it."""
    return [
        {
            "signer": claim.signer,
            "source": claim.source or "",
            "outcome": claim.answer,
            "page": claim.page,
            "region": claim.region,
            "contradicted": claim.contradicted,
            **_comparison(result, claim),
        }
        for claim in result.claims
    ]


def _comparison(result: DocumentResult, claim: ClaimResult) -> dict[str, object]:
    """Numbers of the verdict that answers the claim; nothing without one."""
    place = (claim.page, claim.region)
    for verdict in result.verdicts:
        if verdict.signer == claim.signer and verdict.place == place:
            names = ("probability", "llr", "confidence", "references")
            return {name: getattr(verdict, name) for name in names}
    return {}


def _identity(document: Document) -> dict[str, object]:
    return {
        "document": document.key,
        "id": document.id,
        "bucket": document.bucket,
        "version": document.version,
        "linked_to": document.original_id,
        "registered_at": document.registered_at,
    }


def _occasion(answer: DocumentAnswer) -> dict[str, object]:
    return {
        "answer": answer.number,
        "cause": answer.cause,
        "asked_by": answer.asked_by,
        "answered_at": answer.at,
    }


def _unread(document: Document, answer: DocumentAnswer) -> DocumentResult:
    """An answer without a result of its own: no page was read."""
    return DocumentResult.model_validate(
        {
            **_identity(document),
            **_occasion(answer),
            "sha256": document.sha256 or "",
            "status": Status(answer.status),
            "reason": answer.reason,
            "detail": answer.detail,
            "signed": answer.signed,
            "pages": (),
            "verdicts": (),
            "versions": {},
            "seconds": {},
            "finished_at": answer.at,
        }
    )
