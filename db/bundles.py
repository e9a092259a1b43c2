"""The query of bundles: which reference images stood behind a document's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import Reference, Signer


def references(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[tuple[int, str]]]:
    """Signer id and digest of each reference of these signers, oldest first; `before` is a moment."""
    named = aliased(Signer)
    person = func.coalesce(named.merged_into, named.id)
    statement = (
        select(named.name, Reference.signer_id, Reference.sha256)
        .join(Signer, or_(Signer.id == person, Signer.merged_into == person))
        .join(Reference, Reference.signer_id == Signer.id)
        .where(named.name.in_(names))
        .order_by(named.name, Reference.id)
    )
    if before is not None:
        statement = statement.where(Reference.enrolled_at <= before)
    references: dict[str, list[tuple[int, str]]] = {}
    for name, signer_id, sha256 in session.execute(statement):
        references.setdefault(name, []).append((signer_id, sha256))
    return references
