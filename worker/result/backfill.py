"""What answers of an older release say of claims and marks, written from the rows that they rest on."""

from __future__ import annotations

from sqlalchemy.orm import Session

from db import answers
from db.answers import Given
from db.engine import Sessions
from db.guards import details_may_follow
from db.models import DocumentAnswer
from worker.result.answers import claim_rows
from worker.result.marks import mark_rows
from worker.result.rows import document_result

#: Answers that share a transaction.
_TOGETHER = 200


def fill_tables(sessions: Sessions) -> int:
    """Write what is missing of the newest answers; how many there were. Again, it finds nothing.

    Claims and marks are taken from the document as it stands, which is what its newest answer says.
    """
    filled = 0
    while count := _fill(sessions):
        filled += count
    return filled


def _fill(sessions: Sessions) -> int:
    with sessions() as session:
        older = answers.without_details(session, limit=_TOGETHER)
        if older:
            with details_may_follow(session.connection()):
                for answer in older:
                    _write_missing(session, answer)
    return len(older)


def _write_missing(session: Session, answer: DocumentAnswer) -> None:
    result = document_result(session, answer.document_id)
    claims = () if answer.claims else claim_rows(result)
    marks = () if answer.marks else mark_rows(result)
    given = Given(status=answer.status, claims=claims, marks=marks)
    answers.add_details(session, answer.id, given)
