"""`countersign watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err
from producer.mailboxes import configured
from producer.pulse import Pulse
from producer.services.intake import connect
from producer.services.watch import stop_on_signals
from producer.services.watch import watch as take_in
from worker.errors import WrongUse
from worker.log_lines import configure
from worker.settings import Broker, Logging, Storage


def watch(
    source: Annotated[str, typer.Argument(help="s3://bucket/ or s3://bucket/prefix")],
    pulse: Annotated[
        Path | None, typer.Option(help="File to touch at each step, for a health check.")
    ] = None,
) -> None:
    """Take in whatever arrives in a bucket, until SIGTERM or Ctrl-C.

    Listens to notifications where COUNTERSIGN_SQS_URL or COUNTERSIGN_NOTICE_KEY name a source of them, and
    lists the whole bucket at intervals all the same: a lost notification costs minutes, never a document.
    """
    if not source.startswith("s3://"):
        raise WrongUse(f"{source!r} is no bucket; give s3://bucket/ or s3://bucket/prefix")
    deps = connect(source)
    if deps.bucket == Storage().results_bucket:
        raise WrongUse(
            f"{deps.bucket} is the bucket for results; its page images would be taken in as documents"
        )
    mailboxes = configured(deps.settings, Broker(), Storage())
    log = Logging()
    configure(log.log_level or "INFO", log.log_format)
    with stop_on_signals() as stop:
        err.print(f"watching {source}")
        counts = take_in(deps, mailboxes, stop=stop, pulse=Pulse(pulse))
    err.print(f"stopped; {counts.new} documents were taken in")
