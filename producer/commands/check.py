"""`countersign check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import coloured, err, out, plain, print_json
from producer.services.check import check_document
from worker.exits import FAILED
from worker.rules.evaluation import Completeness


def check(
    document: Annotated[Path, typer.Argument(help="A document.", exists=True, dir_okay=False)],
    rules: Annotated[
        Path | None, typer.Option(help="Folder of rule files.", exists=True, file_okay=False)
    ] = None,
    templates: Annotated[
        Path | None, typer.Option(help="Folder of templates.", exists=True, file_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say whether a document is in good order: which marks it lacks, and where.

    Without rules for its type, every place that asks for a mark is wanted. Exit status 0: complete.
    """
    result = check_document(document, rules=rules, templates=templates)
    completeness = result.completeness
    if as_json:
        print_json(result)
    elif completeness is None:
        err.print(f"{plain(result.document)} could not be read: {plain(result.detail or result.status)}")
    else:
        out.print(coloured(completeness.answer))
        for sentence in (*completeness.unmet, *completeness.doubts):
            out.print(f"- {sentence}", markup=False, highlight=False, soft_wrap=True)
    complete = completeness is not None and completeness.answer is Completeness.COMPLETE
    raise typer.Exit(0 if complete else FAILED)
