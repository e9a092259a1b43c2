"""How far traces were sent."""

from __future__ import annotations

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class TraceScan(Base):
    """The one row that says up to which place of the feed traces of documents were sent."""

    __tablename__ = "trace_scan"
    __table_args__ = (CheckConstraint("id = 1", name="alone"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: The name of the feed, and the place in it.
    feed: Mapped[str]
    place: Mapped[int]
