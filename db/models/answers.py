"""Answers of documents, none of which is ever replaced, and the feed of changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, enum_column
from db.states import AnswerCause, ChangeKind, ClaimAnswer, Status


class DocumentAnswer(Base):
    """One answer of a document. They are numbered from 1 without gaps; the newest is the current one.

    `db/guards` holds the database to it: a document closes only with a new answer, and none is changed.
    """

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("status IN ('done', 'partial', 'failed')", name="final"),
        CheckConstraint("status <> 'failed' OR reason IS NOT NULL", name="failed_says_why"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    number: Mapped[int]
    at: Mapped[datetime]
    cause: Mapped[AnswerCause] = mapped_column(enum_column(AnswerCause))
    #: Who asked for it; None for the intake.
    asked_by: Mapped[str | None]
    status: Mapped[Status] = mapped_column(enum_column(Status))
    signed: Mapped[bool | None]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    #: Its result JSON, and the SHA-256 of that; None where no page was read, and of results before there
    #: were answers the digest.
    result_key: Mapped[str | None]
    result_sha256: Mapped[str | None]
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))

    claims: Mapped[list[AnsweredClaim]] = relationship(order_by="AnsweredClaim.id", viewonly=True)
    marks: Mapped[list[AnsweredMark]] = relationship(
        order_by="AnsweredMark.page, AnsweredMark.region", viewonly=True
    )


class AnsweredClaim(Base):
    """What an answer says of one claimed signer."""

    __tablename__ = "answered_claims"
    __table_args__ = (
        UniqueConstraint("answer_id", "signer"),
        Index("ix_answered_claims_signer", "signer"),
        Index("ix_answered_claims_outcome_answer_id", "outcome", "answer_id"),
        Index(
            "ix_answered_claims_contradicted",
            "answer_id",
            postgresql_where=text("contradicted"),
            sqlite_where=text("contradicted"),
        ),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
        CheckConstraint("(page IS NULL) = (region IS NULL)", name="place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    signer: Mapped[str]
    source: Mapped[str]
    #: None where the document could not be read.
    outcome: Mapped[ClaimAnswer | None] = mapped_column(enum_column(ClaimAnswer))
    #: The signature that stands for the claim, by page and region from 0.
    page: Mapped[int | None]
    region: Mapped[int | None]
    probability: Mapped[float | None]
    llr: Mapped[float | None]
    confidence: Mapped[str | None]
    references: Mapped[int | None]
    #: Whether another signature of the same signer on the document is forged, while this one is genuine.
    contradicted: Mapped[bool]


class DiscardedResult(Base):
    """An object that an erasure has replaced and that is yet to be erased itself."""

    __tablename__ = "discarded_results"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)


class AnsweredMark(Base):
    """What an answer says of one mark: where it stands, and what it is of the signer that it stands for."""

    __tablename__ = "answered_marks"
    __table_args__ = (
        UniqueConstraint("answer_id", "page", "region"),
        Index("ix_answered_marks_signer", "signer"),
        Index("ix_answered_marks_copy_of_signer", "copy_of_signer"),
        Index("ix_answered_marks_duplicate_of", "duplicate_of"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    page: Mapped[int]
    region: Mapped[int]
    label: Mapped[str]
    signs: Mapped[bool | None]
    role_probability: Mapped[float | None]
    score: Mapped[float]
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    crop_key: Mapped[str]
    clean_key: Mapped[str | None]
    #: The claimed signer that it stands for; None without one, and of a mark that is not compared.
    signer: Mapped[str | None]
    verdict: Mapped[str | None]
    contradicts: Mapped[bool]
    probability: Mapped[float | None]
    llr: Mapped[float | None]
    confidence: Mapped[str | None]
    references: Mapped[int | None]
    reason: Mapped[str | None]
    #: The earlier document with the same ink, by its id; it may be erased later.
    duplicate_of: Mapped[int | None]
    duplicate_page: Mapped[int | None]
    duplicate_region: Mapped[int | None]
    duplicate_similarity: Mapped[float | None]
    duplicate_kind: Mapped[str | None]
    copy_of_signer: Mapped[str | None]
    copy_of_reference: Mapped[int | None]


class DocumentChange(Base):
    """A place in the feed: a document has a new answer, is at work again, was decided on or erased.

    Places follow each other without gaps in the order in which transactions are committed. Triggers take
    them (`db/guards`); nobody else writes here.
    """

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_document_id", "document_id"),)

    #: The place, from 1.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind))
    #: The id that the document has, or had.
    document_id: Mapped[int]
    #: Number of the answer; None without one.
    answer: Mapped[int | None]


class ChangesHead(Base):
    """The one row that says which place is the last, and what this feed is called."""

    __tablename__ = "changes_head"
    __table_args__ = (CheckConstraint("id = 1", name="alone"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int]
    #: Drawn at random: a token of another database is recognised by it.
    feed: Mapped[str]
