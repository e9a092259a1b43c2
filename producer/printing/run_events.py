"""What happens during a run, on stderr: what was passed over, how references stand, a progress bar."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from producer.console import err, plain
from producer.printing import enrolments
from producer.printing.documents import SENTENCES
from producer.printing.not_used import tell_not_used, tell_note
from producer.printing.progress import progress_listener
from producer.services.local_files import NotUsed
from producer.services.progress import OnProgress, Progress
from producer.services.resume import AnswersKept, AnswersOnFile
from producer.services.run import DocumentSkipped, DoubtfulName, ReferencesRead, RunEvent
from producer.text import counted
from worker.exits import STOPPED

#: What changed since a document was answered, in words.
_CHANGES = {
    "claims": "for other claims",
    "references": "for other references of the signers concerned",
    "settings": "for other settings or weights",
    "unknown": "for an earlier release noted no inputs",
}


class Teller:
    """Says what happens, and remembers how far the run has come."""

    def __init__(self, show_progress: OnProgress) -> None:
        self._show_progress = show_progress
        self.progress = Progress(0)

    def __call__(self, event: RunEvent) -> None:
        """One event, on stderr."""
        if isinstance(event, Progress):
            self.progress = event
            self._show_progress(event)
        elif isinstance(event, ReferencesRead):
            _references(event)
        elif isinstance(event, AnswersKept):
            _resumed(event)
        elif isinstance(event, AnswersOnFile):
            err.print(f"the folder has {event.number} answers; --resume keeps those of documents given again")
        elif isinstance(event, NotUsed):
            tell_not_used(event)
        elif isinstance(event, DoubtfulName):
            tell_note(event.sentence)
        else:
            what = "document" if isinstance(event, DocumentSkipped) else "reference"
            err.print(f"[yellow]{what} passed over:[/] {plain(event.reason)}", soft_wrap=True)


@contextmanager
def told() -> Iterator[Teller]:
    """A listener that says what happens; its bar ends with the block."""
    with progress_listener("documents") as show_progress:
        yield Teller(show_progress)


@contextmanager
def told_when_stopped(teller: Teller) -> Iterator[None]:
    """On Ctrl-C: what is done, and how to go on. Exit status 130, as shells have it."""
    try:
        yield
    except KeyboardInterrupt:
        done, total = teller.progress.done, teller.progress.total
        again = shlex.join(["countersign", *sys.argv[1:], *([] if "--resume" in sys.argv else ["--resume"])])
        answered = f"{done} of {total} documents have their answers" if total else "no document was begun"
        err.print(f"stopped: {answered}, and nothing is lost")
        err.print(f"to go on: {again}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(STOPPED) from None


def _resumed(kept: AnswersKept) -> None:
    err.print(f"{kept.kept} earlier answers are kept")
    if kept.unfinished:
        err.print(f"{kept.unfinished} documents had none yet")
    for change, names in kept.again.items():
        err.print(f"[yellow]read again,[/] {_CHANGES[change]}: {_some(names)}", soft_wrap=True)


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - SENTENCES} more" if len(names) > SENTENCES else ""
    return plain(", ".join(names[:SENTENCES])) + rest


def _grades(read: ReferencesRead) -> str:
    """From the worst to the best grade; nothing where none was given."""
    graded = [one.score for enrolment in read.enrolments for one in enrolment.references]
    scores = [score for score in graded if score is not None]
    return f", graded {min(scores):.2f} to {max(scores):.2f}" if scores else ""


def _references(read: ReferencesRead) -> None:
    err.print(
        f"{counted(read.images, 'reference')} of {counted(read.signers, 'signer')} on file{_grades(read)}"
    )
    lines = [line for enrolment in read.enrolments for line in enrolments.warnings(enrolment)]
    for line in lines[:SENTENCES]:
        err.print(f"[yellow]{plain(line)}[/]", soft_wrap=True)
    if len(lines) > SENTENCES:
        err.print(f"and {len(lines) - SENTENCES} more of these; the report has all of them")
