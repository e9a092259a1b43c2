"""Pictures that are damaged in storage: which reference, which region, and what a verdict went without.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = {
    "references": (("damage", sa.String),),
    "regions": (("reason", sa.String), ("detail", sa.String)),
    "verdicts": (("damaged", sa.JSON), ("reason", sa.String)),
}


def upgrade() -> None:
    """Apply."""
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, kind in columns:
                batch_op.add_column(sa.Column(name, kind(), nullable=True))


def downgrade() -> None:
    """Take back."""
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, _ in columns:
                batch_op.drop_column(name)
