"""The same ink on two regions, or on a region and a reference."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base
from db.models.regions import Region


class Scope(Base):
    """What a region is sought among: regions that share a scope are looked through for the same ink.

    A scope is a signer, claimed or suggested, the empty one where nobody is claimed, or a page's pixels.
    """

    __tablename__ = "scopes"
    __table_args__ = (
        UniqueConstraint("name", "region_id"),
        Index("ix_scopes_region_id", "region_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))


class Duplicate(Base):
    """A region shows the same ink as an earlier one: the earliest that was found."""

    __tablename__ = "duplicates"
    __table_args__ = (
        UniqueConstraint("region_id"),
        Index("ix_duplicates_of_region_id", "of_region_id"),
        CheckConstraint("similarity BETWEEN 0 AND 1", name="similarity"),
        CheckConstraint("kind IN ('bytes', 'page', 'ink')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    #: None once the earlier document was erased, or while it is read again.
    of_region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id", ondelete="SET NULL"))
    similarity: Mapped[float]
    #: What else is the same: all bytes of the document, all pixels of the page, or the ink alone.
    kind: Mapped[str]

    of: Mapped[Region | None] = relationship(foreign_keys=[of_region_id], viewonly=True)


class ReferenceCopy(Base):
    """A region shows the same ink as a reference on file: one was made from the other."""

    __tablename__ = "reference_copies"
    __table_args__ = (
        UniqueConstraint("region_id", "signer"),
        Index("ix_reference_copies_signer", "signer"),
        CheckConstraint("similarity BETWEEN 0 AND 1", name="similarity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"))
    signer: Mapped[str]
    #: The reference's number among the signer's, from 1 in the order they were put on file.
    reference: Mapped[int]
    similarity: Mapped[float]
