"""`countersign traces`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from producer.collector import Collector
from producer.console import err, out
from producer.options import RunFolder
from producer.services.pulse import Pulse
from producer.services.run_folder import sessions_of
from producer.services.traces import TracerDeps, send_traces, trace_of
from producer.stopping import stop_on_signals
from producer.text import counted
from worker.errors import WrongUse
from worker.log_lines import configure_service
from worker.settings import Logging, Traces


def traces(
    document: Annotated[
        str | None, typer.Argument(help="Print the id of this document's trace, and stop.")
    ] = None,
    folder: RunFolder = None,
    pulse: Annotated[
        Path | None, typer.Option(help="File to touch at each step, for a health check.")
    ] = None,
) -> None:
    """Send a trace of every document to an OpenTelemetry collector, until SIGTERM or Ctrl-C.

    COUNTERSIGN_OTLP_ENDPOINT says where it listens. Traces are made of the history in the database: workers
    know nothing of them, and one that is killed takes none along. They hold numbers, stages, workers and
    times, and nothing that a document says.
    """
    if document is not None:
        out.print(trace_of(sessions_of(folder), document))
        return
    settings = Traces()
    if settings.otlp_endpoint is None:
        raise WrongUse("set COUNTERSIGN_OTLP_ENDPOINT, such as http://collector:4318/v1/traces")
    configure_service(Logging())
    with (
        closing(Collector(settings.otlp_endpoint, seconds=settings.otlp_seconds)) as collector,
        stop_on_signals() as stop,
    ):
        err.print("sending traces")
        taken = send_traces(TracerDeps(sessions_of(folder), collector), stop=stop, pulse=Pulse(pulse))
    err.print(f"stopped; {counted(taken, 'span')} {'was' if taken == 1 else 'were'} taken")
