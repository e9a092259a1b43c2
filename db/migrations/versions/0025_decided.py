"""Decisions of people take places in the feed; `db.guards` makes the trigger.

Revision: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_CHECK = "ck_changes_changekind"


def upgrade() -> None:
    """Apply."""
    _allow("answered", "reopened", "erased", "decided")


def downgrade() -> None:
    """Take back: the feed keeps its places, so a decision is told as an answer that was given again."""
    op.execute("UPDATE changes SET kind = 'answered' WHERE kind = 'decided'")
    _allow("answered", "reopened", "erased")


def _allow(*kinds: str) -> None:
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_CHECK), type_="check")
        batch_op.create_check_constraint(op.f(_CHECK), sa.column("kind").in_(kinds))
