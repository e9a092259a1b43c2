"""What happens during a run, on stderr: what was passed over, how references stand, a progress bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from producer.console import err, plain
from producer.printing import enrolments
from producer.printing.documents import SENTENCES
from producer.printing.not_used import tell_not_used
from producer.printing.progress import progress_listener
from producer.services.local_files import NotUsed
from producer.services.progress import Progress
from producer.services.resume import AnswersKept
from producer.services.run import DocumentSkipped, OnRunEvent, ReferencesRead, RunEvent

#: What changed since a document was answered, in words.
_CHANGES = {
    "claims": "for other claims",
    "references": "for other references of the signers concerned",
    "settings": "for other settings or weights",
    "unknown": "for an earlier release noted no inputs",
}


@contextmanager
def told() -> Iterator[OnRunEvent]:
    """A listener that says what happens; its bar ends with the block."""
    with progress_listener("documents") as show_progress:

        def tell(event: RunEvent) -> None:
            if isinstance(event, Progress):
                show_progress(event)
            elif isinstance(event, ReferencesRead):
                _references(event)
            elif isinstance(event, AnswersKept):
                _resumed(event)
            elif isinstance(event, NotUsed):
                tell_not_used(event)
            else:
                what = "document" if isinstance(event, DocumentSkipped) else "reference"
                err.print(f"[yellow]{what} passed over:[/] {plain(event.reason)}")

        yield tell


def _resumed(kept: AnswersKept) -> None:
    err.print(f"{kept.kept} earlier answers are kept")
    for change, names in kept.again.items():
        err.print(f"[yellow]read again,[/] {_CHANGES[change]}: {_some(names)}", soft_wrap=True)


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - SENTENCES} more" if len(names) > SENTENCES else ""
    return plain(", ".join(names[:SENTENCES])) + rest


def _references(read: ReferencesRead) -> None:
    err.print(f"{read.images} references of {read.signers} signers on file")
    lines = [line for enrolment in read.enrolments for line in enrolments.warnings(enrolment)]
    for line in lines[:SENTENCES]:
        err.print(f"[yellow]{plain(line)}[/]", soft_wrap=True)
    if len(lines) > SENTENCES:
        err.print(f"and {len(lines) - SENTENCES} more of these; the report has all of them")
