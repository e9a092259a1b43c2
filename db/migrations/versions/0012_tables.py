"""What answers say of marks, for the flat tables; claims that an operator wrote.

Revision: 0012
Revises: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = ("file", "metadata", "sidecar", "key")
AFTER = (*BEFORE, "operator")


def upgrade() -> None:
    """Apply."""
    change_sources(BEFORE, AFTER)
    op.create_table(
        "answered_marks",
        *(sa.Column(name, NUMBER, nullable=False) for name in ("id", "answer_id", "page", "region")),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("signs", sa.Boolean(), nullable=True),
        sa.Column("role_probability", sa.Double(), nullable=True),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("score", "x", "y", "width", "height")),
        sa.Column("crop_key", sa.String(), nullable=False),
        sa.Column("clean_key", sa.String(), nullable=True),
        sa.Column("signer", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("contradicts", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("llr", sa.Double(), nullable=True),
        sa.Column("confidence", sa.String(), nullable=True),
        sa.Column("references", NUMBER, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        *(
            sa.Column(name, NUMBER, nullable=True)
            for name in ("duplicate_of", "duplicate_page", "duplicate_region")
        ),
        sa.Column("duplicate_similarity", sa.Double(), nullable=True),
        sa.Column("duplicate_kind", sa.String(), nullable=True),
        sa.Column("copy_of_signer", sa.String(), nullable=True),
        sa.Column("copy_of_reference", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["answers.id"],
            name=op.f("fk_answered_marks_answer_id_answers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered_marks")),
        sa.UniqueConstraint(
            "answer_id", "page", "region", name=op.f("uq_answered_marks_answer_id_page_region")
        ),
    )
    for name in ("signer", "copy_of_signer", "duplicate_of"):
        op.create_index(f"ix_answered_marks_{name}", "answered_marks", [name])


def downgrade() -> None:
    """Take back."""
    op.drop_table("answered_marks")
    op.execute("UPDATE claims SET source = 'file' WHERE source = 'operator'")
    change_sources(AFTER, BEFORE)


def change_sources(before: Sequence[str], after: Sequence[str]) -> None:
    """Let claims come from these sources instead of those."""
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.alter_column(
            "source", existing_type=sources(before), type_=sources(after), existing_nullable=False
        )


def sources(values: Sequence[str]) -> sa.Enum:
    """The type of the column."""
    return sa.Enum(*values, name="claimsource", native_enum=False, create_constraint=True, length=32)
