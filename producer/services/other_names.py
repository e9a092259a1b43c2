"""Other names of signers in the list that an export writes and a bulk enrolment reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from db import people
from db.engine import Sessions
from producer.services.signers import SIGNERS_FILE, Judge, merge_signers
from producer.tables import parted_names, read_csv
from worker.errors import WrongUse

#: Other names by the name of the signer.
NamesBySigner = Mapping[str, Sequence[str]]


def other_names_of(words: Sequence[str], table: Path | None) -> dict[str, list[str]]:
    """What the column `aliases` of the list says, where there is one. WrongUse names the line.

    The list is the table that is given, or lies in the one folder that is named.
    """
    path = table
    if path is None and len(words) == 1 and (Path(words[0]) / SIGNERS_FILE).is_file():
        path = Path(words[0]) / SIGNERS_FILE
    names: dict[str, list[str]] = {}
    for line, row in read_csv(path, ("signer",), "references") if path is not None else ():
        try:
            parted = parted_names(row.get("aliases") or "")
        except ValueError as error:
            raise WrongUse(f"{path}, line {line}: the column aliases: {error}") from error
        known = names.setdefault(row["signer"] or "", [])
        known += [name for name in parted if name not in known]
    return {signer: others for signer, others in names.items() if signer and others}


def add_other_names(
    sessions: Sessions, names: NamesBySigner, judge: Judge, *, who: str, on_refused: Callable[[str], None]
) -> None:
    """Let each be another name of its signer, as a merge does; those that are already change nothing.

    A name that is on file as another person is refused, in a sentence: whether two people are one, a person
    says.
    """
    for signer, others in names.items():
        for other in others:
            with sessions() as session:
                known, known_other = (people.person_named(session, name) for name in (signer, other))
            if known is None:
                on_refused(f"{other!r}: {signer!r} is not on file")
            elif known_other is None:
                merge_signers(sessions, other, signer, judge, who=who)
            elif known_other.id != known.id:
                on_refused(
                    f"{other!r} is signer {known_other.id}, not another name of {signer!r}: "
                    "`countersign signers merge` makes two people one"
                )
