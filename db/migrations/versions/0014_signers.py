"""Signers who are one person: one name is merged into another.

Revision: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY = "fk_signers_merged_into_signers"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("signers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into", NUMBER, nullable=True))
        batch_op.create_foreign_key(op.f(_KEY), "signers", ["merged_into"], ["id"])
    op.create_index("ix_signers_merged_into", "signers", ["merged_into"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_signers_merged_into", "signers")
    with op.batch_alter_table("signers", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_KEY), type_="foreignkey")
        batch_op.drop_column("merged_into")
