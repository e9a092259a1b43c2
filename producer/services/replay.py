"""A bundle's document read again here, without servers: is the answer the same?"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from worker.embedded.bundle import read

if TYPE_CHECKING:
    from worker.embedded.replay import Difference, Replayed

__all__ = ["Difference", "Replayed", "replay"]


def replay(file: Path, *, folder: Path | None = None) -> Replayed:
    """Read the bundle's document again; the results stay in the folder when one is given.

    WrongUse when the file is no bundle or the folder is not empty.
    """
    with ExitStack() as exits:
        bundle = read(file)
        home = folder or Path(exits.enter_context(tempfile.TemporaryDirectory()))
        from worker.embedded.replay import replay as read_again  # noqa: PLC0415 - loads the models

        return read_again(bundle, home)
