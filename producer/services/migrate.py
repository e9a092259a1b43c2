"""The database's schema, and its roles of least privilege."""

from __future__ import annotations

from collections.abc import Mapping

from db.engine import make_engine, make_sessions
from db.feed import rename_feed
from db.migrate import upgrade
from db.roles import grant
from worker.connections import existing
from worker.errors import WrongUse
from worker.result.backfill import fill_tables


def upgrade_database(url: str, *, new_file: bool = False) -> str:
    """Bring the schema to the newest; safe to call again. Answer the database's URL without its password.

    Answers of an older release get their rows in the tables. WrongUse for an SQLite file that is not there,
    unless `new_file` asks to make it.
    """
    engine = make_engine(url if new_file else existing(url))
    upgrade(engine)
    fill_tables(make_sessions(engine))
    return engine.url.render_as_string(hide_password=True)


def make_roles(url: str, passwords: Mapping[str, str]) -> None:
    """Make the roles of least privilege; those with a password can log in. WrongUse where there are none."""
    try:
        grant(make_engine(url), passwords)
    except ValueError as error:
        raise WrongUse(str(error)) from error


def begin_new_feed(url: str) -> str:
    """Give the feed of a database that was restored a new name, and answer it.

    Places behind the backup are taken a second time. Under the earlier name, readers that know the first time
    would miss the second. WrongUse for an SQLite file that is not there.
    """
    with make_sessions(make_engine(existing(url)))() as session:
        return rename_feed(session)
