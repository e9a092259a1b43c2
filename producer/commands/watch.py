"""`countersign watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err
from producer.services.intake import check_apart, connect
from producer.services.pulse import Pulse
from producer.services.watch import watch_source
from producer.sources import SOURCE_FORMS, has_scheme
from producer.stopping import stop_on_signals
from worker.errors import WrongUse
from worker.log_lines import configure_service
from worker.settings import Logging, Storage


def watch(
    source: Annotated[str, typer.Argument(help=f"{SOURCE_FORMS}.")],
    pulse: Annotated[
        Path | None, typer.Option(help="File to touch at each step, for a health check.")
    ] = None,
) -> None:
    """Take in whatever arrives in a bucket or a folder, until SIGTERM or Ctrl-C.

    Listens to notifications where COUNTERSIGN_SQS_URL or COUNTERSIGN_NOTICE_KEY name a source of them, and
    lists everything at intervals all the same: a lost notification costs minutes, never a document.
    """
    if not has_scheme(source):
        raise WrongUse(f"{source!r} is no bucket or folder; give {SOURCE_FORMS}")
    deps = connect(source)
    check_apart(deps.source, Storage())
    configure_service(Logging())
    with stop_on_signals() as stop:
        err.print(f"watching {source}")
        counts = watch_source(deps, deps.source.notifications(), stop=stop, pulse=Pulse(pulse))
    err.print(f"stopped; {counts.new} documents were taken in")
