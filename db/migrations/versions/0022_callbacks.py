"""Callbacks: addresses that are told of one document alone.

Revision: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INDEX = "ix_webhooks_callbacks"


def upgrade() -> None:
    """Apply."""
    op.add_column("webhooks", sa.Column("callbacks", sa.Boolean(), nullable=False, server_default=sa.false()))
    only = sa.text("callbacks")
    columns = ["holder", "callbacks"]
    op.create_index(_INDEX, "webhooks", columns, unique=True, postgresql_where=only, sqlite_where=only)
    op.add_column("submissions", sa.Column("callback", sa.String(), nullable=True))
    op.add_column("deliveries", sa.Column("url", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back: what callbacks were told is forgotten with them."""
    op.execute("DELETE FROM webhooks WHERE callbacks")
    op.drop_column("deliveries", "url")
    op.drop_column("submissions", "callback")
    op.drop_index(_INDEX, "webhooks")
    op.drop_column("webhooks", "callbacks")
