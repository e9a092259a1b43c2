"""A Redis and a PostgreSQL that can be killed, paused and started again at the same address."""

from __future__ import annotations

import secrets
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy.engine import URL, make_url

from deploy import redis_server
from deploy.servers import postgres_programs, redis_program
from producer.machine import postgres_server
from producer.machine.ports import free_port
from producer.machine.processes import Account, Process, child_environment, start_process, wait_until


class Redis:
    """Keeps nothing on disk: every restart is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self.password = free_port(), secrets.token_urlsafe(12)
        self._config = folder / "redis.conf"
        self._config.touch(mode=0o600)
        self._config.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{folder.resolve()}"\nsave ""\nappendonly no\ndaemonize no\n'
        )
        self._process = self._started()

    def url(self, port: int | None = None) -> str:
        """Its address, or that of a line to it."""
        return f"redis://:{self.password}@127.0.0.1:{port or self.port}/0"

    def client(self) -> redis.Redis:
        """A client that does not wait long."""
        return redis.Redis.from_url(self.url(), socket_timeout=5.0)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def start(self) -> None:
        """Start it again, empty."""
        self._process = self._started()

    def pause(self) -> None:
        """Let it hold its connections and answer nothing."""
        self._process.terminate(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.terminate(signal.SIGCONT)

    def _started(self) -> Process:
        command = [redis_program(), self._config]
        process = start_process("redis", command, log=self._folder / "redis.log", env=child_environment({}))
        wait_until(lambda: redis_server.redis_answers(self.url()), process, within=20)
        return process


class Postgres:
    """Its data outlives a restart, and what it has committed outlives a crash."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._home, self._folder = home, folder
        self._account: Account | None = postgres_server.unprivileged_account()
        self._programs = postgres_server.reachable(postgres_programs(), self._account, home)
        password = secrets.token_urlsafe(12)
        postgres_server.initialise(home, self._programs, self._account, password)
        self._url = URL.create(
            "postgresql+psycopg2", "countersign", password, "127.0.0.1", free_port(), "postgres"
        )
        self._process = self._started()

    @property
    def url(self) -> str:
        """The address of the maintenance database."""
        return self._url.render_as_string(hide_password=False)

    def create(self, name: str) -> str:
        """An empty database; a commit is a commit in it, whatever this server's settings for tests are."""
        made = postgres_server.create_database(self.url, name)
        postgres_server.administer(self.url, f"ALTER DATABASE {name} SET synchronous_commit = on")
        return made

    def cut(self, database_url: str) -> None:
        """End every connection to that database."""
        name = make_url(database_url).database
        statement = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        postgres_server.administer(self.url, statement)

    def stop(self, *, crash: bool = False) -> None:
        """A fast shutdown, as an operator asks for; or a crash, with recovery at the next start."""
        how = signal.SIGQUIT if crash else signal.SIGINT
        self._process.stop(how=how)

    def start(self) -> None:
        """Start it again on the same data."""
        self._process = self._started()

    def _started(self) -> Process:
        process = start_process(
            "postgres",
            [self._programs / "postgres", "-D", self._home / "data", *postgres_server.options(self._url)],
            log=self._folder / "postgres.log",
            env=child_environment({}),
            cwd=self._home,
            account=self._account,
        )
        wait_until(lambda: postgres_server.postgres_answers(self.url), process, within=30)
        return process


@contextmanager
def breakable_redis(folder: Path) -> Iterator[Redis]:
    """A Redis while the block runs."""
    server = Redis(folder)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def breakable_postgres(folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL while the block runs; its data lies in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="countersign-faults-", ignore_cleanup_errors=True) as home:
        server = Postgres(Path(home), folder)
        try:
            yield server
        finally:
            server.stop()
