"""The role of a region: whether it signs its document, and how probable that is.

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_IN_RANGE = "ck_regions_role_probability"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("regions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signs", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("role_probability", sa.Double(), nullable=True))
        batch_op.create_check_constraint(op.f(_IN_RANGE), "role_probability BETWEEN 0 AND 1")


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("regions", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_IN_RANGE), type_="check")
        batch_op.drop_column("role_probability")
        batch_op.drop_column("signs")
