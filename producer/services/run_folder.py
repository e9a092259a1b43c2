"""A folder that `countersign run` left, in place of the configured database and store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from db.engine import Sessions, file_engine, make_sessions, read_only_engine
from db.migrate import pending, upgrade
from producer.text import FOLDER_IS_READ_ONLY
from worker import connections
from worker.errors import WrongUse
from worker.result.backfill import fill_tables
from worker.settings import Detection, Reading
from worker.storage.folder import Folder
from worker.storage.port import Store

if TYPE_CHECKING:
    from worker.embedded.workspace import Workspace

#: What a run calls its database and the folder of its pictures.
DATABASE, OBJECTS = "countersign.db", "objects"


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """The database and the pictures of a run's folder."""

    sessions: Sessions
    store: Store


@contextmanager
def results_folder(root: Path) -> Iterator[ResultsFolder]:
    """The folder's database, at the newest schema, and its pictures; closed behind the block. WrongUse."""
    engine = _engine(root)
    try:
        yield ResultsFolder(make_sessions(engine), store_of(root))
    finally:
        engine.dispose()


def sessions_of(folder: Path | None) -> Sessions:
    """Transactions on a run's database, at the newest schema; without a folder, on the configured one.

    WrongUse when it is no folder of a run.
    """
    return connections.sessions() if folder is None else make_sessions(_engine(folder))


def store_of(folder: Path | None) -> Store:
    """A run's pictures, with documents where they lay then; or the configured store. WrongUse."""
    return connections.store() if folder is None else Folder(_checked(folder) / OBJECTS)


def open_run(
    folder: Path, *, detection: Detection | None = None, reading: Reading | None = None
) -> Workspace:
    """The folder and the models that read documents into it; made where it is not there. Close it.

    Settings that are given go before those of the environment. StorageUnavailable; WrongUse for a folder of a
    run that takes no writes.
    """
    if (folder / DATABASE).is_file() and not _may_write(folder / DATABASE):
        raise WrongUse(FOLDER_IS_READ_ONLY)
    from worker.embedded.workspace import open_workspace  # noqa: PLC0415 - loads the models

    return open_workspace(folder, detection=detection, reading=reading)


def _engine(folder: Path) -> Engine:
    file = _checked(folder).absolute() / DATABASE
    if not _may_write(file):
        return _engine_that_reads(file)
    engine = file_engine(file)
    upgrade(engine)
    fill_tables(make_sessions(engine))
    return engine


def _may_write(file: Path) -> bool:
    """Whether an SQLite file can be written, and its journal beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def _engine_that_reads(file: Path) -> Engine:
    """A folder that takes no writes, an archive say: it must be whole, and of this release. WrongUse."""
    engine = read_only_engine(file)
    journal = file.with_name(f"{file.name}-wal")
    if journal.is_file() and journal.stat().st_size:
        missing = "a command is at work in it or did not end in order: what that wrote is not in the database"
    elif pending(engine):
        missing = "an older release wrote it, and it must be brought up to date first"
    else:
        return engine
    raise WrongUse(f"{str(file.parent)!r} cannot be written, and {missing}. Copy it to where you may write")


def _checked(folder: Path) -> Path:
    if not (folder / DATABASE).is_file():
        raise WrongUse(f"{str(folder)!r} is no folder that `countersign run --out` left")
    return folder
