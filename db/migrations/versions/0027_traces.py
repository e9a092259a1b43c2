"""How far traces were sent.

Revision: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "trace_scan",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_trace_scan_alone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_scan")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("trace_scan")
