"""The tables: documents, their pages and verdicts, signers, versions, events and erasures."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, enum_column
from db.states import ChunkStage, ClaimSource, DocumentStage, PageStatus, StageName, Status

#: Digests and versions by name, and thresholds by name.
VersionsContent = dict[str, str | dict[str, float]]


class QualityContent(TypedDict):
    """How fit a crop is for comparison, as `worker.vision.values.Quality` has it."""

    ink: float
    width: int
    height: int
    usable: bool
    issues: list[str]


class ReferenceContent(QualityContent, total=False):
    """The same of a reference, with its grade; those put on file before grades were given have none."""

    score: float
    remarks: list[str]


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
        Index("ix_documents_status_id", "status", "id"),
        Index("ix_documents_stage_due_at", "stage", "due_at"),
        Index("ix_documents_reason", "reason"),
        Index("ix_documents_sha256", "sha256"),
        Index("ix_documents_original_id", "original_id"),
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
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))
    registered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    claims: Mapped[list[Claim]] = relationship(order_by="Claim.id", viewonly=True)
    pages: Mapped[list[Page]] = relationship(order_by="Page.index", viewonly=True)


class Claim(Base):
    """A document says it is signed by this signer. The name may be unknown to us."""

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("document_id", "signer"),
        CheckConstraint("signer <> ''", name="signer"),
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
    #: What detected on it; None until then.
    versions_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"))

    document: Mapped[Document] = relationship(viewonly=True)
    regions: Mapped[list[Region]] = relationship(order_by="Region.index", viewonly=True)


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


class Signer(Base):
    """An enrolled identity."""

    __tablename__ = "signers"
    __table_args__ = (CheckConstraint("name <> ''", name="name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    enrolled_at: Mapped[datetime]


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


class Verdict(Base):
    """A region against a claimed signer; signer is "" when the document claims nobody."""

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("region_id", "signer"),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
        CheckConstraint('"references" >= 0', name="references"),
        CheckConstraint("outcome IN ('genuine', 'forged', 'inconclusive', 'no_reference')", name="outcome"),
        CheckConstraint(
            "outcome NOT IN ('genuine', 'forged') OR probability IS NOT NULL",
            name="an_answer_has_a_probability",
        ),
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
    stage: Mapped[str]
    event: Mapped[str]
    chunk: Mapped[int | None]
    attempt: Mapped[int | None]
    worker: Mapped[str | None]
    task: Mapped[str | None]
    seconds: Mapped[float | None]
    detail: Mapped[str | None]


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
