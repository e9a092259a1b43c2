"""What outlives the work: versions behind results, events, and traces of erasures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

#: Digests and versions by name, and thresholds by name.
VersionsContent = dict[str, str | dict[str, float]]


class Versions(Base):
    """What produced a result: digests of the weights, thresholds and code. One row per distinct set."""

    __tablename__ = "versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: SHA-256 of the content as canonical JSON.
    digest: Mapped[str] = mapped_column(unique=True)
    content: Mapped[VersionsContent] = mapped_column(JSON)


class Event(Base):
    """One step on a document's way: who, when, which attempt, how long. Only ever added to."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_document_id_id", "document_id", "id"),
        Index("ix_events_task", "task"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    #: A stage, or one of `EventSource`.
    stage: Mapped[str]
    event: Mapped[str]
    chunk: Mapped[int | None]
    attempt: Mapped[int | None]
    worker: Mapped[str | None]
    task: Mapped[str | None]
    seconds: Mapped[float | None]
    detail: Mapped[str | None]
    #: Who acted, where a person did; None for workers and the intake.
    who: Mapped[str | None]
    #: The signer that the event speaks of, so that an erasure finds it.
    signer: Mapped[str | None]


class Erasure(Base):
    """A document or signer was erased: when, by whom, with a digest in place of its name. Never changed."""

    __tablename__ = "erasures"
    __table_args__ = (
        Index("ix_erasures_digest", "digest"),
        CheckConstraint("kind IN ('document', 'signer')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    #: The operator, or `retention`.
    who: Mapped[str]
    kind: Mapped[str]
    #: The id that the row had.
    subject: Mapped[int]
    #: SHA-256 of what named it: it answers "was this one erased?" and cannot be read back.
    digest: Mapped[str]
    #: How many stored objects went with it.
    objects: Mapped[int]
