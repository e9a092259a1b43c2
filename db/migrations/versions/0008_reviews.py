"""The review queue, and what people decided.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    _create_reviews()
    _create_decisions()


def downgrade() -> None:
    """Take back."""
    for table in ("decisions", "reviews"):
        op.drop_table(table)


def _refers(table: str, column: str, other: str, on_delete: str | None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=on_delete)


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("priority", NUMBER, nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("first_by", sa.String(), nullable=True),
        sa.Column("second_by", sa.String(), nullable=True),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("NOT closed OR first_by IS NOT NULL", name=op.f("ck_reviews_closed_by_somebody")),
        sa.CheckConstraint(
            "NOT closed OR NOT four_eyes OR (second_by IS NOT NULL AND second_by <> first_by)",
            name=op.f("ck_reviews_four_eyes_are_two_persons"),
        ),
        _refers("reviews", "document_id", "documents", "CASCADE"),
        _refers("reviews", "region_id", "regions", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("region_id", "signer", name=op.f("uq_reviews_region_id_signer")),
    )
    op.create_index("ix_reviews_closed_priority_id", "reviews", ["closed", "priority", "id"], unique=False)
    op.create_index("ix_reviews_document_id", "reviews", ["document_id"], unique=False)


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("review_id", NUMBER, nullable=True),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("page", NUMBER, nullable=False),
        sa.Column("region", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("versions_id", NUMBER, nullable=False),
        sa.CheckConstraint("answer IN ('genuine', 'forged', 'cannot_say')", name=op.f("ck_decisions_answer")),
        _refers("decisions", "review_id", "reviews", "SET NULL"),
        _refers("decisions", "document_id", "documents", "CASCADE"),
        _refers("decisions", "versions_id", "versions", None),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("review_id", "who", name=op.f("uq_decisions_review_id_who")),
    )
    op.create_index("ix_decisions_document_id_id", "decisions", ["document_id", "id"], unique=False)
