"""Queries of the intake: which of many objects are registered already, and what those claim.

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import erase
from db.documents import Object
from db.models import Claim, Document


def unknown(session: Session, objects: Iterable[Object]) -> list[Object]:
    """Those of the objects that are no documents yet, each once, in their order; one query per bucket.

    Meant for a page of a listing: some thousand objects, not millions. What was erased stays out.
    """
    wanted = {(one.bucket, one.key, one.version): one for one in objects}
    known: set[tuple[str, str, str]] = set()
    for bucket in {bucket for bucket, _, _ in wanted}:
        known |= _versions(session, bucket, {key for name, key, _ in wanted if name == bucket})
    fresh = [one for name, one in wanted.items() if name not in known]
    gone_for_good = erase.erased(session, fresh)
    return [one for one in fresh if one not in gone_for_good]


def claimed_by_object(session: Session, objects: Collection[Object]) -> dict[Object, tuple[int, list[str]]]:
    """Ids and claims of the documents that these objects are, in the order of the ids; one query a bucket."""
    wanted = {(one.bucket, one.key, one.version): one for one in objects}
    known: dict[Object, tuple[int, list[str]]] = {}
    for bucket in sorted({one.bucket for one in objects}):
        keys = {one.key for one in objects if one.bucket == bucket}
        statement = (
            select(Document.id, Document.bucket, Document.key, Document.version, Claim.signer)
            .outerjoin(Claim, Claim.document_id == Document.id)
            .where(Document.bucket == bucket, Document.key.in_(keys))
            .order_by(Document.id, Claim.id)
        )
        for row in session.execute(statement):
            if (source := wanted.get((row.bucket, row.key, row.version))) is not None:
                _, names = known.setdefault(source, (row.id, []))
                names += [] if row.signer is None else [row.signer]
    return known


def _versions(session: Session, bucket: str, keys: Collection[str]) -> set[tuple[str, str, str]]:
    # By key alone: a comparison of whole rows makes Postgres forty times slower here.
    statement = select(Document.bucket, Document.key, Document.version).where(
        Document.bucket == bucket, Document.key.in_(keys)
    )
    return {(row.bucket, row.key, row.version) for row in session.execute(statement)}
