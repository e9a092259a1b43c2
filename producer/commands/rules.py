"""`countersign rules`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.console import out
from producer.services.rules import validate_rules
from producer.text import counted


class RulesAction(StrEnum):
    """What is done with rule files."""

    VALIDATE = "validate"


def rules(
    action: Annotated[RulesAction, typer.Argument(help="`validate FILE…` checks rule files.")],
    files: Annotated[list[Path], typer.Argument(help="Rule files, in YAML.", exists=True, dir_okay=False)],
) -> None:
    """Check the files that say what a type of document needs.

    A file that cannot be used is refused with the line and the reason, and exit status 2.
    """
    for checked in validate_rules(files):
        file = checked.rules.file
        sentence = f"{checked.path}: {file.type}, version {file.version}: {counted(len(file.needs), 'need')}"
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)
