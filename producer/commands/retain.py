"""`countersign retain`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.console import err
from producer.printing.progress import progress_listener
from producer.services.retain import erase_expired
from producer.text import counted
from worker import connections
from worker.settings import Retention


def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
) -> None:
    """Erase documents whose retention period (COUNTERSIGN_RETAIN_DAYS) is over. For cron, once a day."""
    sessions, store = connections.sessions(), connections.store()
    with progress_listener("documents") as tell:
        retained = erase_expired(sessions, store, Retention().retain_days, dry_run=dry_run, on_progress=tell)
    err.print(f"{counted(retained.erased, 'document')} {'would be ' if dry_run else ''}erased")
    if retained.late:
        err.print(f"{counted(retained.late, 'object')} erased that came too late")
    if retained.at_work:
        err.print(f"{retained.at_work} are being worked on and stay until the next time")
