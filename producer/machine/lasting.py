"""A PostgreSQL and a Redis on loopback that keep what they hold in a folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from producer.machine import postgres_server
from producer.machine.missing import ServerMissing
from producer.machine.ports import listens
from producer.machine.processes import (
    Account,
    Process,
    child_environment,
    run_as,
    start_process,
    wait_until,
)
from producer.machine.redis_programs import find_redis

#: Seconds that a server may take to start: after a crash it reads its log first.
LONGEST_START = 120.0


@dataclass(frozen=True)
class LastingPostgres:
    """Its data lies in `home`; what it has committed outlives a crash of the machine."""

    home: Path
    log: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """For SQLAlchemy, of the database that it comes with."""
        address = URL.create(
            "postgresql+psycopg2", "countersign", self.password, "127.0.0.1", self.port, "postgres"
        )
        return address.render_as_string(hide_password=False)

    @property
    def data(self) -> Path:
        """What it keeps; may be copied while it does not run."""
        return self.home / "data"

    def start(self) -> Process:
        """Start it, with an empty database the first time. Raises ServerMissing or ProcessDied.

        PostgreSQL does not run as root; then the folder is given to the user that it runs as.
        """
        account = postgres_server.unprivileged_account()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account is not None:
            os.chown(self.home, account.uid, account.gid)
            _check_reachable(self.home, account)
        copied = self.home / "programs"
        shutil.rmtree(copied, ignore_errors=True)
        programs = postgres_server.reachable(postgres_server.find_postgres(), account, copied)
        if self.data.exists():
            _refuse_another_version(programs, self.data)
        else:
            postgres_server.initialise(self.home, programs, account, self.password)
        settings = (
            *("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories="),
            "max_connections=200",
        )
        process = start_process(
            "postgres",
            [
                programs / "postgres",
                "-D",
                self.data,
                *(word for setting in settings for word in ("-c", setting)),
            ],
            log=self.log,
            env=child_environment({}),
            cwd=self.home,
            account=account,
        )
        wait_until(lambda: postgres_server.postgres_answers(self.url), process, within=LONGEST_START)
        return process

    @staticmethod
    def stop(process: Process) -> None:
        """End it without waiting for its clients; nothing that was committed is lost."""
        process.stop(grace=LONGEST_START, how=signal.SIGINT)


def _check_reachable(home: Path, account: Account) -> None:
    if subprocess.run(["test", "-x", home], check=False, **run_as(account)).returncode:
        raise ServerMissing(
            f"PostgreSQL does not run as root, and the user {account.name} cannot reach {home}: "
            "choose a folder that others may pass through, such as /srv/countersign, or start as another user"
        )


def _refuse_another_version(programs: Path, data: Path) -> None:
    written = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    version = told.stdout.split()[2]
    if version.partition(".")[0] != written:
        raise ServerMissing(
            f"{data} was written by PostgreSQL {written}, and this machine has {version}: "
            f"install PostgreSQL {written}, or move the data with pg_dump"
        )


@dataclass(frozen=True)
class LastingRedis:
    """It writes what it is told to disk at least every second; the queues' rows are in PostgreSQL anyway."""

    home: Path
    log: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Its address, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Process:
        """Start it. Raises ServerMissing or ProcessDied."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self.home / "redis.conf"
        # In a file that only we may read: a command line is everybody's.
        config.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.home}"\nsave ""\nappendonly yes\ndaemonize no\n',
            encoding="utf-8",
        )
        process = start_process("redis", [find_redis(), config], log=self.log, env=child_environment({}))
        wait_until(lambda: listens(self.port), process, within=LONGEST_START)
        return process

    @staticmethod
    def stop(process: Process) -> None:
        """End it; it writes to disk what it holds."""
        process.stop(grace=LONGEST_START)
