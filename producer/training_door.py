"""`countersign-train`: starts the training commands where they are installed, or says what to install.

An image holds the product without the package `training`, but pip makes the command's script there too.
"""

from __future__ import annotations

import sys
from importlib import import_module

from producer.console import err
from worker.exits import WRONG_USE, install_command


def main() -> None:
    """Run `countersign-train`; one sentence and exit status 2 where training is not installed."""
    try:
        commands = import_module("training.cli")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "training":
            raise
        err.print(
            f"this installation has no training commands: {install_command('train')}",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        sys.exit(WRONG_USE)
    commands.main()
