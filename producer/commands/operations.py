"""The commands of those who answer for the service: audit, erase, retain."""

from __future__ import annotations

import getpass
import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from producer.commands.intake import place
from producer.commands.queue import checked_name
from producer.console import coloured, err, out, plain, print_json, progress, table
from worker.errors import WrongUse

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from producer.audit import Loose, Statement
    from worker.steps.erase import Eraser

#: Unknown versions that are named when no file takes them all.
SHOWN = 20


def audit(
    source: Annotated[str, typer.Argument(help="s3://bucket/ or s3://bucket/prefix")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
    everything: Annotated[
        Path | None, typer.Option("--all", help="File for every unknown or vanished version, as JSON lines.")
    ] = None,
) -> None:
    """Compare a bucket with the database: is every version accounted for?

    Exit status 1 says that a version is not: it is not registered, or its document has no final status yet.
    """
    from producer.audit import UNKNOWN  # noqa: PLC0415
    from producer.audit import audit as compare  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415
    from worker.settings import Storage  # noqa: PLC0415
    from worker.storage.s3 import s3_client  # noqa: PLC0415

    bucket, prefix = place(source)
    first: list[Loose] = []
    with ExitStack() as exits:
        file = None if everything is None else exits.enter_context(everything.open("w", encoding="utf-8"))

        def note(one: Loose) -> None:
            if file is not None:
                file.write(json.dumps({"key": one.key, "version": one.version, "state": one.state}) + "\n")
            elif one.state == UNKNOWN and len(first) < SHOWN:
                first.append(one)

        statement = compare(connections.sessions(), s3_client(Storage()), bucket, prefix, on_loose=note)
    if as_json:
        print_json(statement.as_json())
    else:
        _show(statement, first)
    raise typer.Exit(0 if statement.complete else 1)


def erase(
    document: Annotated[
        str | None, typer.Option(help="A document's id, or a key, SHA-256 or task id that names one only.")
    ] = None,
    signer: Annotated[str | None, typer.Option(help="A signer's name.")] = None,
    documents_too: Annotated[
        bool, typer.Option("--documents-too", help="With --signer: erase the documents that claim them, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a document or a signer: rows, pictures, embeddings and results. A line without names stays.

    The original in the intake bucket is yours to delete; an erased document is not taken in again.
    """
    from db import erase  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415

    if (document is None) == (signer is None) or (documents_too and signer is None):
        raise WrongUse("give --document or --signer, one of the two")
    signer = None if signer is None else checked_name(signer)
    with connections.sessions()() as session:
        if document is not None:
            ids = only(session, document)
        else:
            ids = erase.claiming(session, signer or "") if documents_too else []
    what = f"the signer {signer!r} and {len(ids)} documents" if signer else f"{len(ids)} documents {ids}"
    if not yes:
        typer.confirm(f"erase {what} for good?", abort=True, err=True)
    eraser = _eraser(getpass.getuser())
    gone = sum(eraser.document(document_id) for document_id in ids)
    if signer is not None:
        said = "erased" if eraser.signer(signer) else "on file nowhere"
        err.print(f"the signer is {said}")
    err.print(f"{gone} documents erased")


def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
) -> None:
    """Erase the documents whose retention is over (COUNTERSIGN_RETAIN_DAYS). Meant for cron, once a day."""
    from db.base import Status  # noqa: PLC0415
    from worker.settings import Retention  # noqa: PLC0415
    from worker.steps.erase import StillAtWork  # noqa: PLC0415

    days = {Status(name): number for name, number in Retention().retain_days.items()}
    if not days:
        raise WrongUse('set COUNTERSIGN_RETAIN_DAYS, such as {"done": 90, "failed": 30}')
    eraser, counts = _eraser("retention"), Counter[str]()
    with progress() as bar:
        for document_id in bar.track(eraser.expired(days), description="documents"):
            try:
                counts["erased"] += dry_run or eraser.document(document_id)
            except StillAtWork:
                counts["still at work"] += 1
    err.print(f"{counts['erased']} documents {'would be ' if dry_run else ''}erased")
    if counts["still at work"]:
        err.print(f"{counts['still at work']} are being worked on and stay until the next time")


def only(session: Session, text: str) -> list[int]:
    """The id of the one document that is named so, or nothing. WrongUse when there are several.

    A number is an id and nothing else: what cannot be undone must not meet a document that is called so.
    """
    from db import documents  # noqa: PLC0415

    found = [one.id for one in documents.find(session, text) if not text.isdecimal() or one.id == int(text)]
    if len(found) > 1:
        raise WrongUse(f"{text!r} names the documents {', '.join(map(str, found))}: give an id")
    return found


def _eraser(who: str) -> Eraser:
    from worker import connections  # noqa: PLC0415
    from worker.steps.erase import Eraser  # noqa: PLC0415

    return Eraser(connections.sessions(), connections.store(), who)


def _show(statement: Statement, unknown: list[Loose]) -> None:
    said = statement.as_json()
    gone = said.pop("gone")
    shown = table(f"s3://{statement.bucket}/{statement.prefix}", "versions", "in the bucket", "gone from it")
    for state in (name for name in said if name not in ("bucket", "prefix", "complete", "versions")):
        shown.add_row(coloured(state), str(said[state]), str(gone.get(state, "")))
    shown.add_row("all", str(statement.versions), str(statement.gone.total()))
    out.print(shown)
    for one in unknown:
        out.print(f"unknown: {plain(one.key)} ({plain(one.version)})", soft_wrap=True)
    out.print(
        "every version is accounted for" if statement.complete else "not every version is accounted for"
    )
