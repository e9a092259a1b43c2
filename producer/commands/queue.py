"""The commands of the queued form: submit, watch, status, results, retry, enroll."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from producer.claims import signer_name
from producer.commands import enrolments
from producer.console import coloured, err, out, plain, print_json, table
from worker.errors import UnusableReference, WrongUse


def status(
    document: Annotated[
        str | None, typer.Argument(help="A document's id, key, SHA-256 or task id; none for all in numbers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Say where documents stand: all of them in numbers, or one with its whole history."""
    if document is None:
        _overview(as_json)
    else:
        _history(document, as_json)


def retry(
    documents_: Annotated[
        list[str] | None, typer.Argument(metavar="[DOCUMENT]...", help="Ids, keys or digests.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="All quarantined documents with this reason code, or `any`.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="All quarantined since then, in UTC, such as 2026-11-20T08:00:00.")
    ] = None,
) -> None:
    """Send quarantined documents through again from the start. Their history stays.

    --reason and --since may be given together.
    """
    from db import documents  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415
    from worker.publisher import open_publisher  # noqa: PLC0415

    by_rule = reason is not None or since is not None
    if bool(documents_) == by_rule:
        raise WrongUse("give documents, or --reason CODE and --since TIME, one of the two")
    with connections.sessions()() as session:
        chosen = [one.id for text in documents_ or [] for one in _found(session, text)]
        if by_rule:
            code = None if reason == "any" else reason
            chosen = documents.failed(session, reason=code, since=since and since.replace(tzinfo=UTC))
        again = documents.start_again(session, chosen)
    for document_id in again:
        open_publisher().start(document_id)
    err.print(f"{len(again)} documents sent again; {len(chosen) - len(again)} were still at work")


def enroll(
    signer: Annotated[str, typer.Argument(help="The signer's name, as claims write it.")],
    images: Annotated[list[Path], typer.Argument(help="Images of one signature each.", exists=True)],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of the signer's references as JSON on stdout.")
    ] = False,
) -> None:
    """Put signature images on file for a signer. The same image twice counts once.

    Every reference gets a score from 0 to 1. One that disagrees with the signer's others is flagged and kept;
    that needs three. The last line says how many more are wanted.
    """
    from worker import wiring  # noqa: PLC0415
    from worker.steps.references import enroll as put_on_file  # noqa: PLC0415
    from worker.steps.references import judge  # noqa: PLC0415

    name = checked_name(signer)
    runner = wiring.runner()
    deps, renderer = runner.needs(wiring.verify_deps), runner.needs(wiring.render_deps).renderer
    unusable = 0
    names: dict[str, str] = {}
    for image in images:
        data = image.read_bytes()
        names[hashlib.sha256(data).hexdigest()] = str(image)
        try:
            one = put_on_file(name, str(image), data, deps=deps, renderer=renderer)
        except UnusableReference as error:
            unusable += 1
            err.print(f"[red]not enrolled:[/] {plain(str(error))}")
        else:
            err.print(f"{plain(str(image))}: {'enrolled' if one.new else 'was on file already'}")
    enrolment = asdict(judge(name, deps))
    if as_json:
        print_json(enrolment)
    else:
        enrolments.show(enrolment, names)
    raise typer.Exit(1 if unusable else 0)


def checked_name(text: str) -> str:
    """The name as claims have it: trimmed and normalised, so that the two can meet."""
    try:
        return signer_name(text)
    except ValueError as error:
        raise WrongUse(f"{text!r} cannot be a signer's name: {error}") from error


def _overview(as_json: bool) -> None:
    from db import documents, signers  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415

    with connections.sessions()() as session:
        counts = {state.value: number for state, number in documents.counts(session).items()}
        reasons = documents.quarantine_reasons(session)
        enrolled = len(signers.enrolled(session))
    if as_json:
        print_json({"documents": counts, "reasons": dict(reasons), "signers": enrolled})
        return
    shown = table("Documents", "status", "number")
    for state, number in counts.items():
        shown.add_row(coloured(state), str(number))
    out.print(shown)
    for reason, number in reasons:
        out.print(f"{number} in quarantine: {reason} (countersign retry --reason {reason})")
    out.print(f"{enrolled} signers enrolled")


def _history(text: str, as_json: bool) -> None:
    from db import events  # noqa: PLC0415
    from db.results import document_result  # noqa: PLC0415
    from worker import connections  # noqa: PLC0415

    with connections.sessions()() as session:
        for document in _found(session, text):
            result = document_result(session, document.id)
            steps = [_step(event) for event in events.of_document(session, document.id)]
            if as_json:
                print_json({**result, "events": steps})
            else:
                _show_history(result, steps)


def _found(session: Any, text: str) -> Any:
    from db import documents  # noqa: PLC0415

    found = documents.find(session, text)
    if not found:
        raise WrongUse(f"there is no document {text!r}; give an id, a key, a SHA-256 or a task id")
    return found


def _step(event: Any) -> dict[str, Any]:
    names = ("stage", "event", "chunk", "attempt", "worker", "task", "seconds", "detail")
    return {"at": event.at.isoformat(), **{name: getattr(event, name) for name in names}}


def _show_history(result: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    out.print(f"[bold]{plain(result['document'])}[/] (document {result['id']}): {coloured(result['status'])}")
    if result["reason"]:
        out.print(f"  {result['reason']}: {plain(result['detail'] or '')}")
    for page in (page for page in result["pages"] if page["status"] == "failed"):
        out.print(f"  page {page['page']}: {page['reason']}: {plain(page['detail'] or '')}")
    if result["versions"]:
        out.print(f"  read with {plain(_short(result['versions']))}", highlight=False)
    shown = table("", "at", "stage", "event", "attempt", "seconds", "worker", "detail")
    for step in steps:
        seconds = "" if step["seconds"] is None else f"{step['seconds']:.2f}"
        attempt = str(step["attempt"] or "")
        shown.add_row(
            step["at"],
            step["stage"],
            step["event"],
            attempt,
            seconds,
            step["worker"],
            plain(step["detail"] or ""),
        )
    out.print(shown)


def _short(versions: dict[str, Any]) -> str:
    """Versions on a line: digests by their first digits."""
    words = {name: value for name, value in versions.items() if isinstance(value, str)}
    return ", ".join(f"{name} {value if name == 'code' else value[:12]}" for name, value in words.items())
