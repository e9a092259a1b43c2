"""`countersign bundle` and `countersign replay`: a document's case, packed there and read again here."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from producer.commands.operations import only
from producer.console import err, out, print_json, table
from worker.errors import WrongUse

if TYPE_CHECKING:
    from worker.embedded.replay import Difference, Replayed


def bundle(
    document: Annotated[
        str, typer.Argument(help="A document's id, or a key, SHA-256 or task id that names one only.")
    ],
    file: Annotated[
        Path | None, typer.Option("--out", help="The ZIP file; default: document-ID.zip.")
    ] = None,
) -> None:
    """Write what is needed to read a document again on another machine: bytes, claims, references, answer.

    The file is as confidential as the document. It holds settings that decide an answer, and no secrets.
    """
    from worker import connections  # noqa: PLC0415
    from worker.embedded.bundle import write  # noqa: PLC0415
    from worker.embedded.replay import pack  # noqa: PLC0415

    with connections.sessions()() as session:
        ids = only(session, document)
    if not ids:
        raise WrongUse(f"there is no document {document!r}")
    path = file or Path(f"document-{ids[0]}.zip")
    write(pack(ids[0], connections.sessions(), connections.store()), path)
    err.print(f"{path}: {path.stat().st_size} bytes; countersign replay {path}", markup=False, soft_wrap=True)


def replay(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The ZIP file.", exists=True)],
    folder: Annotated[
        Path | None, typer.Option("--out", help="Empty folder to keep the results in; default: none is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Read a bundle's document again, here and without servers: is the answer the same?

    Exit status 1 says that it is not. Other weights or other code are named beside it.
    """
    from worker.embedded.bundle import read  # noqa: PLC0415
    from worker.embedded.replay import replay as again  # noqa: PLC0415

    with ExitStack() as exits:
        found = read(file)
        home = folder or Path(exits.enter_context(tempfile.TemporaryDirectory()))
        replayed = again(found, home)
    if as_json:
        print_json(_as_json(replayed))
    else:
        _show(replayed)
    raise typer.Exit(1 if replayed.answer else 0)


def _as_json(replayed: Replayed) -> dict[str, Any]:
    def listed(differences: Any) -> list[dict[str, Any]]:
        return [{"field": one.field, "then": one.then, "now": one.now} for one in differences]

    return {
        "same": not replayed.answer,
        "differences": listed(replayed.answer),
        "versions": listed(replayed.versions),
        "result": dict(replayed.result),
    }


def _show(replayed: Replayed) -> None:
    for title, differences in (("The answer", replayed.answer), ("The versions", replayed.versions)):
        if differences:
            shown = table(f"{title} then and now", "field", "then", "now")
            for one in differences:
                shown.add_row(*_row(one))
            out.print(shown)
    out.print("the answer is another one" if replayed.answer else "the answer is the same")


def _row(one: Difference) -> tuple[str, str, str]:
    return escape(one.field), escape(str(one.then)), escape(str(one.now))
