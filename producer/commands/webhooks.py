"""`countersign webhooks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, print_json
from producer.options import RunFolder
from producer.printing.webhooks import show_deliveries, show_webhooks, tell_secret
from producer.services.keys import LOCAL
from producer.services.run_folder import sessions_of
from producer.services.webhooks import (
    add_callbacks,
    add_webhook,
    list_deliveries,
    list_webhooks,
    remove_webhook,
    rotate_secret,
    send_again,
)
from producer.text import counted
from worker.errors import WrongUse
from worker.settings import Webhooks

#: Deliveries that `log` shows.
_LATEST = 50


class WebhookAction(StrEnum):
    """What is done with webhooks."""

    LIST = "list"
    ADD = "add"
    REMOVE = "remove"
    ROTATE = "rotate"
    REPLAY = "replay"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class _Order:
    """The word behind the action, and the options."""

    word: str | None
    folder: Path | None
    events: tuple[str, ...]
    since: str | None
    delivery: int | None
    as_json: bool
    callbacks: bool


def webhooks(
    action: Annotated[WebhookAction, typer.Argument(help="What to do; see above.")] = WebhookAction.LIST,
    word: Annotated[str | None, typer.Argument(help="The address to add, or a webhook's number.")] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="With add: only such messages, as document.done; repeatable.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With replay: everything after this token; `start` for everything.")
    ] = None,
    delivery: Annotated[int | None, typer.Option(help="With replay: this delivery alone.")] = None,
    callbacks: Annotated[
        bool, typer.Option("--callbacks", help="With add: tell the callback of each document.")
    ] = False,
    folder: RunFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Addresses that are told over HTTP what became of documents: `list`, or `add URL`, `remove NUMBER`.

    `rotate NUMBER` makes a new secret; for 24 hours messages are signed with the earlier one, too. `log
    NUMBER` shows the latest deliveries. `replay NUMBER` sends again what the address does not have.

    A secret is printed once. `countersign deliver` sends.
    """
    order = _Order(word, folder, tuple(event or ()), since, delivery, as_json, callbacks)
    _ACTIONS[action](order)


def _list(order: _Order) -> None:
    rows = list_webhooks(sessions_of(order.folder), LOCAL)
    if order.as_json:
        for row in rows:
            print_json(row)
    else:
        show_webhooks(rows)


def _add(order: _Order) -> None:
    if (order.word is None) != order.callbacks:
        raise WrongUse("name the address, or --callbacks; one of the two")
    sessions = sessions_of(order.folder)
    if order.word is None:
        made = add_callbacks(sessions, LOCAL, order.events)
    else:
        networks = Webhooks().webhook_networks
        made = add_webhook(sessions, LOCAL, order.word, order.events, networks=networks)
    (print_json if order.as_json else tell_secret)(made)


def _remove(order: _Order) -> None:
    remove_webhook(sessions_of(order.folder), LOCAL, _number(order))
    err.print(f"webhook {order.word} is removed, with its deliveries")


def _rotate(order: _Order) -> None:
    made = rotate_secret(sessions_of(order.folder), LOCAL, _number(order))
    (print_json if order.as_json else tell_secret)(made)


def _replay(order: _Order) -> None:
    due = send_again(
        sessions_of(order.folder), LOCAL, _number(order), since=order.since, delivery=order.delivery
    )
    more = "; changes without a delivery follow" if order.since else ""
    err.print(f"{counted(due, 'message')} sent again{more}")


def _log(order: _Order) -> None:
    page = list_deliveries(sessions_of(order.folder), LOCAL, _number(order), limit=_LATEST)
    if order.as_json:
        for row in page.deliveries:
            print_json(row)
    else:
        show_deliveries(page.deliveries)


def _number(order: _Order) -> int:
    if order.word is None or not order.word.isdecimal():
        raise WrongUse("give the number of a webhook, as `countersign webhooks` lists them")
    return int(order.word)


_ACTIONS: Mapping[WebhookAction, Callable[[_Order], None]] = {
    WebhookAction.LIST: _list,
    WebhookAction.ADD: _add,
    WebhookAction.REMOVE: _remove,
    WebhookAction.ROTATE: _rotate,
    WebhookAction.REPLAY: _replay,
    WebhookAction.LOG: _log,
}
