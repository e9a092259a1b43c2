"""Signers on file: who they are, what was done to them, and which documents a change touches."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db import people, signers
from db.answers import Asked
from db.engine import Sessions
from db.models import Reference
from db.people import Person
from db.reopening import verify_again
from db.states import AnswerCause, ChunkStage
from producer.services.browse import list_signers
from producer.services.enroll import checked_name
from producer.services.missing import NotFound
from producer.services.table_rows import guarded
from producer.tables import joined_names
from worker.errors import ObjectMissing, WrongUse
from worker.pipeline import QueueMessage
from worker.result.listing import (
    EnrolledReference,
    SignerEventResult,
    SignerHistory,
    reference_result,
)
from worker.storage.port import Results

#: What an export calls its list; a bulk enrolment reads the same.
SIGNERS_FILE = "signers.csv"
#: Fewest digits of a SHA-256 that name a reference; fewer are its number.
_DIGITS = 8

#: Judges a signer's references by each other, once some have come or gone.
Judge = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Touched:
    """Documents that were compared before a signer's references changed, and how many are at work now."""

    documents: tuple[int, ...]
    at_work: int


def signer_history(sessions: Sessions, name: str) -> SignerHistory:
    """A signer with the references, who enrolled each, when and from where, and what was done. NotFound."""
    with sessions() as session:
        known = _known(session, name)
        events = people.person_events(session, known.id)
        rows = signers.on_file(session, known.name)
        # Each of two merged signers may have had the same picture, enrolled by somebody else.
        on_file = {(row.signer_id, row.reference): row for row in events if row.event == "enrolled"}
        return SignerHistory(
            id=known.id,
            signer=known.name,
            aliases=known.aliases,
            references=tuple(
                EnrolledReference(
                    **dict(reference_result(row, number, row.llr)),
                    enrolled_at=row.enrolled_at,
                    enrolled_by=getattr(on_file.get((row.signer_id, row.sha256)), "who", None),
                    source=getattr(on_file.get((row.signer_id, row.sha256)), "detail", None),
                )
                for number, row in enumerate(rows, 1)
            ),
            events=tuple(SignerEventResult.model_validate(event) for event in events),
        )


def remove_references(sessions: Sessions, name: str, which: Sequence[str], judge: Judge, *, who: str) -> int:
    """Take references off file, each by its number or the first digits of its SHA-256; how many went.

    No comparison is made with them any more. Their pictures stay for the verdicts that rest on them, until
    the signer is erased. WrongUse for one that is not there, and then none goes. NotFound.
    """
    if not which:
        raise WrongUse("name the references by their numbers; `countersign erase --signer` erases a person")
    with sessions() as session:
        (known,) = _locked(session, name)
        rows = signers.on_file(session, known.name)
        chosen = {row.id: row for row in (_reference(rows, word) for word in which)}
        for row in chosen.values():
            people.remove_reference(session, row.id)
            signers.record_event(session, known.id, "removed", who=who, reference=row.sha256)
    judge(known.name)
    return len(chosen)


def check_merge(sessions: Sessions, name: str, into: str) -> None:
    """NotFound without `into`; WrongUse when the two are one person already."""
    with sessions() as session:
        target, source = _known(session, into), people.person(session, name)
        if source is not None and source.id == target.id:
            raise WrongUse(f"{name!r} is {target.name!r} already")


def merge_signers(sessions: Sessions, name: str, into: str, judge: Judge, *, who: str) -> Person:
    """Let one name be another name of a signer: claims that use it meet the references of both.

    A name that is on file nowhere becomes another name, too. No command takes it back: the event says who was
    merged, and which references left the file. NotFound without `into`; WrongUse when the two are one person
    already.
    """
    with sessions() as session:
        _known(session, into)
        if people.person(session, checked_name(name)) is None:
            signers.signer_id(session, checked_name(name))
        source, target = _locked(session, name, into)
        if source.id == target.id:
            raise WrongUse(f"{name!r} is {target.name!r} already")
        detail = _undone_by_hand(source, people.merge_signer(session, source.id, target.id))
        signers.record_event(session, target.id, "merged", who=who, detail=detail)
        merged = _known(session, target.name)
    judge(merged.name)
    return merged


def _undone_by_hand(source: Person, twice: Sequence[str]) -> str:
    """What somebody needs to know who has to part the two again: ids, other names, references that went."""
    also = f", also {', '.join(map(repr, source.aliases))}" if source.aliases else ""
    went = f"; on file twice, taken off here: {', '.join(twice)}" if twice else ""
    return f"{source.name} (signer {source.id}{also}){went}"


def export_signers(sessions: Sessions, store: Results, folder: Path, names: Sequence[str] = ()) -> int:
    """Write references as `FOLDER/<id>/<number>-<digits>` with a list; how many.

    The list has the columns `signer`, `image` and `aliases`, so that a bulk enrolment reads it, and who
    enrolled each. Signers without a reference are not in it. Of all signers without names. NotFound;
    ObjectMissing; WrongUse when the folder cannot be written.
    """
    with sessions() as session:
        chosen = [known.name for known in _distinct(session, names)]
    if not names:
        chosen = [row.signer for row in list_signers(sessions)]
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(("signer", "image", "aliases", "sha256", "enrolled_at", "enrolled_by", "source"))
    written = 0
    for name in chosen:
        for row in _exported(sessions, store, folder, name):
            writer.writerow(map(guarded, row))
            written += 1
    _write(folder / SIGNERS_FILE, lines.getvalue().encode())
    return written


def touched_documents(sessions: Sessions, names: Sequence[str]) -> Touched:
    """Documents whose answers rest on other references of these signers than are on file now. NotFound."""
    ids: set[int] = set()
    with sessions() as session:
        persons = _distinct(session, names)
        for known in persons:
            changed_at = people.references_changed_at(session, known.id)
            if changed_at is not None:
                ids.update(people.compared_before(session, known.names, changed_at))
        all_names = [name for known in persons for name in known.names]
        at_work = people.at_work_claiming(session, all_names)
    return Touched(tuple(sorted(ids)), at_work)


def verify_touched(
    sessions: Sessions, send: Callable[[QueueMessage], None], names: Sequence[str], *, who: str
) -> Touched:
    """Compare those documents again, without rendering or searching: each gets a new answer.

    Those that share an answer get the new one with it. Rows are committed before they are sent; the sweep
    sends what was not. NotFound; BrokerUnavailable.
    """
    touched = touched_documents(sessions, names)
    asked = Asked(cause=AnswerCause.NEW_REFERENCE, who=who)
    for document_id in touched.documents:
        with sessions() as session:
            chunk_ids = verify_again(session, document_id, asked)
        for chunk_id in chunk_ids:
            send(QueueMessage(stage=ChunkStage.VERIFY, document_id=document_id, chunk_id=chunk_id))
    return touched


def _locked(session: Session, *names: str) -> list[Person]:
    """Whom these names mean, held until the transaction ends. NotFound.

    Who was merged while this waited for the lock is looked up once more.
    """
    known = [_known(session, name) for name in names]
    people.lock_people(session, [person.id for person in known])
    session.expire_all()
    now_known = [_known(session, name) for name in names]
    unchanged = [person.id for person in known] == [person.id for person in now_known]
    return now_known if unchanged else _locked(session, *names)


def _distinct(session: Session, names: Sequence[str]) -> list[Person]:
    """Whom these names mean, each person once. NotFound."""
    known = (_known(session, name) for name in names)
    return list({person.id: person for person in known}.values())


def _known(session: Session, name: str) -> Person:
    known = people.person(session, checked_name(name))
    if known is None:
        raise NotFound(f"signer {name!r}")
    return known


def _reference(rows: Sequence[Reference], word: str) -> Reference:
    by_number = {str(number): row for number, row in enumerate(rows, 1)}
    alike = [row for row in rows if len(word) >= _DIGITS and row.sha256.startswith(word.lower())]
    row = by_number.get(word) or next(iter(alike), None)
    if row is None or len(alike) > 1:
        raise WrongUse(f"there is no reference {word!r}; there are {len(rows)}, numbered from 1")
    return row


def _exported(sessions: Sessions, store: Results, folder: Path, name: str) -> list[tuple[object, ...]]:
    history = signer_history(sessions, name)
    with sessions() as session:
        keys = [row.image_key for row in signers.on_file(session, history.signer)]
    rows: list[tuple[object, ...]] = []
    for reference, key in zip(history.references, keys, strict=True):
        image = f"{history.id}/{reference.number}-{reference.sha256[:12]}{Path(key).suffix}"
        _write(folder / image, _picture(store, key))
        facts = (reference.sha256, reference.enrolled_at, reference.enrolled_by, reference.source)
        rows.append((history.signer, image, joined_names(history.aliases), *facts))
    return rows


def _picture(store: Results, key: str) -> bytes:
    """The bytes as they were enrolled; those of the rendered page where an older release kept no others."""
    try:
        return store.get(key.rpartition(".")[0])
    except ObjectMissing:
        return store.get(key)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise WrongUse(f"cannot write {str(path)!r}: {error.strerror or error}") from error
