"""One machine, lasting, without containers: servers, workers, watcher and console on one folder."""

from __future__ import annotations

import fcntl
import secrets
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from pydantic import BaseModel, ConfigDict, ValidationError

from db.engine import make_engine, make_sessions
from db.migrate import is_empty, pending
from producer.machine import crew
from producer.machine.lasting import LastingPostgres, LastingRedis
from producer.machine.ports import kept_or_free_port
from producer.machine.processes import Process, child_environment, interruptions_held, start_process, stop_all
from producer.services.keys import LONGEST_DAYS, Right, list_keys, make_key
from producer.services.migrate import upgrade_database
from worker.errors import WrongUse
from worker.outages import Backoff

#: Seconds that workers may take to hand back what they hold when all is told to end.
HAND_BACK = 60.0
#: Seconds between two looks at the processes, and after which one that ran on has no failures behind it.
LOOK, STEADY = 0.5, 60.0
#: Pauses before a process that died starts again: the first at once, later ones up to a minute.
RESTART_PAUSES = Backoff(first=1, longest=60)
_STATE = "installation.json"


class _State(BaseModel):
    """What stays the same from one start to the next. In a file that only its owner may read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgres_port: int
    redis_port: int
    postgres_password: str
    redis_password: str


@dataclass(frozen=True)
class Layout:
    """Where what lasts lies below the folder."""

    home: Path

    @property
    def intake(self) -> Path:
        """Documents that are put here are read."""
        return self.home / "intake"

    @property
    def results(self) -> Path:
        """Page images, crops and results."""
        return self.home / "results"

    @property
    def logs(self) -> Path:
        """What each process says."""
        return self.home / "logs"

    @property
    def backups(self) -> Path:
        """The database as it was before each upgrade."""
        return self.home / "backups"

    @property
    def environment(self) -> Path:
        """Variables for a shell, so that other commands speak to this installation."""
        return self.home / "env"


@dataclass(frozen=True, slots=True)
class Died:
    """A process ended though nobody asked it to; it starts again after so many seconds."""

    name: str
    last_words: str
    pause: float


@dataclass
class Run:
    """One run of a process: since when, how many before it failed, and when the next is due once it died."""

    process: Process
    since: float
    failures: int
    due: float | None = None

    def put_off(self, now: float) -> float:
        """Note that it died; answer in how many seconds the next one is due."""
        self.failures = 1 if now - self.since > STEADY else self.failures + 1
        pause = 0.0 if self.failures == 1 else RESTART_PAUSES.pause(self.failures - 1)
        self.due = now + pause
        return pause


@dataclass
class Installation:
    """An installation, its processes by name: the servers', then those of `commands`.

    `backup` is where the database of an earlier release was copied to. `first_key` opens the console; it is
    told by the first start alone.
    """

    layout: Layout
    env: Mapping[str, str]
    commands: Mapping[str, list[str]]
    postgres: LastingPostgres
    redis: LastingRedis
    backup: Path | None = None
    first_key: str | None = None
    _running: dict[str, Run] = field(default_factory=dict)

    def start(self) -> None:
        """Start the servers, bring the database to this release, then start all others."""
        self._start("postgres")
        self._start("redis")
        self._migrate()
        self.first_key = _first_key(self.postgres.url)
        exported = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.env.items())
        _write_private(self.layout.environment, exported)
        for name in self.commands:
            self._start(name)

    def watch(self, stop: Event) -> Iterator[Died]:
        """Start again what dies, telling of it, until `stop` is set."""
        while not stop.wait(LOOK):
            now = time.monotonic()
            for name, run in list(self._running.items()):
                if run.process.alive:
                    continue
                if run.due is None:
                    pause = run.put_off(now)
                    yield Died(name, run.process.tail(5), pause)
                elif run.due <= now:
                    self._start(name, failures=run.failures)

    def stop(self) -> None:
        """End the workers, which hand back what they hold, then the servers."""
        stop_all(
            [run.process for name, run in self._running.items() if name in self.commands], grace=HAND_BACK
        )
        for name, server in (("redis", self.redis), ("postgres", self.postgres)):
            if name in self._running:
                server.stop(self._running[name].process)

    def _migrate(self) -> None:
        engine = make_engine(self.postgres.url)
        behind, fresh = pending(engine), is_empty(engine)
        engine.dispose()
        if not behind:
            return
        if not fresh:
            self.postgres.stop(self._running["postgres"].process)
            self.backup = self.layout.backups / f"postgres-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            shutil.copytree(self.postgres.data, self.backup)
            self._start("postgres")
        upgrade_database(self.postgres.url)

    def _start(self, name: str, *, failures: int = 0) -> None:
        with interruptions_held():
            self._running[name] = Run(self._started(name), time.monotonic(), failures)

    def _started(self, name: str) -> Process:
        if name == "postgres":
            return self.postgres.start()
        if name == "redis":
            return self.redis.start()
        log = self.layout.logs / f"{name}.log"
        environment = child_environment(self.env)
        return start_process(name, self.commands[name], log=log, env=environment, cwd=self.layout.home)


@contextmanager
def installation(folder: Path, *, port: int, cores: int | None = None) -> Iterator[Installation]:
    """Run what lies in the folder, made on first use, while the block runs; what is in it stays.

    A database of an earlier release is copied to `backups` and then migrated. WrongUse when the folder is up
    already or is no installation; ServerMissing and ProcessDied when a server cannot be had.
    """
    layout = Layout(folder.resolve())
    # Other users may pass through it: PostgreSQL runs as one of them where this is root.
    layout.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    for place in (layout.intake, layout.results, layout.logs, layout.backups):
        place.mkdir(mode=0o700, exist_ok=True)
    with _alone(layout):
        postgres, redis = _servers(layout, _state(layout))
        running = Installation(
            layout, _variables(layout, postgres, redis), _commands(layout, port, cores), postgres, redis
        )
        try:
            running.start()
            yield running
        finally:
            running.stop()


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold the folder while the block runs; the lock ends with the process, however that ends."""
    with (layout.home / "lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WrongUse(f"{layout.home} is up already, by another `countersign up`") from error
        yield


def _state(layout: Layout) -> _State:
    """What the last start has left, with ports that are free now; made on first use."""
    path = layout.home / _STATE
    if path.exists():
        try:
            kept = _State.model_validate_json(path.read_bytes())
        except ValidationError as error:
            # What was wrong with it is not told: the file holds passwords.
            raise WrongUse(f"{path} is not what `countersign up` has written") from error
    else:
        kept = _State(
            postgres_port=0,
            redis_port=0,
            postgres_password=secrets.token_urlsafe(16),
            redis_password=secrets.token_urlsafe(16),
        )
    state = kept.model_copy(
        update={name: kept_or_free_port(getattr(kept, name)) for name in ("postgres_port", "redis_port")}
    )
    _write_private(path, state.model_dump_json(indent=1))
    return state


def _servers(layout: Layout, state: _State) -> tuple[LastingPostgres, LastingRedis]:
    postgres = LastingPostgres(
        home=layout.home / "postgres",
        log=layout.logs / "postgres.log",
        port=state.postgres_port,
        password=state.postgres_password,
    )
    redis = LastingRedis(
        home=layout.home / "redis",
        log=layout.logs / "redis.log",
        port=state.redis_port,
        password=state.redis_password,
    )
    return postgres, redis


def _commands(layout: Layout, port: int, cores: int | None) -> dict[str, list[str]]:
    return {
        **crew.crew(layout.home, intake=layout.intake.as_uri(), cores=cores, flower=False),
        "web": crew.countersign("serve", "--port", str(port), "--read-only"),
    }


def _variables(layout: Layout, postgres: LastingPostgres, redis: LastingRedis) -> dict[str, str]:
    return {
        "COUNTERSIGN_DATABASE_URL": postgres.url,
        "COUNTERSIGN_BROKER_URL": redis.url,
        "COUNTERSIGN_RESULTS_BUCKET": layout.results.as_uri(),
        "COUNTERSIGN_INTAKE_FOLDER": str(layout.intake),
        # Folders tell nobody of new files.
        "COUNTERSIGN_LIST_SECONDS": "5",
    }


def _first_key(database_url: str) -> str | None:
    """A key that may do everything, where no key is on file."""
    engine = make_engine(database_url)
    try:
        sessions = make_sessions(engine)
        if list_keys(sessions):
            return None
        return make_key(sessions, "operator", scopes=tuple(Right), days=LONGEST_DAYS)
    finally:
        engine.dispose()


def _write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, at once."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
