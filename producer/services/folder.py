"""A folder that `countersign run` left, opened to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from worker import connections
from worker.errors import WrongUse
from worker.storage.folder import Folder
from worker.storage.port import Store

#: What a run calls its database and the folder of its pictures.
DATABASE, OBJECTS = "countersign.db", "objects"


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """The database and the pictures of a results folder."""

    sessions: Sessions
    store: Store


@contextmanager
def results_folder(root: Path) -> Iterator[ResultsFolder]:
    """The folder's database, at the newest schema, and its pictures; closed behind the block. WrongUse."""
    if not (root / DATABASE).is_file():
        raise WrongUse(f"{str(root)!r} holds no results; name a folder that `countersign run --out` has left")
    engine = make_engine(f"sqlite:///{root / DATABASE}")
    try:
        upgrade(engine)
        yield ResultsFolder(make_sessions(engine), Folder(root / OBJECTS))
    finally:
        engine.dispose()


@contextmanager
def opened_sessions(root: Path | None) -> Iterator[Sessions]:
    """Transactions on a results folder's database, or on the configured one where no folder is named."""
    if root is None:
        yield connections.sessions()
        return
    with results_folder(root) as folder:
        yield folder.sessions
