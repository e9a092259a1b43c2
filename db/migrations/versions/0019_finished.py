"""Documents are counted by when they ended.

Revision: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_documents_finished_at", "documents", ["finished_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_documents_finished_at", "documents")
