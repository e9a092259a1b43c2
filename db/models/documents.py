"""Documents with their claims, chunks and pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, enum_column
from db.states import (
    AnswerCause,
    ChunkStage,
    ClaimSource,
    DocumentStage,
    PageStatus,
    StageName,
    Status,
)

if TYPE_CHECKING:
    from db.models.answers import DocumentAnswer
    from db.models.regions import Region


class Leased:
    """Columns of a row that workers take turns on.

    A worker claims the row by raising `fence` and may write only while its fence is the newest. The row can
    be claimed again once `lease_until` has passed. Since `due_at` it has been waiting for a worker.
    """

    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    #: Who took the newest lease: the worker's node name and the task's id, with a space between.
    holder: Mapped[str | None]
    due_at: Mapped[datetime | None]
    #: How often the present stage was begun; back to 0 when the stage closes.
    deliveries: Mapped[int] = mapped_column(default=0)


def leased_model(stage: StageName) -> type[Document] | type[Chunk]:
    """The table whose rows wait for this stage."""
    return Document if isinstance(stage, DocumentStage) else Chunk


def _index_of_few(column: str, condition: str) -> Index:
    """By a column that says something of few documents only."""
    where = text(condition)
    return Index(f"ix_documents_{column}_id", column, "id", postgresql_where=where, sqlite_where=where)


class Document(Leased, Base):
    """One object version in the intake bucket, or one local file. Only an erasure deletes it."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("bucket", "key", "version"),
        CheckConstraint(
            "(status IN ('done', 'partial', 'failed')) = (stage = 'closed')", name="final_is_closed"
        ),
        CheckConstraint("status <> 'failed' OR reason IS NOT NULL", name="failed_says_why"),
        CheckConstraint("pages_total IS NULL OR pages_total > 0", name="pages_total"),
        CheckConstraint("priority BETWEEN -1 AND 1", name="priority"),
        CheckConstraint("type <> ''", name="type"),
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_documents_status_id", "status", "id"),
        Index("ix_documents_stage_due_at", "stage", "due_at"),
        Index("ix_documents_reason", "reason"),
        Index("ix_documents_sha256", "sha256"),
        Index("ix_documents_original_id", "original_id"),
        Index("ix_documents_signed_id", "signed", "id"),
        Index("ix_documents_finished_at", "finished_at"),
        _index_of_few("priority", "priority <> 0"),
        _index_of_few("type", "type IS NOT NULL"),
        _index_of_few("amount", "amount IS NOT NULL"),
        # What texts begin with is found by their bytes: the collation of the database may be any language's.
        Index("ix_documents_key_bytes", "key", postgresql_ops={"key": "text_pattern_ops"}),
        Index("ix_documents_sha256_bytes", "sha256", postgresql_ops={"sha256": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str]
    key: Mapped[str]
    #: The store's version id, or its ETag where the bucket has no versions, or the digest of a local file.
    version: Mapped[str]
    bytes: Mapped[int | None]
    sha256: Mapped[str | None]
    format: Mapped[str | None]
    status: Mapped[Status] = mapped_column(enum_column(Status), default=Status.WAITING)
    stage: Mapped[DocumentStage] = mapped_column(enum_column(DocumentStage))
    #: Stable reason code and a plain sentence, for failed documents.
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    #: None while unknown, and for ever when a page could not be read and no other carries a signature.
    signed: Mapped[bool | None]
    #: None until rendering has reached the end.
    pages_total: Mapped[int | None]
    #: An earlier document with the same bytes and claims, whose answer this one takes over.
    original_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    result_key: Mapped[str | None]
    #: Whether it is in good order, as the newest answer says; None where slots were not looked for.
    completeness: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))
    #: What whoever sent it says of it: the rank of a `Priority`, its type, and the amount that it is about.
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    type: Mapped[str | None]
    amount: Mapped[float | None]
    registered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: Number of the newest answer; None before the first.
    answer: Mapped[int | None]
    #: Why the next answer is sought, or the newest was, and who asked; None for the intake.
    cause: Mapped[AnswerCause] = mapped_column(enum_column(AnswerCause), default=AnswerCause.FIRST_READING)
    asked_by: Mapped[str | None]

    newest_answer: Mapped[DocumentAnswer | None] = relationship(
        primaryjoin="and_(DocumentAnswer.document_id == Document.id,"
        " DocumentAnswer.number == foreign(Document.answer))",
        foreign_keys="[Document.answer]",
        viewonly=True,
    )
    claims: Mapped[list[Claim]] = relationship(order_by="Claim.id", viewonly=True)
    pages: Mapped[list[Page]] = relationship(order_by="Page.index", viewonly=True)


class Claim(Base):
    """A document says it is signed by this signer. The name may be unknown to us."""

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("document_id", "signer"),
        CheckConstraint("signer <> ''", name="signer"),
        Index("ix_claims_signer_document_id", "signer", "document_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    signer: Mapped[str]
    source: Mapped[ClaimSource] = mapped_column(enum_column(ClaimSource))


class Chunk(Leased, Base):
    """A run of consecutive pages that travels through detection and verification together."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "index"),
        Index("ix_chunks_stage_due_at", "stage", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    index: Mapped[int]
    stage: Mapped[ChunkStage] = mapped_column(enum_column(ChunkStage))
    #: What verified it, regions or none; None until then.
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))


class Page(Base):
    """One page image of a document, numbered from 0."""

    __tablename__ = "pages"
    __table_args__ = (
        UniqueConstraint("document_id", "index"),
        Index("ix_pages_chunk_id", "chunk_id"),
        CheckConstraint("status <> 'failed' OR reason IS NOT NULL", name="failed_says_why"),
        CheckConstraint("status = 'failed' OR image_key IS NOT NULL", name="image"),
        CheckConstraint("width IS NULL OR (width > 0 AND height > 0 AND dpi > 0)", name="size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    chunk_id: Mapped[int] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"))
    index: Mapped[int]
    status: Mapped[PageStatus] = mapped_column(enum_column(PageStatus))
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    image_key: Mapped[str | None]
    #: How the pixels came about: embedded, rendered or image.
    source: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    dpi: Mapped[float | None]
    #: Size in PDF points; None for image files.
    points_width: Mapped[float | None]
    points_height: Mapped[float | None]
    #: Where its words and fields of forms lie; None where nobody asked for them.
    layout_key: Mapped[str | None]
    #: Its slots with what stands in them; None where they were not looked for.
    slots: Mapped[list[dict[str, object]] | None] = mapped_column(JSON(none_as_null=True))
    #: What detected on it; None until then.
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))

    document: Mapped[Document] = relationship(viewonly=True)
    regions: Mapped[list[Region]] = relationship(order_by="Region.index", viewonly=True)
