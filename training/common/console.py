"""Where commands print: tables on standard output, messages and progress on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

#: Columns where the output is a file or a pipe.
WIDTH = 200
#: Gets a stage's name, how many of its parts are done, and how many there are.
StageNotice = Callable[[str, int, int], None]
#: Gets a stage's name when it begins.
Notice = Callable[[str], None]

#: Standard error; paths are not broken into lines.
messages = Console(stderr=True, soft_wrap=True)


def output() -> Console:
    """Standard output; wide enough for every column of a table where it is no terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    return console


def in_words(values: Mapping[str, float]) -> str:
    """Named values on one line, to four digits."""
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


@contextmanager
def training_bar(minutes: float, *, printed: str) -> Iterator[Callable[[dict[str, float]], None]]:
    """A progress bar over a training's minutes; yields what a training reports to.

    Reports that hold the value named `printed`, those of validations, stay on the screen.
    """
    with _progress() as progress:
        bar = progress.add_task("train", total=minutes * 60, values="")

        def report(values: dict[str, float]) -> None:
            progress.update(bar, completed=values["seconds"], values=in_words(values))
            if printed in values:
                progress.console.print(in_words(values))

        yield report


@contextmanager
def stage_bars() -> Iterator[StageNotice]:
    """Progress bars, one a stage; yields the notice that moves them."""
    with _progress() as progress:
        bars: dict[str, TaskID] = {}

        def notice(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total, values="")
            progress.update(bars[stage], completed=done, total=total)

        yield notice


@contextmanager
def stage_names(verb: str) -> Iterator[Notice]:
    """A spinner that says which stage is at work; yields the notice that names the next."""
    with messages.status(f"{verb} …") as status:
        yield lambda stage: status.update(f"{verb}: {stage} …")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[values]}"), console=messages)
