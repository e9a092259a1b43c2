"""`python -m tests.faults --seeds 20`: breaks a stack on purpose and prints what came of it."""

from __future__ import annotations

import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.faults.campaign import ROUNDS, Campaign, Tally, summary
from tests.faults.lab import running_lab

err = Console(stderr=True)


def main(
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 20,
    first: Annotated[int, typer.Option(help="The first of them.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of a seed.")] = ROUNDS,
    logs: Annotated[Path | None, typer.Option(help="Folder for the logs; kept.")] = None,
) -> None:
    """Run the suite. Exit status 1: a promise was broken. SIGTERM or Ctrl-C: print what was done so far."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where a shell has a background job ignore Ctrl-C.
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="countersign-faults-") as name:
        tallies = [Tally(number) for number in range(first, first + seeds)]
        complete = False
        with running_lab(logs or Path(name)) as lab:
            campaign = Campaign(lab, lambda line: err.print(line, markup=False, highlight=False))
            err.print("the undisturbed run ...")
            campaign.undisturbed()
            with suppress(KeyboardInterrupt):
                for tally in tallies:
                    campaign.seed(tally, rounds=rounds)
                complete = True
            restarts = dict(lab.restarts)
    err.print(f"processes started again: {restarts}", highlight=False)
    Console(width=160).print(_table([one for one in tallies if one.recovery]))
    raise typer.Exit(0 if complete and all(one.holds for one in tallies) else 1)


def _table(tallies: list[Tally]) -> Table:
    table = Table("seed", *summary(tallies), title="Faults")
    for tally in tallies:
        table.add_row(str(tally.seed), *map(str, summary([tally]).values()))
    table.add_section()
    table.add_row("all", *map(str, summary(tallies).values()))
    return table


if __name__ == "__main__":
    typer.run(main)
