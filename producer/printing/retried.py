"""What came of sending documents through again, on stderr."""

from __future__ import annotations

from producer.console import err
from producer.services.retry import Retried
from producer.text import counted


def tell_retried(retried: Retried) -> None:
    """How many documents go on, and which cannot; that none was meant, where that is so."""
    for key in retried.missing:
        err.print(
            f"there is no file {key!r} here: call this where `countersign run` was called",
            markup=False,
            soft_wrap=True,
        )
    err.print(f"{counted(retried.again, 'document')} sent again; {retried.at_work} were still at work")
    if retried.answered:
        err.print(f"{counted(retried.answered, 'answer')} on file; each stays, and the next is added")
    if not retried.again + retried.at_work + len(retried.missing):
        err.print("no document in quarantine matches", style="red")
