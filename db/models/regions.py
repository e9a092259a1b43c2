"""Regions with their verdicts and suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base
from db.models.documents import Page
from db.states import VerdictOutcome

if TYPE_CHECKING:
    from db.models.copies import Duplicate, ReferenceCopy

#: As SQL has them in a list.
_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in VerdictOutcome)


class QualityContent(TypedDict):
    """How fit a crop is for comparison, as `worker.vision.values.Quality` has it."""

    ink: float
    width: int
    height: int
    usable: bool
    issues: list[str]


class ReferenceUsedContent(TypedDict):
    """A reference as it was when a signature was compared with it; its row may be gone since."""

    id: int
    #: Its number among the signer's then, from 1.
    number: int
    sha256: str
    #: Storage key of its picture.
    image: str


class Region(Base):
    """One detected region, in pixels of its page image, numbered per page from 0, best score first."""

    __tablename__ = "regions"
    __table_args__ = (
        UniqueConstraint("page_id", "index"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score"),
        CheckConstraint("width > 0 AND height > 0", name="box"),
        CheckConstraint("x >= 0 AND y >= 0", name="corner"),
        CheckConstraint("role_probability BETWEEN 0 AND 1", name="role_probability"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"))
    index: Mapped[int]
    label: Mapped[str]
    score: Mapped[float]
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    crop_key: Mapped[str]
    #: Whether it signs the document, and how probable that is; None where roles were not asked for.
    signs: Mapped[bool | None]
    role_probability: Mapped[float | None]
    #: Filled by verification: the cleaned crop, its quality and its embedding (float16, little-endian).
    clean_key: Mapped[str | None]
    quality: Mapped[QualityContent | None] = mapped_column(JSON)
    #: Reason code and sentence where verification could not work on it: its crop is damaged in storage.
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    #: Loaded only when asked for: who reads results needs no embeddings, and may not read them.
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: The strokes and their rough shape, by which the same ink is found again; None where there are too few.
    strokes: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    outline: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    page: Mapped[Page] = relationship(viewonly=True)
    duplicate: Mapped[Duplicate | None] = relationship(foreign_keys="Duplicate.region_id", viewonly=True)
    reference_copies: Mapped[list[ReferenceCopy]] = relationship(
        order_by="ReferenceCopy.similarity.desc()", viewonly=True
    )
    verdicts: Mapped[list[Verdict]] = relationship(order_by="Verdict.id", viewonly=True)
    suggestions: Mapped[list[Suggestion]] = relationship(order_by="Suggestion.rank", viewonly=True)


class Verdict(Base):
    """A region against a claimed signer; signer is "" when the document claims nobody."""

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("region_id", "signer"),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
        CheckConstraint('"references" >= 0', name="references"),
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome"),
        CheckConstraint(
            "outcome NOT IN ('genuine', 'forged') OR probability IS NOT NULL",
            name="an_answer_has_a_probability",
        ),
        Index("ix_verdicts_outcome_region_id", "outcome", "region_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    signer: Mapped[str]
    outcome: Mapped[str]
    probability: Mapped[float | None]
    #: Natural logarithm of the likelihood ratio, genuine over forged.
    llr: Mapped[float | None]
    confidence: Mapped[str | None]
    references: Mapped[int]
    #: Numbers, from 1, of the references that disagreed with the signer's others.
    doubtful: Mapped[list[int] | None] = mapped_column(JSON)
    #: Numbers of the references that were left out, for their pictures are damaged in storage.
    damaged: Mapped[list[int] | None] = mapped_column(JSON)
    #: Reason code where damage is why there is nothing to compare with.
    reason: Mapped[str | None]
    #: The signer on file whom the claimed name meant then; None where it meant nobody, and of older verdicts.
    signer_id: Mapped[int | None]
    #: The references that it rests on, in their order; None of older verdicts.
    compared_with: Mapped[list[ReferenceUsedContent] | None] = mapped_column(JSON(none_as_null=True))
    versions_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))


class Suggestion(Base):
    """An enrolled signer near to a region that nobody claimed: a hint for a person, never a verdict."""

    __tablename__ = "suggestions"
    __table_args__ = (UniqueConstraint("region_id", "rank"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    rank: Mapped[int]
    signer: Mapped[str]
    probability: Mapped[float]
