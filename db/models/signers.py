"""Signers and their references."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.models.regions import QualityContent


class ReferenceContent(QualityContent, total=False):
    """The same of a reference, with its grade; those put on file before grades were given have none."""

    score: float
    remarks: list[str]


class Signer(Base):
    """An enrolled identity, or another name of one: it is merged into that."""

    __tablename__ = "signers"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        Index("ix_signers_merged_into", "merged_into"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    enrolled_at: Mapped[datetime]
    #: The signer whose other name this is; that one is merged into no other.
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("signers.id"))


class Reference(Base):
    """One signature image on file for a signer; the same bytes are kept once per signer."""

    __tablename__ = "references"
    __table_args__ = (UniqueConstraint("signer_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    signer_id: Mapped[int] = mapped_column(ForeignKey("signers.id", ondelete="CASCADE"))
    sha256: Mapped[str]
    image_key: Mapped[str]
    quality: Mapped[ReferenceContent] = mapped_column(JSON)
    embedding: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    #: Versions of encoder and cleaner; embeddings that others made are never compared with these.
    encoder: Mapped[str]
    enrolled_at: Mapped[datetime]
    #: The strokes, by which a copy of this image is recognised; empty where there are too few to tell.
    strokes: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: The log-likelihood ratio of this one against the signer's others; None below three references.
    llr: Mapped[float | None]
    #: What is wrong with the stored picture; None while it could be read when it was last needed.
    damage: Mapped[str | None]


class SignerEvent(Base):
    """What was done to a signer and its references: when, and by whom. Only ever added to."""

    __tablename__ = "signer_events"
    __table_args__ = (Index("ix_signer_events_signer_id_id", "signer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: An erasure takes the events along: they may name the person.
    signer_id: Mapped[int] = mapped_column(ForeignKey("signers.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    event: Mapped[str]
    who: Mapped[str | None]
    #: SHA-256 of the reference's bytes, where the event is about one.
    reference: Mapped[str | None]
    detail: Mapped[str | None]
