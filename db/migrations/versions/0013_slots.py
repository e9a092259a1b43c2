"""Slots of pages, and whether a document is in good order.

Revision: 0013
Revises: 0012
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BEFORE = ("detect", "verify", "closed")
AFTER = ("detect", "verify", "slots", "closed")


def upgrade() -> None:
    """Apply."""
    op.add_column("pages", sa.Column("layout_key", sa.String(), nullable=True))
    op.add_column("pages", sa.Column("slots", sa.JSON(), nullable=True))
    op.add_column("documents", sa.Column("completeness", sa.JSON(), nullable=True))
    change(BEFORE, AFTER)


def downgrade() -> None:
    """Take back. Chunks that wait for their slots are closed: they have all else."""
    op.execute("UPDATE chunks SET stage = 'closed' WHERE stage = 'slots'")
    change(AFTER, BEFORE)
    op.drop_column("documents", "completeness")
    op.drop_column("pages", "slots")
    op.drop_column("pages", "layout_key")


def change(before: Sequence[str], after: Sequence[str]) -> None:
    """Let chunks wait for these stages instead of those."""
    with op.batch_alter_table("chunks") as batch_op:
        batch_op.alter_column("stage", existing_type=stages(before), type_=stages(after))


def stages(values: Sequence[str]) -> sa.Enum:
    """The type of the column."""
    return sa.Enum(*values, name="chunkstage", native_enum=False, create_constraint=True, length=32)
