"""`countersign submit`, `watch` and `results`: documents into the queued form, and its answers out of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from db.base import Status
from producer.claims import read_claims
from producer.console import err, progress
from producer.export import Format, Selection, export
from worker.errors import WrongUse
from worker.log_lines import configure

if TYPE_CHECKING:
    from db.documents import Object
    from producer.deps import IntakeDeps


def submit(
    source: Annotated[str, typer.Argument(help="A file, a folder, or s3://bucket/key or /prefix/.")],
    claims: Annotated[
        Path | None, typer.Option(help="CSV with the columns document,signer.", exists=True)
    ] = None,
) -> None:
    """Put documents on the queues.

    Local files are uploaded to the intake bucket first. What is registered already is not worked on twice.
    """
    from producer.submit import submit as register  # noqa: PLC0415

    table = {} if claims is None else read_claims(claims)
    deps = _deps(source)
    counts = register(_objects(source, deps, table), deps, table=table)
    err.print(f"{counts.new} new documents sent, {counts.known} known already, {counts.skipped} skipped")
    raise typer.Exit(1 if counts.skipped else 0)


def watch(
    source: Annotated[str, typer.Argument(help="s3://bucket/ or s3://bucket/prefix")],
    pulse: Annotated[
        Path | None, typer.Option(help="File to touch at each step, for a health check.")
    ] = None,
) -> None:
    """Take in whatever arrives in a bucket, until SIGTERM or Ctrl-C.

    Listens to notifications where COUNTERSIGN_SQS_URL or COUNTERSIGN_NOTICE_KEY name a source of them, and
    lists the whole bucket at intervals all the same: a lost notification costs minutes, never a document.
    """
    from producer.mailboxes import configured  # noqa: PLC0415
    from producer.pulse import Pulse  # noqa: PLC0415
    from producer.watch import stop_on_signals  # noqa: PLC0415
    from producer.watch import watch as take_in  # noqa: PLC0415
    from worker.settings import Broker, Logging, Storage  # noqa: PLC0415

    if not source.startswith("s3://"):
        raise WrongUse(f"{source!r} is no bucket; give s3://bucket/ or s3://bucket/prefix")
    deps = _deps(source)
    if deps.bucket == Storage().results_bucket:
        raise WrongUse(
            f"{deps.bucket} is the bucket for results; its page images would be taken in as documents"
        )
    mailboxes = configured(deps.settings, Broker(), Storage())
    log = Logging()
    configure(log.log_level or "INFO", log.log_format)
    with stop_on_signals() as stop:
        err.print(f"watching {source}")
        counts = take_in(deps, mailboxes, stop=stop, pulse=Pulse(pulse))
    err.print(f"stopped; {counts.new} documents were taken in")


def results(
    form: Annotated[
        Format, typer.Option("--format", help="jsonl has everything; the others are flat.")
    ] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
    status: Annotated[list[Status] | None, typer.Option(help="Only documents with this status.")] = None,
    after: Annotated[int, typer.Option(help="Only documents with a higher id.")] = 0,
) -> None:
    """Write results as JSON lines, CSV or Parquet: a document a line, or a verdict a row."""
    from worker import connections  # noqa: PLC0415

    chosen = Selection(tuple(status or ()), after)
    written = export(connections.sessions(), form, chosen, out or sys.stdout.buffer)
    err.print(f"{written.documents} documents; the next export goes on with --after {written.last}")


def _deps(source: str) -> IntakeDeps:
    from producer.deps import IntakeDeps  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415
    from worker.publisher import open_publisher  # noqa: PLC0415
    from worker.settings import Intake, Storage  # noqa: PLC0415
    from worker.storage.s3 import s3_client  # noqa: PLC0415

    settings, publisher = Intake(), open_publisher()
    bucket, prefix = place(source) if source.startswith("s3://") else (settings.intake_bucket, "")
    return IntakeDeps(
        sessions=connections.sessions(),
        client=s3_client(Storage()),
        send=publisher.start,
        depth=publisher.depth,
        settings=settings,
        bucket=bucket,
        prefix=prefix,
    )


def place(source: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix. WrongUse."""
    parts = urlsplit(source, allow_fragments=False)
    if not parts.netloc:
        raise WrongUse(f"{source!r} names no bucket; give s3://bucket/prefix")
    return parts.netloc, source.removeprefix(f"s3://{parts.netloc}").removeprefix("/")


def _objects(source: str, deps: IntakeDeps, table: dict[str, list[str]]) -> Iterator[Object]:
    from producer.listing import list_objects  # noqa: PLC0415
    from producer.submit import local_files, upload_file  # noqa: PLC0415

    if source.startswith("s3://"):
        yield from list_objects(deps.client, deps.bucket, deps.prefix)
        return
    with progress() as bar:
        for path, key in bar.track(list(local_files(Path(source))), description="uploading"):
            yield upload_file(path, key, deps, table=table)


def report(
    documents: Annotated[
        list[str] | None, typer.Argument(help="Ids, keys or SHA-256 digests; none for the newest.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    newest: Annotated[int, typer.Option(min=1, help="How many, when no document is named.")] = 100,
) -> None:
    """Write the HTML report of documents of the queued form: annotated pages, crops, verdicts."""
    from db import documents as rows  # noqa: PLC0415
    from db.results import document_result  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415
    from worker.report.html import write_report  # noqa: PLC0415

    with connections.sessions()() as session:
        named = [one.id for text in documents or [] for one in rows.find(session, text)]
        chosen = named if documents else rows.newest(session, newest)
        found = [document_result(session, document_id) for document_id in chosen]
    if not found:
        raise WrongUse("there is no such document; give an id, a key or a SHA-256")
    err.print(f"{len(found)} documents: {write_report(found, out, load_image=connections.store().get)}")
