"""Who holds a lease, so that it can be taken from holders that stop or die.

Revision: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("documents", "chunks"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("holder", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    for table in ("documents", "chunks"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("holder")
