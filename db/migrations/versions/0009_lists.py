"""Indexes of what people filter and search by.

Revision: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: Texts whose beginnings are sought.
_SOUGHT = ("key", "sha256")
_OTHERS = (
    ("documents", ("signed", "id")),
    ("claims", ("signer", "document_id")),
    ("verdicts", ("outcome", "region_id")),
)


def upgrade() -> None:
    """Apply."""
    for column in _SOUGHT:
        ops = {column: "text_pattern_ops"}
        op.create_index(f"ix_documents_{column}_bytes", "documents", [column], postgresql_ops=ops)
    for table, columns in _OTHERS:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    """Take back."""
    for column in _SOUGHT:
        op.drop_index(f"ix_documents_{column}_bytes", "documents")
    for table, columns in _OTHERS:
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
