"""`countersign up`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, plain
from producer.machine.missing import ServerMissing
from producer.machine.processes import ProcessDied
from producer.services.up import Died, Installation, installation
from producer.stopping import stop_on_signals
from worker.errors import WrongUse


def up(
    data: Annotated[Path, typer.Option(help="Folder that keeps everything; made on first use.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the console.")] = 8020,
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="Processor cores that workers are sized for; default: those there are."),
    ] = None,
) -> None:
    """Run everything on this machine, without containers, until SIGTERM or Ctrl-C.

    PostgreSQL and Redis are those of this machine, or of PyPI packages. Documents that are put into
    DATA/intake are read. Stopping and starting keeps everything. A newer release first copies the database to
    DATA/backups. For other commands: `. DATA/env`.
    """
    err.print("starting servers and workers ...")
    try:
        with stop_on_signals() as stop, installation(data, port=port, cores=cores) as running:
            _tell(running, port)
            for death in running.watch(stop):
                _tell_of_death(death)
            err.print("stopping ...")
    except (ServerMissing, ProcessDied) as error:
        raise WrongUse(str(error)) from error
    err.print("stopped; everything is kept")


def _tell(running: Installation, port: int) -> None:
    layout = running.layout
    if running.backup:
        err.print(f"the database of the earlier release is kept in {plain(str(running.backup))}")
    err.print(f"console   http://127.0.0.1:{port}")
    if running.first_key:
        err.print(f"key       {plain(running.first_key)}   (shown once; `countersign keys make` makes more)")
    err.print(f"intake    {plain(str(layout.intake))}")
    err.print(f"logs      {plain(str(layout.logs))}")
    err.print(f"up; for other commands: . {plain(str(layout.environment))}")


def _tell_of_death(death: Died) -> None:
    err.print(f"{death.name} ended and starts again in {death.pause:.0f} s:\n{plain(death.last_words)}")
