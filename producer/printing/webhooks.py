"""Webhooks and their deliveries in tables."""

from __future__ import annotations

from collections.abc import Iterable

from producer.console import empty_table, err, out, plain
from worker.result.webhooks import DeliveryResult, NewWebhookResult, WebhookResult


def show_webhooks(rows: Iterable[WebhookResult]) -> None:
    """All webhooks on stdout, without their secrets."""
    table = empty_table("Webhooks", "id", "address", "messages", "by", "waiting", "state")
    for row in rows:
        state = "" if row.stopped_at is None else f"stopped: {row.stopped_why}"
        messages = ", ".join(row.events) or "all"
        table.add_row(
            str(row.id), plain(row.url or "callbacks"), messages, plain(row.who), str(row.waiting), state
        )
    out.print(table)


def tell_secret(made: NewWebhookResult) -> None:
    """A secret on stdout, this once."""
    out.print(made.secret, markup=False, soft_wrap=True)
    err.print(f"the secret of webhook {made.id}; it is shown this once", soft_wrap=True)


def show_deliveries(rows: Iterable[DeliveryResult]) -> None:
    """Deliveries on stdout, a row for each with its last attempt."""
    table = empty_table(
        "Deliveries", "id", "message", "type", "document", "attempts", "last", "problem", "state"
    )
    for row in rows:
        last = row.attempts[-1] if row.attempts else None
        answer = "" if last is None or last.status is None else str(last.status)
        problem = "" if last is None else plain(last.problem or "")
        table.add_row(
            str(row.id),
            row.message,
            row.type,
            str(row.document),
            str(len(row.attempts)),
            answer,
            problem,
            _state(row),
        )
    out.print(table)


def _state(row: DeliveryResult) -> str:
    if row.delivered_at is not None:
        return f"delivered {row.delivered_at:%Y-%m-%d %H:%M:%S} UTC"
    return "given up" if row.due_at is None else f"due {row.due_at:%Y-%m-%d %H:%M:%S} UTC"
