"""Who runs a command, as histories name them."""

from __future__ import annotations

import getpass
import os


def account() -> str:
    """The name of this account; its number where it has none, as in a container with a user of its own."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # Python 3.13 made the one the other
        return f"uid {os.getuid()}"
