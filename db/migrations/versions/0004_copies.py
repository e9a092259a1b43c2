"""The same ink on two documents, and references that disagree with each other.

Revision: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Columns that tables gain.
ADDED: dict[str, tuple[tuple[str, sa.types.TypeEngine[Any]], ...]] = {
    "regions": (("strokes", sa.LargeBinary()), ("outline", sa.LargeBinary())),
    "references": (("strokes", sa.LargeBinary()), ("llr", sa.Double())),
    "verdicts": (("doubtful", sa.JSON()),),
}


def upgrade() -> None:
    """Apply."""
    for table, columns in ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    _create_scopes()
    _create_duplicates()
    _create_reference_copies()


def downgrade() -> None:
    """Take back."""
    for table in ("reference_copies", "duplicates", "scopes"):
        op.drop_table(table)
    for table, columns in ADDED.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, _ in columns:
                batch_op.drop_column(name)


def _create_scopes() -> None:
    op.create_table(
        "scopes",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["region_id"], ["regions.id"], name=op.f("fk_scopes_region_id_regions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("name", "region_id", name=op.f("uq_scopes_name_region_id")),
    )
    op.create_index("ix_scopes_region_id", "scopes", ["region_id"], unique=False)


def _create_duplicates() -> None:
    op.create_table(
        "duplicates",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.Column("of_region_id", NUMBER, nullable=True),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('bytes', 'page', 'ink')", name=op.f("ck_duplicates_kind")),
        sa.CheckConstraint("similarity BETWEEN 0 AND 1", name=op.f("ck_duplicates_similarity")),
        sa.ForeignKeyConstraint(
            ["of_region_id"],
            ["regions.id"],
            name=op.f("fk_duplicates_of_region_id_regions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["region_id"], ["regions.id"], name=op.f("fk_duplicates_region_id_regions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicates")),
        sa.UniqueConstraint("region_id", name=op.f("uq_duplicates_region_id")),
    )
    op.create_index("ix_duplicates_of_region_id", "duplicates", ["of_region_id"], unique=False)


def _create_reference_copies() -> None:
    op.create_table(
        "reference_copies",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("region_id", NUMBER, nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("reference", NUMBER, nullable=False),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.CheckConstraint("similarity BETWEEN 0 AND 1", name=op.f("ck_reference_copies_similarity")),
        sa.ForeignKeyConstraint(
            ["region_id"],
            ["regions.id"],
            name=op.f("fk_reference_copies_region_id_regions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_copies")),
        sa.UniqueConstraint("region_id", "signer", name=op.f("uq_reference_copies_region_id_signer")),
    )
    op.create_index("ix_reference_copies_signer", "reference_copies", ["signer"], unique=False)
