"""`countersign deliver`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err
from producer.options import RunFolder
from producer.services.deliver import DelivererDeps, deliver_messages
from producer.services.outgoing import OutgoingCalls
from producer.services.pulse import Pulse
from producer.services.run_folder import sessions_of
from producer.stopping import stop_on_signals
from producer.text import counted
from worker.log_lines import configure_service
from worker.settings import Logging, Webhooks


def deliver(
    folder: RunFolder = None,
    pulse: Annotated[
        Path | None, typer.Option(help="File to touch at each step, for a health check.")
    ] = None,
) -> None:
    """Tell webhooks what became of documents, until SIGTERM or Ctrl-C; see `countersign webhooks`.

    What an address does not take is sent again for about five days, later each time. Several may run.
    """
    settings = Webhooks()
    configure_service(Logging())
    calls = OutgoingCalls(settings.webhook_networks, settings.webhook_seconds)
    deps = DelivererDeps(sessions_of(folder), calls, settings)
    with stop_on_signals() as stop:
        err.print("delivering")
        taken = deliver_messages(deps, stop=stop, pulse=Pulse(pulse))
    err.print(f"stopped; {counted(taken, 'message')} {'was' if taken == 1 else 'were'} taken")
