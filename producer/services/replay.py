"""A bundle's document read again here, without servers: is the answer the same?"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from worker.embedded.bundle import read_bundle
from worker.result import ReplayResult


def replay_file(file: Path, *, folder: Path | None = None) -> ReplayResult:
    """Read the bundle's document again; the results stay in the folder when one is given.

    WrongUse when the file is no bundle or the folder is not empty.
    """
    with ExitStack() as exits:
        bundle = read_bundle(file)
        home = folder or Path(exits.enter_context(tempfile.TemporaryDirectory()))
        from worker.embedded.replay import replay_bundle  # noqa: PLC0415 - loads the models

        return replay_bundle(bundle, home)
