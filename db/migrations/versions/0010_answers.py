"""Answers that stay, and a feed of what changes.

Revision: 0010
Revises: 0009
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
CAUSES = (
    "first_reading",
    "retry",
    "new_model",
    "new_reference",
    "changed_claim",
    "review",
    "copy_found",
    "erasure",
)
TABLES = ("answers", "answered_claims", "changes", "changes_head", "signer_events", "discarded_results")
#: Every closed document has had one answer; what it was before a retry nobody wrote down.
FIRST_ANSWERS = """
    INSERT INTO answers
        (document_id, number, at, cause, status, signed, reason, detail, result_key, versions_id)
    SELECT id, 1, COALESCE(finished_at, registered_at), 'first_reading', status, signed, reason, detail,
        result_key, versions_id
    FROM documents WHERE stage = 'closed' ORDER BY id"""
FIRST_CHANGES = """
    INSERT INTO changes (id, at, kind, document_id, answer)
    SELECT row_number() OVER (ORDER BY at, document_id), at, 'answered', document_id, 1 FROM answers"""


def upgrade() -> None:
    """Apply."""
    op.execute(
        "ALTER TABLE documents ADD COLUMN cause VARCHAR(32) DEFAULT 'first_reading' NOT NULL"
        f" CONSTRAINT ck_documents_answercause CHECK (cause IN {CAUSES})"
    )
    op.add_column("documents", sa.Column("answer", NUMBER, nullable=True))
    op.add_column("documents", sa.Column("asked_by", sa.String(), nullable=True))
    op.add_column("events", sa.Column("who", sa.String(), nullable=True))
    op.add_column("events", sa.Column("signer", sa.String(), nullable=True))
    _create_answers()
    _create_answered_claims()
    _create_changes()
    _create_signer_events()
    op.create_table(
        "discarded_results",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discarded_results")),
        sa.UniqueConstraint("key", name=op.f("uq_discarded_results_key")),
    )
    op.execute(FIRST_ANSWERS)
    op.execute("UPDATE documents SET answer = 1 WHERE stage = 'closed'")
    op.execute(FIRST_CHANGES)
    first = sa.text("INSERT INTO changes_head SELECT 1, count(*), CAST(:feed AS VARCHAR) FROM changes")
    op.execute(first.bindparams(feed=secrets.token_hex(4)))


def downgrade() -> None:
    """Take back."""
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("events", schema=None) as batch_op:
        for name in ("who", "signer"):
            batch_op.drop_column(name)
    with op.batch_alter_table("documents", schema=None) as batch_op:
        # SQLite makes the table anew, and would keep the rule about a column that is gone.
        batch_op.drop_constraint(op.f("ck_documents_answercause"), type_="check")
        for name in ("answer", "asked_by", "cause"):
            batch_op.drop_column(name)


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("cause", _states("answercause", *CAUSES), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column(
            "status", _states("status", "waiting", "working", "done", "partial", "failed"), nullable=False
        ),
        sa.Column("signed", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("result_key", sa.String(), nullable=True),
        sa.Column("result_sha256", sa.String(), nullable=True),
        sa.Column("versions_id", NUMBER, nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_answers_number")),
        sa.CheckConstraint("status IN ('done', 'partial', 'failed')", name=op.f("ck_answers_final")),
        sa.CheckConstraint(
            "status <> 'failed' OR reason IS NOT NULL", name=op.f("ck_answers_failed_says_why")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_answers_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["versions_id"], ["versions.id"], name=op.f("fk_answers_versions_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_answers_document_id_number")),
    )


def _create_answered_claims() -> None:
    outcomes = ("genuine", "forged", "inconclusive", "no_reference", "not_found")
    op.create_table(
        "answered_claims",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("answer_id", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("outcome", _states("claimanswer", *outcomes), nullable=True),
        sa.Column("page", NUMBER, nullable=True),
        sa.Column("region", NUMBER, nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("llr", sa.Double(), nullable=True),
        sa.Column("confidence", sa.String(), nullable=True),
        sa.Column("references", NUMBER, nullable=True),
        sa.Column("contradicted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_answered_claims_probability")),
        sa.CheckConstraint("(page IS NULL) = (region IS NULL)", name=op.f("ck_answered_claims_place")),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["answers.id"],
            name=op.f("fk_answered_claims_answer_id_answers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered_claims")),
        sa.UniqueConstraint("answer_id", "signer", name=op.f("uq_answered_claims_answer_id_signer")),
    )
    op.create_index("ix_answered_claims_signer", "answered_claims", ["signer"], unique=False)


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", _states("changekind", "answered", "reopened", "erased"), nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("answer", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_document_id", "changes", ["document_id"], unique=False)
    op.create_table(
        "changes_head",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_changes_head_alone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes_head")),
    )


def _create_signer_events() -> None:
    op.create_table(
        "signer_events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("signer_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["signer_id"],
            ["signers.id"],
            name=op.f("fk_signer_events_signer_id_signers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_events")),
    )
    op.create_index("ix_signer_events_signer_id_id", "signer_events", ["signer_id", "id"], unique=False)


def _states(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
