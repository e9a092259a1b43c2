"""An answer is committed with the document that names it; `db.guards` makes its triggers anew.

Revision: 0021
Revises: 0020
"""

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to apply: the guards are made anew anyway."""


def downgrade() -> None:
    """Nothing to take back."""
