"""Options that the commands of several models share, so that each means one thing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.common.data import NAME_IT
from worker.errors import WrongUse

_DATA = typer.Option(
    "--data",
    envvar="COUNTERSIGN_DATA",
    exists=True,
    file_okay=False,
    help="Folder with detection/ and verification/.",
)

DataOption = Annotated[Path, _DATA]
#: Where a user's own files can take the place of the data; see `data_unless`.
OptionalDataOption = Annotated[Path | None, _DATA]
MinutesOption = Annotated[
    float | None, typer.Option(help="Budget of wall-clock minutes; default from the settings.")
]
SeedOption = Annotated[
    int | None, typer.Option(help="Seed of all random choices; default from the settings.")
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")]
SettingsOption = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Another settings file.")
]
ThreadsOption = Annotated[int, typer.Option(min=1, help="CPU threads.")]
LimitOption = Annotated[int, typer.Option(min=0, help="At most so many pages of each set; 0 is all.")]
WeightsOption = Annotated[
    Path, typer.Option(help="Write to this weights folder instead; nothing ships then.", file_okay=False)
]
FiguresOption = Annotated[
    Path | None,
    typer.Option("--json", dir_okay=False, help="Write the figures as JSON to this file."),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--out", dir_okay=False, help="Write all that was measured as JSON to this file."),
]


def data_unless(given: object, data: Path | None, *, instead: str) -> Path | None:
    """The data folder; it may be None where a user's own files were `given` in its place.

    Raises WrongUse where there is neither; `instead` names the option that does without data.
    """
    if data is None and not given:
        raise WrongUse(f"{NAME_IT}; or give {instead}")
    return data
