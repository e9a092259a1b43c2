"""What a verdict rests on: whom the claimed name meant, and which references; claims found by their answers.

Revision: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("verdicts", sa.Column("signer_id", NUMBER, nullable=True))
    op.add_column("verdicts", sa.Column("compared_with", sa.JSON(), nullable=True))
    op.create_index("ix_answered_claims_outcome_answer_id", "answered_claims", ["outcome", "answer_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_answered_claims_outcome_answer_id", "answered_claims")
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.drop_column("compared_with")
        batch_op.drop_column("signer_id")
