"""A run's folder in place of the configured database and store, for commands that serve both."""

from __future__ import annotations

from pathlib import Path

from db.engine import Sessions
from producer.services.folder import DATABASE, OBJECTS
from producer.services.migrate import upgrade_database
from worker import connections
from worker.errors import WrongUse
from worker.storage.folder import Folder
from worker.storage.port import Store


def database_url(folder: Path) -> str:
    """The URL of the database in a run's folder, for COUNTERSIGN_DATABASE_URL."""
    return f"sqlite:///{folder.absolute() / DATABASE}"


def sessions_of(folder: Path | None) -> Sessions:
    """Transactions on a run's database, at the newest schema; without a folder, on the configured one.

    WrongUse when it is no folder of a run.
    """
    if folder is None:
        return connections.sessions()
    url = database_url(_checked(folder))
    upgrade_database(url)
    return connections.sessions_on(url)


def store_of(folder: Path | None) -> Store:
    """A run's pictures, with documents where they lay then; or the configured store. WrongUse."""
    return connections.store() if folder is None else Folder(_checked(folder) / OBJECTS)


def _checked(folder: Path) -> Path:
    if not (folder / DATABASE).is_file():
        raise WrongUse(f"{str(folder)!r} is no folder that `countersign run --out` left")
    return folder
