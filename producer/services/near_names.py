"""Names that may mean another: a typing error is soon made, and some signs cannot be seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from db import people
from db.engine import Sessions

#: How alike two names must be, 0 to 1, and how many are named.
_ALIKE, _NAMED = 0.8, 3
#: Claimed names that are looked at: each is compared with everybody on file.
_LOOKED_AT = 50


def near_names(sessions: Sessions, claimed: Iterable[str]) -> list[str]:
    """A sentence for each claimed name that nobody on file has while somebody has one like it.

    None for a login that may not read who is on file.
    """
    with sessions() as session:
        if not people.may_read_names(session):
            return []
        unknown = people.names_not_on_file(session, list(dict.fromkeys(claimed)))[:_LOOKED_AT]
        enrolled = people.all_names(session) if unknown else []
    by_fold: dict[str, list[str]] = {}
    for name in enrolled:
        by_fold.setdefault(_folded(name), []).append(name)
    sentences = []
    for name in unknown:
        folds = get_close_matches(_folded(name), by_fold, n=_NAMED, cutoff=_ALIKE)
        near = [other for fold in folds for other in by_fold[fold]][:_NAMED]
        if near:
            sentences.append(f"no signer {name!r} is enrolled; near: {', '.join(map(repr, near))}")
    return sentences


def same_when_read(sessions: Sessions, enrolled: Iterable[str]) -> list[str]:
    """A sentence for each of these signers whose name somebody else on file has, as far as a person sees.

    Such names differ in letter case, accents, spaces or signs without a width alone.
    """
    sentences = []
    with sessions() as session:
        alike: dict[str, list[str]] = {}
        for name in people.all_names(session):
            alike.setdefault(_folded(name), []).append(name)
        for name in dict.fromkeys(enrolled):
            others = [other for other in alike.get(_folded(name), []) if other != name]
            # Few names have a look-alike: of the others nothing more is asked.
            known = people.person_named(session, name) if others else None
            if known is not None:
                others = [other for other in others if other not in known.names]
            if others:
                sentences.append(
                    f"{name!r} is another signer than {', '.join(map(repr, others))}; "
                    "`countersign signers merge` makes two people one"
                )
    return sentences


def _folded(name: str) -> str:
    """The name without its accents and signs that show nothing, in small letters, with single spaces."""
    plain = "".join(
        sign
        for sign in unicodedata.normalize("NFKD", name)
        if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf"
    )
    return " ".join(plain.casefold().split())
