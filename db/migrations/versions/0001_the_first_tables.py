"""The first tables.

Revision: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "signers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_signers_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signers")),
        sa.UniqueConstraint("name", name=op.f("uq_signers_name")),
    )
    op.create_table(
        "versions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("digest", name=op.f("uq_versions_digest")),
    )
    op.create_table(
        "documents",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("bytes", NUMBER, nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "working",
                "done",
                "partial",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "stage",
            sa.Enum(
                "render",
                "finish",
                "linked",
                "closed",
                name="documentstage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("signed", sa.Boolean(), nullable=True),
        sa.Column("pages_total", NUMBER, nullable=True),
        sa.Column("original_id", NUMBER, nullable=True),
        sa.Column("result_key", sa.String(), nullable=True),
        sa.Column("versions_id", NUMBER, nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliveries", NUMBER, nullable=False),
        sa.CheckConstraint(
            "(status IN ('done', 'partial', 'failed')) = (stage = 'closed')",
            name=op.f("ck_documents_final_is_closed"),
        ),
        sa.CheckConstraint(
            "status <> 'failed' OR reason IS NOT NULL", name=op.f("ck_documents_failed_says_why")
        ),
        sa.CheckConstraint("pages_total IS NULL OR pages_total > 0", name=op.f("ck_documents_pages_total")),
        sa.ForeignKeyConstraint(
            ["original_id"], ["documents.id"], name=op.f("fk_documents_original_id_documents")
        ),
        sa.ForeignKeyConstraint(
            ["versions_id"], ["versions.id"], name=op.f("fk_documents_versions_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("bucket", "key", "version", name=op.f("uq_documents_bucket_key_version")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index("ix_documents_original_id", ["original_id"], unique=False)
        batch_op.create_index("ix_documents_reason", ["reason"], unique=False)
        batch_op.create_index("ix_documents_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_documents_stage_due_at", ["stage", "due_at"], unique=False)
        batch_op.create_index("ix_documents_status_id", ["status", "id"], unique=False)

    op.create_table(
        "references",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("signer_id", NUMBER, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("image_key", sa.String(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["signer_id"], ["signers.id"], name=op.f("fk_references_signer_id_signers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_references")),
        sa.UniqueConstraint("signer_id", "sha256", name=op.f("uq_references_signer_id_sha256")),
    )
    op.create_table(
        "chunks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("index", NUMBER, nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "detect",
                "verify",
                "closed",
                name="chunkstage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("versions_id", NUMBER, nullable=True),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliveries", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_chunks_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["versions_id"], ["versions.id"], name=op.f("fk_chunks_versions_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
        sa.UniqueConstraint("document_id", "index", name=op.f("uq_chunks_document_id_index")),
    )
    with op.batch_alter_table("chunks", schema=None) as batch_op:
        batch_op.create_index("ix_chunks_stage_due_at", ["stage", "due_at"], unique=False)

    op.create_table(
        "claims",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "file",
                "metadata",
                "sidecar",
                "key",
                name="claimsource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("signer <> ''", name=op.f("ck_claims_signer")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_claims_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("document_id", "signer", name=op.f("uq_claims_document_id_signer")),
    )
    op.create_table(
        "events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("chunk", NUMBER, nullable=True),
        sa.Column("attempt", NUMBER, nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_events_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_document_id_id", ["document_id", "id"], unique=False)
        batch_op.create_index("ix_events_task", ["task"], unique=False)

    op.create_table(
        "pages",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("chunk_id", NUMBER, nullable=False),
        sa.Column("index", NUMBER, nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "rendered",
                "detected",
                "failed",
                name="pagestatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("image_key", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("width", NUMBER, nullable=True),
        sa.Column("height", NUMBER, nullable=True),
        sa.Column("dpi", sa.Double(), nullable=True),
        sa.Column("points_width", sa.Double(), nullable=True),
        sa.Column("points_height", sa.Double(), nullable=True),
        sa.Column("versions_id", NUMBER, nullable=True),
        sa.CheckConstraint("status <> 'failed' OR reason IS NOT NULL", name=op.f("ck_pages_failed_says_why")),
        sa.CheckConstraint("status = 'failed' OR image_key IS NOT NULL", name=op.f("ck_pages_image")),
        sa.CheckConstraint(
            "width IS NULL OR (width > 0 AND height > 0 AND dpi > 0)", name=op.f("ck_pages_size")
        ),
        sa.ForeignKeyConstraint(
            ["chunk_id"], ["chunks.id"], name=op.f("fk_pages_chunk_id_chunks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_pages_document_id_documents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["versions_id"], ["versions.id"], name=op.f("fk_pages_versions_id_versions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pages")),
        sa.UniqueConstraint("document_id", "index", name=op.f("uq_pages_document_id_index")),
    )
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.create_index("ix_pages_chunk_id", ["chunk_id"], unique=False)

    op.create_table(
        "regions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("page_id", NUMBER, nullable=False),
        sa.Column("index", NUMBER, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("crop_key", sa.String(), nullable=False),
        sa.Column("clean_key", sa.String(), nullable=True),
        sa.Column("quality", sa.JSON(), nullable=True),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_regions_score")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_regions_box")),
        sa.CheckConstraint("x >= 0 AND y >= 0", name=op.f("ck_regions_corner")),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages.id"], name=op.f("fk_regions_page_id_pages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
        sa.UniqueConstraint("page_id", "index", name=op.f("uq_regions_page_id_index")),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.Column("rank", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_id"], ["regions.id"], name=op.f("fk_suggestions_region_id_regions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint("region_id", "rank", name=op.f("uq_suggestions_region_id_rank")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("llr", sa.Double(), nullable=True),
        sa.Column("confidence", sa.String(), nullable=True),
        sa.Column("references", NUMBER, nullable=False),
        sa.Column("versions_id", NUMBER, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('genuine', 'forged', 'inconclusive', 'no_reference')",
            name=op.f("ck_verdicts_outcome"),
        ),
        sa.CheckConstraint(
            "outcome NOT IN ('genuine', 'forged') OR probability IS NOT NULL",
            name=op.f("ck_verdicts_an_answer_has_a_probability"),
        ),
        sa.CheckConstraint('"references" >= 0', name=op.f("ck_verdicts_references")),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_verdicts_probability")),
        sa.ForeignKeyConstraint(
            ["region_id"], ["regions.id"], name=op.f("fk_verdicts_region_id_regions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["versions_id"], ["versions.id"], name=op.f("fk_verdicts_versions_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("region_id", "signer", name=op.f("uq_verdicts_region_id_signer")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("verdicts")
    op.drop_table("suggestions")
    op.drop_table("regions")
    with op.batch_alter_table("pages", schema=None) as batch_op:
        batch_op.drop_index("ix_pages_chunk_id")

    op.drop_table("pages")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_task")
        batch_op.drop_index("ix_events_document_id_id")

    op.drop_table("events")
    op.drop_table("claims")
    with op.batch_alter_table("chunks", schema=None) as batch_op:
        batch_op.drop_index("ix_chunks_stage_due_at")

    op.drop_table("chunks")
    op.drop_table("references")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index("ix_documents_status_id")
        batch_op.drop_index("ix_documents_stage_due_at")
        batch_op.drop_index("ix_documents_sha256")
        batch_op.drop_index("ix_documents_reason")
        batch_op.drop_index("ix_documents_original_id")

    op.drop_table("documents")
    op.drop_table("versions")
    op.drop_table("signers")
