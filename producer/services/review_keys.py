"""The keys of a keyboard with which a person reviews: the usual ones, or their own."""

from __future__ import annotations

from collections.abc import Mapping

from db import reviews
from db.engine import Sessions
from producer.services.keys import Caller, Right, check_right
from worker.errors import WrongUse

#: What keys do, with the keys that do it unless a person has chosen others.
KEYS: Mapping[str, str] = {
    "genuine": "1",
    "forged": "2",
    "cannot_say": "3",
    "skip": "s",
    "back": "b",
    "page": "p",
    "comment": "c",
    "overlay": "o",
    "flicker": "f",
    "cleaned": "r",
}


def keys_of(sessions: Sessions, caller: Caller) -> dict[str, str]:
    """The keys with which the caller reviews, by what they do."""
    with sessions() as session:
        chosen = reviews.key_map(session, caller.name)
    return {action: chosen.get(action, usual) for action, usual in KEYS.items()}


def set_keys(sessions: Sessions, caller: Caller, keys: Mapping[str, str]) -> None:
    """Keep the caller's keys. WrongUse for one that is no single letter, digit or sign, or stands twice."""
    check_right(caller, Right.REVIEW)
    chosen = {action: keys.get(action, usual).lower() for action, usual in KEYS.items()}
    wrong = [key for key in chosen.values() if len(key) != 1 or not key.isprintable() or key.isspace()]
    if wrong:
        raise WrongUse(f"{wrong[0]!r} is no key that writes one character")
    if len(set(chosen.values())) < len(chosen):
        raise WrongUse("two actions have the same key")
    with sessions() as session:
        reviews.set_key_map(session, caller.name, chosen)
