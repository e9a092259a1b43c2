"""What people are asked, and what they said: beside the machine's verdict, never over it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
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
        CheckConstraint(
            "third_by IS NULL OR (third_by <> first_by AND third_by <> second_by)", name="third_is_another"
        ),
        CheckConstraint("NOT closed OR NOT disputed OR third_by IS NOT NULL", name="disputed_needs_a_third"),
        CheckConstraint("expected IN ('genuine', 'forged')", name="expected"),
        CheckConstraint("expected IS NULL OR NOT closed", name="planted_stays_open"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    signer: Mapped[str]
    #: Why it is asked: a `db.states.ReviewReason`.
    why: Mapped[str]
    #: The higher comes first.
    priority: Mapped[int] = mapped_column(default=0)
    #: Whether two persons must answer, the second without seeing what the first has said.
    four_eyes: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    first_by: Mapped[str | None]
    second_by: Mapped[str | None]
    #: Whether the two gave different answers: a third person ends it then.
    disputed: Mapped[bool] = mapped_column(default=False)
    third_by: Mapped[str | None]
    #: The true answer of a planted case, which everybody is asked once; None of all others.
    expected: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0)
    #: Until then nobody else gets it: `holder` works on it, or, without one, it was put off.
    lease_until: Mapped[datetime | None]
    holder: Mapped[str | None]
    created_at: Mapped[datetime]


class ReviewScan(Base):
    """The one row that says up to which place of the feed answers were looked through for what is asked."""

    __tablename__ = "review_scan"
    __table_args__ = (CheckConstraint("id = 1", name="alone"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: The name of the feed, and the place in it.
    feed: Mapped[str]
    place: Mapped[int]


class KeyMap(Base):
    """The keys with which a person reviews, where they are others than the usual ones."""

    __tablename__ = "key_maps"
    __table_args__ = (UniqueConstraint("who"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str]
    #: Keys by what they do.
    keys: Mapped[dict[str, str]] = mapped_column(JSON)


class EvidenceContent(TypedDict):
    """What a person was shown: storage keys of the crops, and digests of the references."""

    crop: str
    clean: str | None
    references: list[str]


class Decision(Base):
    """What one person said of a signature. Only ever added to; it stays when the document is read again.

    Who corrects an answer adds another with the next revision.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("review_id", "who", "revision"),
        Index("ix_decisions_document_id_id", "document_id", "id"),
        Index("ix_decisions_who_id", "who", "id"),
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
    revision: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    #: Why it was asked, and what of a planted case is true; None of decisions of older releases.
    why: Mapped[str | None]
    expected: Mapped[str | None]
    evidence: Mapped[EvidenceContent | None] = mapped_column(JSON(none_as_null=True))
    #: What the machine had said, how probable it held that, and what with.
    outcome: Mapped[str]
    probability: Mapped[float | None]
    versions_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))
