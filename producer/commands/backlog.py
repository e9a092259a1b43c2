"""`countersign backlog`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.console import print_json
from producer.printing.documents import show_stages
from producer.services.status import rows_by_stage
from worker import connections


def backlog(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on stdout, one line per stage.")
    ] = False,
) -> None:
    """Show what waits at each stage, and what is at work: numbers to scale workers by.

    A stage can use one process or thread for each row that waits or is at work. When you scale down, keep one
    for each row at work; a worker that is stopped hands its rows back.
    """
    stages = rows_by_stage(connections.sessions())
    if not as_json:
        show_stages(stages)
        return
    for stage in stages:
        print_json(stage)
