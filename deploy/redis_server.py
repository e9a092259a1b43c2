"""A redis-server of our own: on loopback, with a password, keeping nothing on disk."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from producer.machine.missing import ServerMissing
from producer.machine.ports import free_port
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until

#: Enough numbered databases for one a test.
DATABASES = 512
#: The key that says a numbered database is taken.
MARK = "countersign:taken"


def redis_answers(url: str) -> bool:
    """Whether a Redis answers at this address with this password."""
    with redis.Redis.from_url(url, socket_timeout=2.0) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def running_redis(folder: Path, program: Path) -> Iterator[str]:
    """Run a Redis inside the folder while the block runs; yield its URL, password included."""
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(16)
    config = folder / "redis.conf"
    # In a file that only we may read: a command line is everybody's.
    config.touch(mode=0o600)
    config.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndatabases {DATABASES}\n"
        f'dir "{folder.resolve()}"\nsave ""\nappendonly no\ndaemonize no\n'
    )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    process = start_process("redis", [program, config], log=folder / "redis.log", env=child_environment({}))
    with stopped_at_exit(process):
        wait_until(lambda: redis_answers(url), process, within=20)
        yield url


@contextmanager
def borrowed_database(url: str) -> Iterator[str]:
    """Yield the URL of a numbered database that nobody else uses; empty it afterwards.

    A key in the database marks it as taken, so several runs may share a server. The mark lapses
    after an hour, should its owner die. Raises ServerMissing when every database is taken.
    """
    base = url.rpartition("/")[0] if url.count("/") > 2 else url
    for number in range(DATABASES - 1, 0, -1):
        with redis.Redis.from_url(f"{base}/{number}", socket_timeout=5.0) as client:
            try:
                taken = client.dbsize() != 0 or not client.set(MARK, "taken", nx=True, ex=3600)
            except redis.ResponseError:
                continue  # this server has fewer databases
            if taken:
                continue
            try:
                yield f"{base}/{number}"
            finally:
                client.flushdb()
            return
    raise ServerMissing("every numbered database of this Redis is in use; start another")
