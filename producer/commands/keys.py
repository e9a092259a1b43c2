"""`countersign keys`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, out, plain
from producer.printing.keys import show_keys
from producer.services.keys import Right, list_keys, make_key, withdraw_key
from producer.services.run_folder import sessions_of


class KeyAction(StrEnum):
    """What is done with keys."""

    LIST = "list"
    MAKE = "make"
    REVOKE = "revoke"


def keys(
    action: Annotated[
        KeyAction, typer.Argument(help="`make NAME`, `revoke NAME` or `list`.")
    ] = KeyAction.LIST,
    name: Annotated[str | None, typer.Argument(help="Whose key it is: a person or a program.")] = None,
    scope: Annotated[
        list[Right] | None, typer.Option(help="What it may do beside reading; may be given several times.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days until it expires.")] = 90,
    own_only: Annotated[
        bool, typer.Option("--own", help="Limit it to documents that were submitted with it.")
    ] = False,
    results: Annotated[
        Path | None,
        typer.Option("--results", "--run", help="A results folder, instead of the configured database."),
    ] = None,
) -> None:
    """Make, list and revoke keys for the HTTP API and the console.

    A new key is printed once, on stdout; only its digest is kept.
    """
    sessions = sessions_of(results)
    if action is KeyAction.LIST:
        show_keys(list_keys(sessions))
        return
    if name is None:
        raise typer.BadParameter("name the key")
    if action is KeyAction.MAKE:
        key = make_key(sessions, name, scope or (), days=days, own_only=own_only)
        out.print(key, markup=False, soft_wrap=True)
        err.print(f"the key of {plain(name)}; it is shown this once", soft_wrap=True)
    else:
        withdraw_key(sessions, name)
        err.print(f"the key of {plain(name)} is revoked", soft_wrap=True)
