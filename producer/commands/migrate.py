"""`countersign migrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from db.roles import DELIVERER, PRODUCER, READER, WEB, WORKER
from producer.console import err
from producer.services.migrate import begin_new_feed, make_roles, upgrade_database
from worker.settings import Database, Logins


def migrate(
    roles: Annotated[
        bool,
        typer.Option("--roles", help="Also give the database roles their rights; see SECURITY.md."),
    ] = False,
    new_file: Annotated[
        bool,
        typer.Option("--new-file", help="Make the SQLite file of the address, if it is not there."),
    ] = False,
    new_feed: Annotated[
        bool,
        typer.Option(
            "--new-feed",
            help="After a backup was restored: name the feed anew, so that its readers begin at its start.",
        ),
    ] = False,
) -> None:
    """Bring the database to the newest schema. Safe to call again, and from several places at once."""
    url = Database().database_url.get_secret_value()
    err.print(f"{upgrade_database(url, new_file=new_file)} is at the newest schema", soft_wrap=True)
    if roles:
        _make_roles(url)
    if new_feed:
        name = begin_new_feed(url)
        err.print(f"the feed is called {name} now: who reads it begins again with --since start")


def _make_roles(url: str) -> None:
    logins = Logins()
    given = {
        PRODUCER: logins.producer_password,
        WORKER: logins.worker_password,
        READER: logins.reader_password,
        WEB: logins.web_password,
        DELIVERER: logins.deliverer_password,
    }
    passwords = {role: secret.get_secret_value() for role, secret in given.items() if secret}
    make_roles(url, passwords)
    err.print(f"{', '.join(given)} have their rights; {len(passwords)} of them can log in")
