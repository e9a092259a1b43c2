"""The query of bundles: which reference images stood behind a document's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Reference, Signer


def references(
    session: Session, names: Sequence[str], *, before: datetime | None
) -> dict[str, list[tuple[int, str]]]:
    """Signer id and digest of each reference of these signers, oldest first; `before` is a moment."""
    statement = (
        select(Signer.name, Reference.signer_id, Reference.sha256)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(Signer.name.in_(names))
        .order_by(Signer.name, Reference.id)
    )
    if before is not None:
        statement = statement.where(Reference.enrolled_at <= before)
    references: dict[str, list[tuple[int, str]]] = {}
    for name, signer_id, sha256 in session.execute(statement):
        references.setdefault(name, []).append((signer_id, sha256))
    return references
