"""Queries on signers and their references. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, undefer

from db.engine import now
from db.models import Reference, Signer, SignerEvent
from db.relations import person_of
from db.writes import insert_or_find, insert_or_hold

_Value = TypeVar("_Value")

#: Whom a name means, and the signers that are that person: itself, and those that are merged into it.
NAMED = aliased(Signer)
PERSON = person_of(NAMED)
SAME_PERSON = or_(Signer.id == PERSON, Signer.merged_into == PERSON)
#: The same where everybody is asked for, under one name each: faster than looking for each name.
_ONE_NAME = NAMED.id == person_of()


def signer_id(session: Session, name: str) -> int:
    """The signer's id; made when new, and held until the transaction ends: nobody erases it before that."""
    return insert_or_hold(session, Signer, {"name": name}, enrolled_at=now(session))


def add_reference(session: Session, signer_id: int, sha256: str, **facts: object) -> bool:
    """Put a reference on file; False when these bytes are on file already."""
    key = {"signer_id": signer_id, "sha256": sha256}
    return insert_or_find(session, Reference, key, enrolled_at=now(session), **facts)[1]


def record_event(
    session: Session,
    signer_id: int,
    event: str,
    *,
    who: str | None,
    reference: str | None = None,
    detail: str | None = None,
) -> None:
    """Add one step to a signer's history, at this moment; `reference` is the digest of one it is about."""
    moment = now(session)
    row = SignerEvent(
        signer_id=signer_id, at=moment, event=event, who=who, reference=reference, detail=detail
    )
    session.add(row)


def embeddings(session: Session, names: Sequence[str], *, encoder: str) -> dict[str, list[bytes]]:
    """Embeddings on file of these signers made by this encoder; names without any are left out."""
    return _by_signer(session, Reference.embedding, NAMED.name.in_(names), Reference.encoder == encoder)


def mark(session: Session, *, encoder: str) -> tuple[int, ...]:
    """Differs when one of this encoder's references has come or gone, or a signer was merged.

    Numbers, last ids and sums of ids.
    """
    columns = func.count(Reference.id), func.max(Reference.id), func.sum(Reference.id)
    of_references = session.execute(select(*columns).where(Reference.encoder == encoder)).one()
    merged = func.count(Signer.merged_into), func.sum(Signer.merged_into)
    of_signers = session.execute(select(*merged)).one()
    return tuple(int(number or 0) for number in (*of_references, *of_signers))


def all_embeddings(session: Session, *, encoder: str) -> dict[str, list[bytes]]:
    """Embeddings on file of every signer made by this encoder, under one name each."""
    made = Reference.encoder == encoder
    return _by_signer(session, Reference.embedding, made, person=_ONE_NAME)


def reference_strokes(session: Session, names: Sequence[str]) -> dict[str, list[bytes | None]]:
    """Strokes of the references of these signers, in the order of their numbers."""
    return _by_signer(session, Reference.strokes, NAMED.name.in_(names))


def references_of(session: Session, names: Sequence[str]) -> Mapping[str, Sequence[Reference]]:
    """References of these signers with their embeddings, in the order of their numbers, as of one moment."""
    statement = (
        select(NAMED.name, Reference)
        .join(Signer, SAME_PERSON)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(NAMED.name.in_(names))
        .order_by(NAMED.name, Reference.id)
        .options(undefer(Reference.embedding))
    )
    by_name: dict[str, list[Reference]] = {}
    for name, reference in session.execute(statement):
        by_name.setdefault(name, []).append(reference)
    return by_name


def people_meant(session: Session, names: Sequence[str]) -> dict[str, int]:
    """The id of the signer whom each name means; names that mean nobody are left out."""
    rows = session.execute(select(NAMED.name, PERSON).where(NAMED.name.in_(names)))
    return {row[0]: row[1] for row in rows}


def on_file(session: Session, name: str) -> Sequence[Reference]:
    """A signer's references in the order of their numbers, under whichever name they were enrolled."""
    statement = (
        select(Reference)
        .join(Signer, Signer.id == Reference.signer_id)
        .join(NAMED, SAME_PERSON)
        .where(NAMED.name == name)
        .order_by(Reference.id)
    )
    return session.execute(statement).scalars().all()


def note_standings(session: Session, llrs: Mapping[int, float | None]) -> None:
    """Write the log-likelihood ratio of references against their signer's others, by reference id."""
    for reference_id, llr in sorted(llrs.items()):
        session.execute(update(Reference).where(Reference.id == reference_id).values(llr=llr))


def enrolled(session: Session) -> list[tuple[str, int]]:
    """Signers with references, and the number of these, by name; other names of a signer are left out."""
    statement = (
        select(NAMED.name, func.count(Reference.id))
        .select_from(Signer)
        .join(NAMED, _ONE_NAME)
        .join(Reference, Reference.signer_id == Signer.id)
        .group_by(NAMED.name)
        .order_by(NAMED.name)
    )
    return [(name, number) for name, number in session.execute(statement).all()]


def outdated(session: Session, names: Sequence[str], *, encoder: str) -> Sequence[Reference]:
    """References that another encoder embedded or that no strokes are known of; of all without a name."""
    lacking = or_(Reference.encoder != encoder, Reference.strokes.is_(None))
    statement = select(Reference).where(lacking).order_by(Reference.id)
    if names:
        theirs = select(Signer.id).join(NAMED, SAME_PERSON).where(NAMED.name.in_(names))
        statement = statement.where(Reference.signer_id.in_(theirs))
    return session.execute(statement).scalars().all()


def note_damage(session: Session, reference_id: int, damage: str) -> None:
    """Write what is wrong with a reference's stored picture."""
    session.execute(update(Reference).where(Reference.id == reference_id).values(damage=damage))


def named(session: Session, reference_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Whose these references are, and their numbers among the signer's."""
    person = person_of()
    number = func.row_number().over(partition_by=person, order_by=Reference.id)
    of_people = select(person).join(Reference).where(Reference.id.in_(reference_ids))
    numbered = (
        select(Reference.id, NAMED.name, number.label("number"))
        .join(Signer, Signer.id == Reference.signer_id)
        .join(NAMED, _ONE_NAME)
        .where(person.in_(of_people))
        .subquery()
    )
    rows = session.execute(select(numbered).where(numbered.c.id.in_(reference_ids)))
    return {row.id: (row.name, row.number) for row in rows}


def embed_again(
    session: Session, reference_id: int, embedding: bytes, *, encoder: str, strokes: bytes
) -> None:
    """Replace a reference's embedding by that of another encoder, and its strokes with it.

    Its picture was read for that: it is not damaged.
    """
    values = {"embedding": embedding, "encoder": encoder, "strokes": strokes, "damage": None}
    session.execute(update(Reference).where(Reference.id == reference_id).values(values))


def _by_signer(
    session: Session,
    column: InstrumentedAttribute[_Value],
    *conditions: ColumnElement[bool],
    person: ColumnElement[bool] = SAME_PERSON,
) -> dict[str, list[_Value]]:
    """What the column says of references, in the order of their numbers, by the names of their signers."""
    statement = (
        select(NAMED.name, column)
        .join(Signer, person)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(*conditions)
        .order_by(NAMED.name, Reference.id)
    )
    values: dict[str, list[_Value]] = {}
    for name, value in session.execute(statement):
        values.setdefault(name, []).append(value)
    return values
