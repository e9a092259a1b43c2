"""Queries on signers as people: their names, their history, and what a change of their references touches.

A person is a signer, and those that were merged into it. The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, Select, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.models import Claim, Document, DocumentAnswer, Event, Reference, Signer, SignerEvent
from db.relations import NEWEST_ANSWER, id_in
from db.signers import record_event
from db.states import ChunkStage, Status

#: Events of a signer after which comparisons may come out another way.
REFERENCE_CHANGES = ("enrolled", "removed", "merged")


@dataclass(frozen=True, slots=True)
class Person:
    """A signer with the other names of the same person, in the order in which they came on file."""

    id: int
    name: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return self.name, *self.aliases


def person(session: Session, name: str) -> Person | None:
    """Whom a name, or else an id, means; None when that is nobody on file.

    A number that a document claims as a name is that name alone.
    """
    by_name, number = person_named(session, name), id_in(name)
    if by_name is not None or number is None or _claimed(session, name):
        return by_name
    return _person(session, session.get(Signer, number))


def person_named(session: Session, name: str) -> Person | None:
    """Whom a name means, never an id; None when that is nobody on file."""
    return _person(session, session.execute(select(Signer).where(Signer.name == name)).scalar_one_or_none())


def _claimed(session: Session, name: str) -> bool:
    return session.execute(select(Claim.document_id).where(Claim.signer == name).limit(1)).first() is not None


def _person(session: Session, signer: Signer | None) -> Person | None:
    if signer is None:
        return None
    signer_id = signer.merged_into or signer.id
    rows = session.execute(select(Signer).where(_of_person(signer_id)).order_by(Signer.id)).scalars().all()
    first = next(row.name for row in rows if row.id == signer_id)
    return Person(signer_id, first, tuple(row.name for row in rows if row.id != signer_id))


def other_names(session: Session) -> dict[int, list[str]]:
    """Other names by the id of the signer that they are merged into."""
    names: dict[int, list[str]] = {}
    rows = select(Signer.merged_into, Signer.name).where(Signer.merged_into.is_not(None)).order_by(Signer.id)
    for signer_id, name in session.execute(rows):
        names.setdefault(signer_id or 0, []).append(name)
    return names


def may_read_names(session: Session) -> bool:
    """Whether this login may read who is on file: the intake's may not (db/roles.sql)."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.execute(select(func.has_table_privilege("signers", "SELECT"))).scalar_one())


def names_not_on_file(session: Session, names: Collection[str]) -> list[str]:
    """Those of these names that nobody on file has, in their order."""
    there = set(session.execute(select(Signer.name).where(Signer.name.in_(names))).scalars())
    return [name for name in names if name not in there]


def all_names(session: Session) -> list[str]:
    """Every name on file, other names of signers included."""
    return list(session.execute(select(Signer.name).order_by(Signer.name)).scalars())


def lock_people(session: Session, signer_ids: Collection[int]) -> None:
    """Hold the rows of these people, in the order of their ids, until the transaction ends.

    Who waited reads them again: they may have been merged meanwhile.
    """
    theirs = or_(Signer.id.in_(signer_ids), Signer.merged_into.in_(signer_ids))
    session.execute(select(Signer.id).where(theirs).order_by(Signer.id).with_for_update()).all()


def locked_person(session: Session, name: str) -> Person | None:
    """Whom a name means, held until the transaction ends; None when that is nobody on file.

    Who was merged while this waited for the lock is looked up once more.
    """
    known = person_named(session, name)
    if known is None:
        return None
    lock_people(session, [known.id])
    session.expire_all()
    return known if person_named(session, name) == known else locked_person(session, name)


def merge_signer(session: Session, signer_id: int, into: int) -> list[str]:
    """Let one person be another; of references with the same bytes, the other's stays.

    Returns the digests of those that went.
    """
    theirs = select(Reference.sha256).where(Reference.signer_id.in_(_ids(into)))
    twice = Reference.signer_id.in_(_ids(signer_id)), Reference.sha256.in_(theirs)
    digests = list(session.execute(select(Reference.sha256).where(*twice).order_by(Reference.id)).scalars())
    session.execute(delete(Reference).where(*twice))
    session.execute(update(Signer).where(_of_person(signer_id)).values(merged_into=into))
    return digests


def remove_reference(session: Session, reference_id: int) -> None:
    """Take a reference off file; its picture stays, since earlier verdicts rest on it."""
    session.execute(delete(Reference).where(Reference.id == reference_id))


def remove_other_references(session: Session, kept: Collection[tuple[str, str]], *, who: str) -> None:
    """Take all references off file but those kept, each a signer's name and a digest; pictures stay."""
    rows = select(Signer.name, Reference.id, Reference.signer_id, Reference.sha256).join(Reference)
    for row in session.execute(rows.order_by(Reference.id)).all():
        if (row.name, row.sha256) not in kept:
            remove_reference(session, row.id)
            record_event(session, row.signer_id, "removed", who=who, reference=row.sha256)


def person_events(session: Session, signer_id: int) -> Sequence[SignerEvent]:
    """What was done to a person, oldest first."""
    rows = select(SignerEvent).where(SignerEvent.signer_id.in_(_ids(signer_id))).order_by(SignerEvent.id)
    return session.execute(rows).scalars().all()


def references_changed_at(session: Session, signer_id: int) -> datetime | None:
    """When a person's references were changed last; None when there were never any."""
    noted = select(func.max(SignerEvent.at)).where(
        SignerEvent.signer_id.in_(_ids(signer_id)), SignerEvent.event.in_(REFERENCE_CHANGES)
    )
    # Older releases noted no events.
    newest = select(func.max(Reference.enrolled_at)).where(Reference.signer_id.in_(_ids(signer_id)))
    moments = [session.execute(moment).scalar_one() for moment in (noted, newest)]
    return max(filter(None, moments), default=None)


def compared_before(session: Session, names: Collection[str], moment: datetime) -> list[int]:
    """Documents with an answer that claim one of these names and were compared before that moment.

    Those that share the answer of another are left out: they get the next one with it. When a document was
    compared last stands in its history, also where newer answers compared nothing. Where it does not stand
    there, the answer's own time counts.
    """
    claiming = select(Claim.document_id).where(Claim.signer.in_(names))
    verified = _verified(Event) & or_(_answered_before_it().is_(None), Event.at > _answered_before_it())
    statement = (
        select(Document.id, DocumentAnswer.at, func.min(Event.at).label("ended"), func.max(Event.seconds))
        .join(DocumentAnswer, NEWEST_ANSWER)
        .outerjoin(Event, verified)
        .where(Document.id.in_(claiming), Document.original_id.is_(None))
        .where(Document.status.in_((Status.DONE, Status.PARTIAL)))
        .group_by(Document.id, DocumentAnswer.at)
        .order_by(Document.id)
    )
    rows = session.execute(statement).all()
    return [number for number, at, ended, seconds in rows if _begun(ended or at, seconds) <= moment]


def _verified(event: type[Event]) -> ColumnElement[bool]:
    """The events of a document by which comparing a chunk ended."""
    closed = (event.stage == ChunkStage.VERIFY.value) & (event.event == "closed")
    return closed & (event.document_id == Document.id)


def _answered_before_it() -> ScalarSelect[datetime]:
    """When a document had its last answer before it was compared last; NULL without one."""
    event, before = aliased(Event), aliased(DocumentAnswer)
    compared = select(func.max(event.at)).where(_verified(event)).correlate(Document).scalar_subquery()
    answered = select(func.max(before.at)).where(before.document_id == Document.id, before.at < compared)
    return answered.correlate(Document).scalar_subquery()


def _begun(ended: datetime, seconds: float | None) -> datetime:
    return ended - timedelta(seconds=seconds or 0.0)


def at_work_claiming(session: Session, names: Collection[str]) -> int:
    """How many documents that claim one of these names are at work."""
    claiming = select(Claim.document_id).where(Claim.signer.in_(names))
    working = select(func.count()).where(Document.id.in_(claiming), Document.status == Status.WORKING)
    return session.execute(working).scalar_one()


def _of_person(signer_id: int) -> ColumnElement[bool]:
    return or_(Signer.id == signer_id, Signer.merged_into == signer_id)


def _ids(signer_id: int) -> Select[int]:
    return select(Signer.id).where(_of_person(signer_id))
