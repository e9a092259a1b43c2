"""Progress bars on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from producer.console import err
from producer.services.progress import OnProgress, Progress


def progress_bar() -> ProgressBar:
    """A progress bar, not yet started."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return ProgressBar(*columns, console=err)


@contextmanager
def progress_listener(what: str) -> Iterator[OnProgress]:
    """A listener that shows a bar from the first event on; the bar ends with the block."""
    bar = progress_bar()
    task = bar.add_task(what, total=None)

    def tell(event: Progress) -> None:
        bar.start()
        bar.update(task, completed=event.done, total=event.total)

    try:
        yield tell
    finally:
        # One that never started would print an empty line as it stops.
        if bar.live.is_started:
            bar.stop()
