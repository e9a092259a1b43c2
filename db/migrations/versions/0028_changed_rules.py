"""Answers may be given because the rules of a type changed.

Revision: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_BEFORE = (
    "first_reading",
    "retry",
    "new_model",
    "new_reference",
    "changed_claim",
    "review",
    "copy_found",
    "erasure",
)
_TABLES = ("documents", "answers")


def upgrade() -> None:
    """Apply."""
    _allow(*_BEFORE, "changed_rules")


def downgrade() -> None:
    """Take back: what the rules changed is told as read again."""
    for table in _TABLES:
        caused = sa.table(table, sa.column("cause"))
        rules = caused.c.cause == "changed_rules"
        op.execute(sa.update(caused).where(rules).values(cause="retry"))
    _allow(*_BEFORE)


def _allow(*causes: str) -> None:
    for table in _TABLES:
        check = f"ck_{table}_answercause"
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(check), type_="check")
            batch_op.create_check_constraint(op.f(check), sa.column("cause").in_(causes))
