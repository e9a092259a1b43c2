"""Nothing is added to an answer that was given; `db.guards` makes its triggers behind every migration.

Revision: 0020
Revises: 0019
"""

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to apply: the guards are made anew anyway."""


def downgrade() -> None:
    """Nothing to take back."""
