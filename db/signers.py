"""Queries on signers and their references. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.engine import now
from db.models import Reference, Signer
from db.writes import insert_or_find


def enroll(session: Session, name: str) -> int:
    """The signer's id; made when new."""
    return insert_or_find(session, Signer, {"name": name}, enrolled_at=now(session))[0]


def add_reference(session: Session, signer_id: int, sha256: str, **facts: Any) -> bool:
    """Put a reference on file; False when these bytes are on file already."""
    key = {"signer_id": signer_id, "sha256": sha256}
    return insert_or_find(session, Reference, key, enrolled_at=now(session), **facts)[1]


def forget_all(session: Session) -> None:
    """Take every signer and reference off file. Verdicts stay; they name their signers themselves."""
    session.execute(delete(Reference))
    session.execute(delete(Signer))


def embeddings(session: Session, names: Sequence[str], *, encoder: str) -> dict[str, list[bytes]]:
    """Embeddings on file of these signers made by this encoder; names without any are left out."""
    return _grouped(session, encoder, Signer.name.in_(names))


def all_embeddings(session: Session, *, encoder: str) -> dict[str, list[bytes]]:
    """Embeddings on file of every signer made by this encoder."""
    return _grouped(session, encoder)


def enrolled(session: Session) -> list[tuple[str, int]]:
    """Signers with the number of their references, by name."""
    statement = (
        select(Signer.name, func.count(Reference.id))
        .outerjoin(Reference, Reference.signer_id == Signer.id)
        .group_by(Signer.name)
        .order_by(Signer.name)
    )
    return [(name, number) for name, number in session.execute(statement).all()]


def outdated(session: Session, names: Sequence[str], *, encoder: str) -> Sequence[Reference]:
    """References that another encoder embedded, of these signers, or of all when no name is given."""
    statement = select(Reference).where(Reference.encoder != encoder).order_by(Reference.id)
    if names:
        statement = statement.join(Signer, Reference.signer_id == Signer.id).where(Signer.name.in_(names))
    return session.execute(statement).scalars().all()


def embed_again(session: Session, reference_id: int, embedding: bytes, *, encoder: str) -> None:
    """Replace a reference's embedding by that of another encoder."""
    values = {"embedding": embedding, "encoder": encoder}
    session.execute(update(Reference).where(Reference.id == reference_id).values(values))


def _grouped(session: Session, encoder: str, *conditions: Any) -> dict[str, list[bytes]]:
    statement = (
        select(Signer.name, Reference.embedding)
        .join(Reference, Reference.signer_id == Signer.id)
        .where(Reference.encoder == encoder, *conditions)
        .order_by(Signer.name, Reference.id)
    )
    found: dict[str, list[bytes]] = {}
    for name, embedding in session.execute(statement):
        found.setdefault(name, []).append(embedding)
    return found
