"""What whoever sends a document says of it: priority, type, amount; and an index of contradicted claims.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECKS = {
    "ck_documents_priority": "priority BETWEEN -1 AND 1",
    "ck_documents_type": "type <> ''",
    "ck_documents_amount": "amount >= 0",
}
#: Indexes of what few documents have, with the condition that these meet.
_INDEXES = {"priority": "priority <> 0", "type": "type IS NOT NULL", "amount": "amount IS NOT NULL"}
_CONTRADICTED = "ix_answered_claims_contradicted"


def upgrade() -> None:
    """Apply. Documents that are there are as urgent as most."""
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", NUMBER, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("type", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("amount", sa.Double(), nullable=True))
        for name, check in _CHECKS.items():
            batch_op.create_check_constraint(op.f(name), check)
    for column, condition in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(
            f"ix_documents_{column}_id",
            "documents",
            [column, "id"],
            postgresql_where=where,
            sqlite_where=where,
        )

    where = sa.text("contradicted")
    op.create_index(
        _CONTRADICTED, "answered_claims", ["answer_id"], postgresql_where=where, sqlite_where=where
    )


def downgrade() -> None:
    """Take back. What was said of documents beside their claims is forgotten."""
    op.drop_index(_CONTRADICTED, "answered_claims")
    for column in _INDEXES:
        op.drop_index(f"ix_documents_{column}_id", "documents")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        for name in _CHECKS:
            batch_op.drop_constraint(op.f(name), type_="check")
        for column in ("amount", "type", "priority"):
            batch_op.drop_column(column)
