"""The command line: `countersign`. Puts the subcommands together and turns errors into sentences."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from producer.commands import functions
from producer.console import err, out
from producer.extras import EXTRAS
from producer.text import FOLDER_IS_READ_ONLY
from worker.errors import ServiceError
from worker.exits import FAILED, WRONG_USE, end_broken_pipe, explanation
from worker.lazy import lazy_group
from worker.log_lines import configure_command
from worker.outages import is_read_only, server_errors
from worker.settings import Logging, complaints
from worker.version import code_version

app = typer.Typer(
    name="countersign",
    cls=lazy_group(functions()),
    help="Is it signed, where, and does each signature match the person it claims to be from?",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"countersign {code_version()}", highlight=False)
        raise typer.Exit


@app.callback()
def _countersign(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and stop."),
    ] = False,
) -> None:
    """Its commands are the modules of `producer.commands`."""


#: Whose errors speak of which server, and the variable that says where it is.
SERVERS = {
    "sqlalchemy": ("database", "COUNTERSIGN_DATABASE_URL"),
    "kombu": ("queues", "COUNTERSIGN_BROKER_URL"),
    "redis": ("queues", "COUNTERSIGN_BROKER_URL"),
    "botocore": ("store", "COUNTERSIGN_S3_ENDPOINT"),
}

#: A table or a column is missing: the SQLSTATE codes of Postgres, and what SQLite's messages begin with.
_SCHEMA_CODES = {"42P01", "42703"}
_SCHEMA_WORDS = ("no such table:", "no such column:")

#: What a user can put right, beside servers that are away.
REPAIRABLE: tuple[type[Exception], ...] = (ValidationError, ServiceError, ModuleNotFoundError, OSError)


def main() -> None:
    """Run a command. What a user can put right is one line on stderr and exit status 2, never a traceback."""
    try:
        # Commands that run on as services choose for themselves.
        configure_command(Logging())
        app()
    except BrokenPipeError:
        end_broken_pipe()
    except REPAIRABLE + server_errors() as error:
        sys.exit(explain(error))


def explain(error: Exception) -> int:
    """Say on stderr what went wrong and what helps; the exit status. Raises what no user can put right."""
    if isinstance(error, ValidationError):
        _complain(*complaints(error))
        return WRONG_USE
    if (known := explanation(error, EXTRAS)) is not None:
        sentence, status = known
        _complain(sentence)
        return status
    if isinstance(error, ModuleNotFoundError | OSError):
        raise error
    if _lacks_schema(error):
        _complain("the database does not have the tables of this version: run `countersign migrate`")
        return WRONG_USE
    if is_read_only(error):
        _complain(FOLDER_IS_READ_ONLY)
        return WRONG_USE
    server, variable = SERVERS[type(error).__module__.partition(".")[0]]
    first = str(error).strip().partition("\n")[0]
    _complain(f"the {server} did not do what was asked: {first}")
    err.print(
        f"Nothing registered is lost. See {variable}, and `countersign doctor`.", markup=False, soft_wrap=True
    )
    return FAILED


def _lacks_schema(error: Exception) -> bool:
    """Whether the database misses a table or a column: nobody has migrated it to this version."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "pgcode", None) in _SCHEMA_CODES or str(cause).startswith(_SCHEMA_WORDS)


def _complain(*lines: str) -> None:
    for line in lines:
        err.print(line, style="red", markup=False, soft_wrap=True)
