"""`countersign rules`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.account import account
from producer.console import err, out
from producer.options import RunFolder
from producer.services.apply_rules import apply_rules
from producer.services.rules import validate_rules
from producer.services.run_folder import sessions_of, store_of
from producer.services.run_outputs import rewrite_outputs
from producer.text import counted


class RulesAction(StrEnum):
    """What is done with rule files."""

    VALIDATE = "validate"
    APPLY = "apply"


def rules(
    action: Annotated[
        RulesAction,
        typer.Argument(
            help="`validate FILE…` checks rule files, `apply FILE…` judges stored documents by them."
        ),
    ],
    files: Annotated[list[Path], typer.Argument(help="Rule files, in YAML.", exists=True, dir_okay=False)],
    folder: RunFolder = None,
) -> None:
    """Check the files that say what a type of document needs, or judge stored documents by them.

    A file that cannot be used is refused with the line and the reason, and exit status 2. A document of which
    the rules now say another thing gets a new answer; nothing is read or detected again.
    """
    if action is RulesAction.VALIDATE:
        _validate(files)
        return
    judged = apply_rules(sessions_of(folder), store_of(folder), files, who=account())
    if folder is not None:
        rewrite_outputs(sessions_of(folder), store_of(folder), folder)
    for document_id, completeness in judged.again.items():
        out.print(f"document {document_id}: {completeness.answer}", highlight=False)
    err.print(f"{counted(judged.documents, 'document')} judged, {len(judged.again)} answered again")


def _validate(files: list[Path]) -> None:
    for checked in validate_rules(files):
        file = checked.rules.file
        sentence = f"{checked.path}: {file.type}, version {file.version}: {counted(len(file.needs), 'need')}"
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)
