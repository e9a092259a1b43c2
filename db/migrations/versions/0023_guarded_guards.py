"""Guards that no temporary table deceives, and names in lists; `db.guards` makes triggers and views anew.

Revision: 0023
Revises: 0022
"""

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to apply: guards and views are made anew anyway."""


def downgrade() -> None:
    """Nothing to take back."""
