"""Workers that say that they are alive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Heartbeat(Base):
    """The newest beat of a worker, and since when its beats have come without a gap."""

    __tablename__ = "heartbeats"
    __table_args__ = (UniqueConstraint("worker"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The worker's node name, as holders of leases have it.
    worker: Mapped[str]
    at: Mapped[datetime]
    since: Mapped[datetime]
