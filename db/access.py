"""Queries on keys, sessions of browsers and submissions. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import Select, Table, delete, or_, select, update
from sqlalchemy.orm import Session

from db.engine import clock, now
from db.models import ApiKey, Submission, WebSession
from db.webhooks import stop_webhooks_of
from db.writes import changed, insert_once, insert_or_find

#: How exactly the last use of a key is known: a write for every request would cost more than it says.
_USE_WITHIN = timedelta(minutes=1)


def key_holder(key_id: int) -> str:
    """What stands for a key in rows."""
    return f"key:{key_id}"


def add_key(
    session: Session, *, name: str, digest: str, scopes: Sequence[str], own_only: bool, lasts: timedelta
) -> bool:
    """Put a key on file; False when one of that name is."""
    moment = now(session)
    row = {
        "name": name,
        "digest": digest,
        "scopes": list(scopes),
        "own_only": own_only,
        "created_at": moment,
        "expires_at": moment + lasts,
    }
    return insert_once(session, ApiKey, row)


def keys_on_file(session: Session) -> Sequence[ApiKey]:
    """All keys, by name."""
    return session.execute(select(ApiKey).order_by(ApiKey.name)).scalars().all()


def revoke_key(session: Session, name: str) -> bool:
    """Let a key open nothing any more, nor the browsers that came in with it; False without such a key.

    Webhooks that were added with it are sent nothing any more.
    """
    statement = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
    if changed(session, statement.values(revoked_at=now(session))) == 0:
        return False
    number = session.execute(select(ApiKey.id).where(ApiKey.name == name)).scalar_one()
    session.execute(delete(WebSession).where(WebSession.key_id == number))
    stop_webhooks_of(session, key_holder(number))
    return True


def key_by_digest(session: Session, digest: str) -> ApiKey | None:
    """The key that is valid now and has this digest; its use is noted."""
    return _used(session, select(ApiKey).where(ApiKey.digest == digest))


def open_session(session: Session, key: ApiKey, digest: str, *, lasts: timedelta) -> None:
    """A browser has logged in; sessions that have run out are forgotten on this occasion."""
    moment = now(session)
    session.execute(delete(WebSession).where(WebSession.expires_at <= moment))
    session.add(WebSession(digest=digest, key_id=key.id, expires_at=min(moment + lasts, key.expires_at)))


def open_person_session(
    session: Session, person: str, scopes: Sequence[str], digest: str, *, lasts: timedelta
) -> None:
    """A browser has logged in as somebody whom a provider of identities knows."""
    moment = now(session)
    session.execute(delete(WebSession).where(WebSession.expires_at <= moment))
    session.add(WebSession(digest=digest, person=person, scopes=sorted(scopes), expires_at=moment + lasts))


def person_of_session(session: Session, digest: str) -> tuple[str, Sequence[str]] | None:
    """Who has logged in at a provider of identities with this browser, and their rights; None for others."""
    statement = select(WebSession.person, WebSession.scopes).where(
        WebSession.digest == digest, WebSession.person.is_not(None), WebSession.expires_at > clock(session)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else (row.person or "", row.scopes or [])


def close_session(session: Session, digest: str) -> None:
    """A browser has logged out."""
    session.execute(delete(WebSession).where(WebSession.digest == digest))


def key_of_session(session: Session, digest: str) -> ApiKey | None:
    """The key with which a browser has logged in, when both are valid now."""
    statement = (
        select(ApiKey)
        .join(WebSession, WebSession.key_id == ApiKey.id)
        .where(WebSession.digest == digest, WebSession.expires_at > clock(session))
    )
    return _used(session, statement)


def begin_submission(
    session: Session, *, submitter: str, idempotency_key: str, digest: str, callback: str | None = None
) -> int | None:
    """Note that something is being submitted, and answer its id; None where the same key was used before."""
    key = {"holder": submitter, "idempotency_key": idempotency_key}
    values = {"digest": digest, "callback": callback, "at": clock(session)}
    submission_id, new = insert_or_find(session, Submission, key, **values)
    return submission_id if new else None


def note_submission(
    session: Session, *, submitter: str, document_id: int, digest: str, callback: str | None = None
) -> None:
    """Note by whom a document was submitted, without a key under which the same could come again."""
    row = cast(Table, Submission.__table__).insert()
    values = {"digest": digest, "callback": callback, "at": clock(session)}
    session.execute(row.values(holder=submitter, document_id=document_id, **values))


def submission(session: Session, submitter: str, idempotency_key: str) -> Submission:
    """What was submitted under an idempotency key."""
    statement = select(Submission).where(
        Submission.holder == submitter, Submission.idempotency_key == idempotency_key
    )
    return session.execute(statement).scalar_one()


def take_over_submission(session: Session, submission_id: int, *, older_than: timedelta) -> bool:
    """Whether a submission that nobody ended in that time is ours now."""
    moment = now(session)
    statement = update(Submission).where(
        Submission.id == submission_id, Submission.document_id.is_(None), Submission.at < moment - older_than
    )
    return changed(session, statement.values(at=moment)) == 1


def end_submission(session: Session, submission_id: int, document_id: int) -> None:
    """A document has come of it."""
    session.execute(update(Submission).where(Submission.id == submission_id).values(document_id=document_id))


def give_up_submission(session: Session, submission_id: int) -> None:
    """Nothing has come of it: the same may be submitted again."""
    session.execute(delete(Submission).where(Submission.id == submission_id))


def submitted_by(session: Session, submitter: str, document_id: int) -> bool:
    """Whether this document came in over HTTP from this submitter."""
    statement = select(Submission.id).where(
        Submission.holder == submitter, Submission.document_id == document_id
    )
    return session.execute(statement.limit(1)).scalar_one_or_none() is not None


def _used(session: Session, chosen: Select[ApiKey]) -> ApiKey | None:
    """The key, where it is valid now; its use is noted."""
    moment = clock(session)
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < moment - _USE_WITHIN)
    valid = chosen.where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > moment)
    row = session.execute(valid.add_columns(stale.label("stale"))).one_or_none()
    if row is None:
        return None
    key: ApiKey = row[0]
    if row.stale:
        session.execute(update(ApiKey).where(ApiKey.id == key.id, stale).values(last_used_at=moment))
    return key
