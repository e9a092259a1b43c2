"""Views of current answers; `db.guards.views` makes them behind every migration.

Revision: 0011
Revises: 0010
"""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to apply: the views are made anew anyway."""


def downgrade() -> None:
    """Nothing to take back."""
