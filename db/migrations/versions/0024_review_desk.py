"""The review desk: disputes, planted cases, what was shown, own keys; people whom a provider knows.

Revision: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECKS = {
    "ck_reviews_third_is_another": "third_by IS NULL OR (third_by <> first_by AND third_by <> second_by)",
    "ck_reviews_disputed_needs_a_third": "NOT closed OR NOT disputed OR third_by IS NOT NULL",
    "ck_reviews_expected": "expected IN ('genuine', 'forged')",
    "ck_reviews_planted_stays_open": "expected IS NULL OR NOT closed",
}
_ONE_ANSWER = "uq_decisions_review_id_who"
_KEY_OR_PERSON = "ck_web_sessions_key_or_person"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("disputed", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("third_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("expected", sa.String(), nullable=True))
        for name, check in _CHECKS.items():
            batch_op.create_check_constraint(op.f(name), check)
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.alter_column("disputed", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", NUMBER, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("why", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("expected", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("evidence", sa.JSON(), nullable=True))
        batch_op.drop_constraint(op.f(_ONE_ANSWER), type_="unique")
        batch_op.create_unique_constraint(op.f(f"{_ONE_ANSWER}_revision"), ["review_id", "who", "revision"])
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.alter_column("revision", existing_type=NUMBER, server_default=None)
    op.create_index("ix_decisions_who_id", "decisions", ["who", "id"])
    _change_sessions()
    _create_tables()


def downgrade() -> None:
    """Take back. Answers that corrected others go, and people whom a provider knows are logged out."""
    op.drop_table("key_maps")
    op.drop_table("review_scan")
    op.execute("DELETE FROM web_sessions WHERE key_id IS NULL")
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(_KEY_OR_PERSON), type_="check")
        batch_op.alter_column("key_id", existing_type=NUMBER, nullable=False)
        batch_op.drop_column("scopes")
        batch_op.drop_column("person")
    op.drop_index("ix_decisions_who_id", "decisions")
    op.execute("DELETE FROM decisions WHERE revision > 0")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f"{_ONE_ANSWER}_revision"), type_="unique")
        batch_op.create_unique_constraint(op.f(_ONE_ANSWER), ["review_id", "who"])
        for name in ("evidence", "expected", "why", "revision"):
            batch_op.drop_column(name)
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        for name in _CHECKS:
            batch_op.drop_constraint(op.f(name), type_="check")
        for name in ("expected", "third_by", "disputed"):
            batch_op.drop_column(name)


def _change_sessions() -> None:
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.alter_column("key_id", existing_type=NUMBER, nullable=True)
        batch_op.add_column(sa.Column("person", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("scopes", sa.JSON(), nullable=True))
        batch_op.create_check_constraint(op.f(_KEY_OR_PERSON), "(key_id IS NULL) <> (person IS NULL)")


def _create_tables() -> None:
    op.create_table(
        "review_scan",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_review_scan_alone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_scan")),
    )
    op.create_table(
        "key_maps",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_maps")),
        sa.UniqueConstraint("who", name=op.f("uq_key_maps_who")),
    )
