"""The query of bundles: which reference images stood behind a document's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.models import Reference, Signer, SignerEvent
from db.relations import person_of

#: By the name that is asked for and the digest: when it was put on file, and for which signer.
_OnFile = dict[tuple[str, str], tuple[datetime, int]]

_NAMED = aliased(Signer)


def references(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[tuple[int, str]]]:
    """Signer id and digest of each reference of these signers, oldest first; `before` is a moment.

    With a moment they are those that were on file then, also those that were removed since.
    """
    on_file: _OnFile = {} if before is None else _by_history(session, names, before)
    columns = Reference.signer_id, Reference.sha256, Reference.enrolled_at
    for name, signer_id, sha256, enrolled_at in session.execute(_of_people(names, *columns)):
        if before is None or enrolled_at <= before:
            # Older releases noted no events.
            on_file.setdefault((name, sha256), (enrolled_at, signer_id))
    by_name: dict[str, list[tuple[int, str]]] = {}
    for (name, sha256), (_, signer_id) in sorted(on_file.items(), key=lambda item: item[1]):
        by_name.setdefault(name, []).append((signer_id, sha256))
    return by_name


def _by_history(session: Session, names: Sequence[str], before: datetime) -> _OnFile:
    """What the histories of these signers say was on file at a moment."""
    columns = SignerEvent.signer_id, SignerEvent.reference, SignerEvent.at, SignerEvent.event
    statement = _of_people(names, *columns).where(SignerEvent.at <= before)
    on_file: _OnFile = {}
    for name, signer_id, sha256, at, event in session.execute(statement):
        if event == "enrolled":
            on_file.setdefault((name, sha256), (at, signer_id))
        elif event == "removed":
            on_file.pop((name, sha256), None)
    return on_file


def _of_people(names: Sequence[str], of_signer: InstrumentedAttribute[int], *columns: Any) -> Select[Any]:
    """These columns of a table, by the names of the people that its rows are about, in order."""
    person = person_of(_NAMED)
    return (
        select(_NAMED.name, of_signer, *columns)
        .join(Signer, or_(Signer.id == person, Signer.merged_into == person))
        .join(of_signer.class_, of_signer == Signer.id)
        .where(_NAMED.name.in_(names))
        .order_by(_NAMED.name, of_signer.class_.id)
    )
