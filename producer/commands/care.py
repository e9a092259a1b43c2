"""`countersign migrate` and `countersign doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from producer.console import err, out, print_json, table
from worker.errors import WrongUse

if TYPE_CHECKING:
    from sqlalchemy import Engine


def migrate(
    roles: Annotated[
        bool,
        typer.Option("--roles", help="Make the Postgres roles of least privilege, too; see SECURITY.md."),
    ] = False,
) -> None:
    """Bring the database to the newest schema. Safe to call again, and from several places at once."""
    from db.engine import make_engine  # noqa: PLC0415
    from db.migrate import upgrade  # noqa: PLC0415
    from worker.settings import Database  # noqa: PLC0415

    engine = make_engine(Database().database_url.get_secret_value())
    upgrade(engine)
    err.print(f"{engine.url.render_as_string(hide_password=True)} is at the newest schema")
    if roles:
        _make_roles(engine)


def _make_roles(engine: Engine) -> None:
    from db.roles import PRODUCER, READER, WORKER, grant  # noqa: PLC0415
    from worker.settings import Logins  # noqa: PLC0415

    logins = Logins()
    given = {
        PRODUCER: logins.producer_password,
        WORKER: logins.worker_password,
        READER: logins.reader_password,
    }
    passwords = {role: secret.get_secret_value() for role, secret in given.items() if secret}
    try:
        grant(engine, passwords)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    err.print(f"{', '.join(given)} have their rights; {len(passwords)} of them can log in")


def doctor(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Check only what `countersign run` needs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per check.")] = False,
) -> None:
    """Check Python, libraries, weights, queues, database, bucket and GPU; say what to do about each fault."""
    from producer.checks import EMBEDDED, QUEUED  # noqa: PLC0415

    findings = [check() for check in (EMBEDDED if embedded else (*EMBEDDED, *QUEUED))]
    if as_json:
        for finding in findings:
            print_json(
                {
                    "check": finding.name,
                    "ok": finding.good,
                    "found": finding.found,
                    "advice": finding.advice,
                }
            )
    else:
        shown = table("Countersign's health", "check", "", "found", "what to do")
        for finding in findings:
            mark = {True: "[green]good[/]", False: "[red]bad[/]", None: "[dim]none[/]"}[finding.good]
            shown.add_row(finding.name, mark, escape(finding.found), escape(finding.advice))
        out.print(shown)
    raise typer.Exit(1 if any(finding.good is False for finding in findings) else 0)
