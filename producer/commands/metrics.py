"""`countersign metrics`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.console import err
from producer.services.metrics import serving_metrics
from producer.stopping import stop_on_signals
from worker import connections
from worker.errors import WrongUse


def metrics(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 9464,
) -> None:
    """Answer Prometheus until SIGTERM or Ctrl-C: the numbers of the database, read for every scrape.

    One process serves the whole service, however many workers it has. Alerts and a dashboard for them are in
    deploy/monitoring; docs/operations.md says how to use them.
    """
    sessions = connections.sessions()
    with stop_on_signals() as stop:
        try:
            with serving_metrics(sessions, host, port) as taken:
                err.print(f"metrics at http://{host}:{taken}/metrics", soft_wrap=True)
                stop.wait()
        except OSError as error:
            raise WrongUse(f"cannot listen on {host}:{port}: {error.strerror}") from error
