"""What people are asked, and what they said: beside the machine's verdict, never over it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Review(Base):
    """A verdict that a person is to look at. People take turns on it as workers do: by lease and fence."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("region_id", "signer"),
        Index("ix_reviews_closed_priority_id", "closed", "priority", "id"),
        Index("ix_reviews_document_id", "document_id"),
        CheckConstraint("NOT closed OR first_by IS NOT NULL", name="closed_by_somebody"),
        CheckConstraint(
            "NOT closed OR NOT four_eyes OR (second_by IS NOT NULL AND second_by <> first_by)",
            name="four_eyes_are_two_persons",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    signer: Mapped[str]
    #: Why it is asked: `inconclusive`, `forged` or `reference_copy`.
    why: Mapped[str]
    #: The higher comes first.
    priority: Mapped[int] = mapped_column(default=0)
    #: Whether two persons must answer, the second without seeing what the first has said.
    four_eyes: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    first_by: Mapped[str | None]
    second_by: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0)
    #: Until then nobody else gets it: `holder` works on it, or, without one, it was put off.
    lease_until: Mapped[datetime | None]
    holder: Mapped[str | None]
    created_at: Mapped[datetime]


class Decision(Base):
    """What one person said of a signature. Only ever added to; it stays when the document is read again."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("review_id", "who"),
        Index("ix_decisions_document_id_id", "document_id", "id"),
        CheckConstraint("answer IN ('genuine', 'forged', 'cannot_say')", name="answer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int | None] = mapped_column(ForeignKey("reviews.id", ondelete="SET NULL"))
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    page: Mapped[int]
    region: Mapped[int]
    signer: Mapped[str]
    who: Mapped[str]
    answer: Mapped[str]
    comment: Mapped[str | None]
    at: Mapped[datetime]
    #: What the machine had said, how probable it held that, and what with.
    outcome: Mapped[str]
    probability: Mapped[float | None]
    versions_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))
