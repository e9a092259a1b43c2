"""Keys to the web app: made, listed and revoked; and who it is that calls with one."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from db import access
from db.engine import Sessions
from db.models import ApiKey
from producer.text import plain_name
from worker.errors import PermanentError, WrongUse

#: What keys begin with, so that a secret that has leaked is recognised.
PREFIX = "cs_"
#: How long a browser stays logged in.
SESSION = timedelta(hours=12)
#: Days that a key may last.
LONGEST_DAYS = 3650


class Right(StrEnum):
    """What a key may do."""

    READ = "read"  # look at documents, results, pictures, signers
    SUBMIT = "submit"  # submit documents, send failed ones again, cancel, add webhooks
    REVIEW = "review"  # decide what the machine could not
    ADMIN = "admin"  # enroll signers, erase


class NotAllowed(PermanentError):
    """The key does not have the right that is needed, or none was shown."""

    code = "not_allowed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: what stands in histories and decisions, and what they may."""

    name: str
    #: Stands for the key in rows: `key:7`, `person:anna` for whom a provider knows; `local` without logins.
    submitter: str
    scopes: frozenset[Right]
    own_only: bool = False


#: Whoever sits at this machine, where there are no logins.
LOCAL = Caller("local", "local", frozenset(Right))


@dataclass(frozen=True, slots=True)
class KeyOnFile:
    """A key as it may be shown: without its secret."""

    name: str
    scopes: tuple[str, ...]
    own_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def make_key(
    sessions: Sessions, name: str, scopes: Iterable[Right], *, days: int, own_only: bool = False
) -> str:
    """Make a key and answer its secret, which is written down nowhere. WrongUse."""
    try:
        checked = plain_name(name)
    except ValueError as error:
        raise WrongUse(f"{name!r} cannot be the name of a key: {error}") from error
    if not 0 < days <= LONGEST_DAYS:
        raise WrongUse(f"a key lasts from 1 to {LONGEST_DAYS} days")
    rights = sorted({Right.READ, *scopes})
    secret = PREFIX + secrets.token_urlsafe(32)
    with sessions() as session:
        new = access.add_key(
            session,
            name=checked,
            digest=digest_of_secret(secret),
            scopes=[right.value for right in rights],
            own_only=own_only,
            lasts=timedelta(days=days),
        )
    if not new:
        raise WrongUse(f"there is a key {checked!r} already; a revoked one keeps its name too")
    return secret


def list_keys(sessions: Sessions) -> list[KeyOnFile]:
    """All keys, by name."""
    with sessions() as session:
        return [
            KeyOnFile(
                row.name,
                tuple(row.scopes),
                row.own_only,
                row.created_at,
                row.expires_at,
                row.revoked_at,
                row.last_used_at,
            )
            for row in access.keys_on_file(session)
        ]


def withdraw_key(sessions: Sessions, name: str) -> None:
    """Let a key open nothing any more, nor the browsers that came in with it. WrongUse without one."""
    with sessions() as session:
        if not access.revoke_key(session, name):
            raise WrongUse(f"there is no key {name!r} that opens anything")


def caller_with_key(sessions: Sessions, secret: str) -> Caller | None:
    """Who calls with this secret; None when it opens nothing."""
    with sessions() as session:
        return _caller(access.key_by_digest(session, digest_of_secret(secret)))


def log_in(sessions: Sessions, secret: str) -> str | None:
    """A new cookie for a browser whose user has shown a key; None when that opens nothing."""
    cookie = secrets.token_urlsafe(32)
    with sessions() as session:
        key = access.key_by_digest(session, digest_of_secret(secret))
        if key is None:
            return None
        access.open_session(session, key, digest_of_secret(cookie), lasts=SESSION)
    return cookie


def log_in_person(sessions: Sessions, person: str, rights: Iterable[Right]) -> str:
    """A new cookie for the browser of somebody whom a provider of identities knows."""
    cookie = secrets.token_urlsafe(32)
    scopes = [right.value for right in rights]
    with sessions() as session:
        access.open_person_session(session, person, scopes, digest_of_secret(cookie), lasts=SESSION)
    return cookie


def log_out(sessions: Sessions, cookie: str) -> None:
    """Let the cookie open nothing any more."""
    with sessions() as session:
        access.close_session(session, digest_of_secret(cookie))


def caller_with_cookie(sessions: Sessions, cookie: str) -> Caller | None:
    """Who calls from a browser that has logged in; None when it has not."""
    digest = digest_of_secret(cookie)
    with sessions() as session:
        person = access.person_of_session(session, digest)
        if person is None:
            return _caller(access.key_of_session(session, digest))
    name, scopes = person
    return Caller(name, f"person:{name}", _known_rights(scopes))


def digest_of_secret(secret: str) -> str:
    """What is kept of a secret; another one would have to be guessed from 256 bits of chance."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_right(caller: Caller, right: Right) -> None:
    """NotAllowed without it."""
    if right not in caller.scopes:
        raise NotAllowed(f"this key does not have the right `{right}`")


def _caller(key: ApiKey | None) -> Caller | None:
    if key is None:
        return None
    return Caller(key.name, access.key_holder(key.id), _known_rights(key.scopes), key.own_only)


def _known_rights(scopes: Iterable[str]) -> frozenset[Right]:
    return frozenset(Right(name) for name in scopes if name in set(Right))
