"""Webhooks: addresses that are told of changes, deliveries, and attempts at them.

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: SQLite counts up only what it knows as INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _create_webhooks()
    _create_secrets()
    _create_deliveries()
    _create_attempts()


def downgrade() -> None:
    """Take back."""
    for table in ("delivery_attempts", "deliveries", "webhook_secrets", "webhooks"):
        op.drop_table(table)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("own_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.Column("stopped_why", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stopped_why IS NULL)", name=op.f("ck_webhooks_stopped_says_why")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_holder", "webhooks", ["holder"])


def _create_secrets() -> None:
    op.create_table(
        "webhook_secrets",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("webhook_id", NUMBER, nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        _refers("webhook_secrets", "webhook_id", "webhooks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index("ix_webhook_secrets_webhook_id", "webhook_secrets", ["webhook_id"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("webhook_id", NUMBER, nullable=False),
        sa.Column("place", NUMBER, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("document_id", NUMBER, nullable=False),
        sa.Column("answer", NUMBER, nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "delivered_at IS NULL OR due_at IS NULL", name=op.f("ck_deliveries_delivered_is_not_due")
        ),
        _refers("deliveries", "webhook_id", "webhooks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook_id", "place", name=op.f("uq_deliveries_webhook_id_place")),
    )
    op.create_index("ix_deliveries_webhook_id_due_at", "deliveries", ["webhook_id", "due_at"])
    op.create_index("ix_deliveries_document_id", "deliveries", ["document_id"])


def _create_attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("delivery_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("status", NUMBER, nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        _refers("delivery_attempts", "delivery_id", "deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    op.create_index("ix_delivery_attempts_delivery_id_id", "delivery_attempts", ["delivery_id", "id"])
