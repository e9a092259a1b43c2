"""Documents through all stages again; their answers and their history stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from db import documents, reopening
from db.answers import Asked
from db.engine import Sessions
from db.states import FIRST_STAGE, AnswerCause
from producer.services.selection import find_all
from producer.services.sending import Send
from worker.errors import WrongUse
from worker.pipeline import QueueMessage
from worker.storage.files import LOCAL_BUCKET, path_of

#: The reason code that stands for all of them.
ANY_REASON = "any"


@dataclass(frozen=True, slots=True)
class Retried:
    """How many documents start again, how many of them had an answer, how many were at work and go on.

    `missing` names files that are not there to be read again: their documents stay as they are.
    """

    again: int
    at_work: int
    answered: int = 0
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether some document goes on, and no file was missing."""
        return bool(self.again + self.at_work) and not self.missing


def parse_time(text: str) -> datetime:
    """A time in ISO 8601, in UTC unless it has an offset. WrongUse."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(f"{text!r} is no time such as 2026-11-20T08:00:00+01:00") from error
    return given if given.tzinfo is not None else given.replace(tzinfo=UTC)


def retry_documents(
    sessions: Sessions,
    send: Send,
    *,
    names: Sequence[str] = (),
    reason: str | None = None,
    since: datetime | None = None,
    again: bool = False,
    who: str | None = None,
    read_here: bool = False,
) -> Retried:
    """Start the named documents again, or all in quarantine with that reason, or since that moment.

    Documents that are done, in full or in part, have an answer: they are read again only with `again`. That
    answer stays, and the next one is added to it. With `read_here` this process is to read the files: paths
    may lead elsewhere than where they were read first, and those that lead nowhere are left alone.

    Rows are committed before `send` is called with each id. WrongUse without a choice, or for a name that
    means no document; BrokerUnavailable, after which the sweep sends what was not sent.
    """
    if bool(names) == (reason is not None or since is not None):
        raise WrongUse("give documents, or else --reason CODE, --since TIME or both of these")
    with sessions() as session:
        if names:
            chosen = find_all(session, names)
        else:
            chosen = documents.failed(session, reason=None if reason == ANY_REASON else reason, since=since)
        missing = _missing(session, chosen) if read_here else {}
        chosen = [document_id for document_id in chosen if document_id not in missing]
        answered = documents.with_answers(session, chosen)
        if answered and not again:
            raise WrongUse(_advice(answered))
        asked = Asked(cause=AnswerCause.RETRY, who=who)
        sent_again = reopening.start_again(session, chosen, asked)
    for document_id in sent_again:
        send(QueueMessage(stage=FIRST_STAGE, document_id=document_id))
    at_work = len(chosen) - len(sent_again)
    return Retried(len(sent_again), at_work, len(answered), tuple(missing.values()))


def _missing(session: Session, document_ids: Sequence[int]) -> dict[int, str]:
    """Keys of the documents that are local files and are not there, by the documents' ids."""
    keys = {
        document.id: document.key
        for document in (documents.get(session, document_id) for document_id in document_ids)
        if document.bucket == LOCAL_BUCKET
    }
    return {document_id: key for document_id, key in keys.items() if not path_of(key).is_file()}


def _advice(answered: Sequence[documents.WithAnswer]) -> str:
    first = answered[0]
    several = f", and {len(answered) - 1} more have answers" if len(answered) > 1 else ""
    return (
        f"document {first.id} is {first.status} by its answer {first.number}{several}. With --again it is "
        "read from the start, with the present models and references. That gives "
        f"answer {first.number + 1}; "
        "earlier answers stay (countersign results --all-answers)."
    )
