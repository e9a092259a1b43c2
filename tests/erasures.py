"""Erasures on a test world: what was erased, and what is left."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import inspect, select, text, update

from db.engine import now
from db.models import Document, Erasure
from producer.services.erase import erase_document, erase_signer
from tests.fakes import page
from tests.world import World


def erased_document(world: World, document_id: int) -> bool:
    return erase_document(world.sessions, world.store, document_id, who="ann@desk")


def erased_signer(world: World, name: str) -> bool:
    return erase_signer(world.sessions, world.store, name, who="ann@desk")


def everything(world: World) -> str:
    """All rows of all tables but the erasures, as text."""
    with world.engine.connect() as connection:
        tables = [table for table in inspect(world.engine).get_table_names() if table != "erasures"]
        return "\n".join(str(connection.execute(text(f'SELECT * FROM "{one}"')).all()) for one in tables)


def lines(world: World) -> list[Erasure]:
    with world.sessions() as session:
        return list(session.execute(select(Erasure).order_by(Erasure.id)).scalars())


def signed(world: World, key: str, **more) -> int:
    return world.arrive(key, [page(0, marks=2), page(1, marks=1)], **more)


def finished_days_ago(world: World, document_id: int, days: float) -> None:
    with world.sessions() as session:
        moment = now(session) - timedelta(days=days)
        session.execute(update(Document).where(Document.id == document_id).values(finished_at=moment))
