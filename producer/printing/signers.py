"""Signers for a person: all of them in a table, one with the references, documents that a change touches."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from producer.console import empty_table, err, out, plain
from producer.services.signers import Touched
from producer.text import counted
from worker.result.listing import SignerHistory, SignerSummary


def show_everybody(rows: Sequence[SignerSummary]) -> None:
    """A row for each signer."""
    table = empty_table("Signers", "id", "signer", "also", "references")
    for row in rows:
        table.add_row(str(row.id), plain(row.signer), plain(", ".join(row.aliases)), str(row.references))
    out.print(table)


def show_signer_history(history: SignerHistory) -> None:
    """The references with who enrolled each, and what was done."""
    also = f" (also {', '.join(history.aliases)})" if history.aliases else ""
    out.print(f"[bold]{plain(history.signer)}[/], signer {history.id}{plain(also)}", soft_wrap=True)
    references = empty_table("References", "number", "sha256", "score", "enrolled at", "by", "from")
    for row in history.references:
        score = "–" if row.score is None else f"{row.score:.2f}"
        who, source = plain(row.enrolled_by or ""), plain(row.source or "")
        at = row.enrolled_at.isoformat(timespec="seconds")
        references.add_row(str(row.number), row.sha256[:12], score, at, who, source)
    out.print(references)
    events = empty_table("History", "at", "event", "by", "reference", "detail")
    for event in history.events:
        at, who = event.at.isoformat(timespec="seconds"), plain(event.who or "")
        events.add_row(at, event.event, who, (event.reference or "")[:12], plain(event.detail or ""))
    out.print(events)


def tell_touched(
    touched: Touched, *, sent: bool, names: Sequence[str] = (), folder: Path | None = None
) -> None:
    """How many documents were compared with other references, on stderr, and how to compare them again."""
    number = len(touched.documents)
    if sent:
        verb = "is" if number == 1 else "are"
        err.print(f"{counted(number, 'document')} {verb} compared again; each gets a new answer")
    elif number:
        words = ["countersign", "signers", "verify", *names, *(["--run", str(folder)] if folder else [])]
        command = shlex.join(words)
        verb = "was" if number == 1 else "were"
        sentence = f"{counted(number, 'document')} {verb} compared with other references: {command}"
        err.print(sentence, markup=False, soft_wrap=True)
    if touched.at_work:
        at_work = counted(touched.at_work, "document")
        err.print(f"at work, and claiming them: {at_work}; look again when that is done")
