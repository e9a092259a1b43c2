"""`countersign template`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, out, plain
from producer.printing.templates import show_template
from producer.services.templates import learn_template
from worker.exits import FAILED


class TemplateAction(StrEnum):
    """What is done with templates."""

    LEARN = "learn"


def template(
    action: Annotated[TemplateAction, typer.Argument(help="`learn BLANK` makes a template of a blank form.")],
    blank: Annotated[Path, typer.Argument(help="The form without marks.", exists=True, dir_okay=False)],
    folder: Annotated[
        Path, typer.Option("--out", help="Folder of templates; COUNTERSIGN_TEMPLATES_FOLDER names it.")
    ] = Path("templates"),
    name: Annotated[str | None, typer.Option(help="Name of the template; the file's without it.")] = None,
) -> None:
    """Keep a blank form, so that its filled and scanned copies are recognised.

    The file holds the form's print and the places that it asks for, in points. Look through them, and correct
    kind, party or place by hand. Exit status 1: no place was found, and none will be asked for.
    """
    made = learn_template(blank, folder, name=name)
    show_template(made)
    if not made.slots:
        err.print(f"{plain(blank.name)} asks for no mark that was found; add its places to the file")
        raise typer.Exit(FAILED)
    out.print(f"{plain(str(made.path))}: run --templates {plain(str(folder))} finds its copies")
