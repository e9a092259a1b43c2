"""Keys in a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from producer.console import empty_table, out, plain
from producer.services.keys import KeyOnFile


def show_keys(keys: Iterable[KeyOnFile]) -> None:
    """All keys on stdout, without their secrets."""
    table = empty_table("Keys", "name", "rights", "expires", "last use")
    for key in keys:
        rights = ", ".join(key.scopes) + (" (own documents)" if key.own_only else "")
        table.add_row(plain(key.name), rights, _end(key), _day(key.last_used_at) or "never")
    out.print(table)


def _end(key: KeyOnFile) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    return _day(key.expires_at)


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
