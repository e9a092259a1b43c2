"""Connections over which no word passes any more, though nobody has closed them: every wait has an end."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from db import read_timeout, rested
from db.engine import make_engine
from tests.conftest import Bucket
from tests.faults.line import Line, engine_at
from worker.errors import StorageUnavailable
from worker.outages import database_away
from worker.settings import Storage
from worker.storage.s3 import S3, s3_client

#: Seconds of silence that are borne here.
SHORT = 0.5
#: Seconds by which a wait must be over, retries and a busy machine included. None of them would ever be.
SOON = 30.0


@contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a server that lets one connect and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def test_a_database_connection_that_goes_silent_is_given_up_and_the_next_works(
    database_url: str, line_to_postgres: Line
) -> None:
    engine = engine_at(database_url, line_to_postgres.port, SHORT)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        line_to_postgres.go_silent()

        with soon(), pytest.raises(OperationalError, match=r"said nothing for 0\.5 s") as failure:
            connection.execute(text("SELECT 1"))

    assert isinstance(failure.value, database_away())
    assert failure.value.connection_invalidated
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_what_the_transaction_of_a_silent_client_holds_is_let_go_soon(
    database_url: str, line_to_postgres: Line
) -> None:
    port = make_url(database_url).port
    assert port is not None
    lost, other = engine_at(database_url, line_to_postgres.port, SHORT), engine_at(database_url, port)
    take = text("SELECT pg_advisory_xact_lock(7)")
    with lost.connect() as holder:
        holder.execute(take)
        line_to_postgres.go_silent()

        with soon(), other.begin() as waiting:
            waiting.execute(take)
        holder.invalidate()
    for engine in (lost, other):
        engine.dispose()


def test_an_idle_connection_that_went_silent_is_replaced_unnoticed(
    database_url: str, line_to_postgres: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rested, "RESTED", 0)
    engine = engine_at(database_url, line_to_postgres.port, SHORT)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    line_to_postgres.go_silent()

    with soon(), engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_a_connection_that_the_server_closed_a_moment_ago_is_replaced_unnoticed(database_url: str) -> None:
    engine, other = make_engine(database_url), make_engine(database_url)
    with engine.connect() as connection:
        number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with other.connect() as killer:
        killer.execute(text(f"SELECT pg_terminate_backend({number}, 10000)"))

    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != number
    for each in (engine, other):
        each.dispose()


def test_only_a_connection_that_rested_is_asked_whether_it_answers(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, asked = make_engine(database_url), list[object]()
    ping = engine.dialect.do_ping
    monkeypatch.setattr(engine.dialect, "do_ping", lambda link: asked.append(link) or ping(link))

    for rest in (rested.RESTED, 0.0):
        monkeypatch.setattr(rested, "RESTED", rest)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        asked.clear()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        assert len(asked) == (rest == 0.0)
    engine.dispose()


def test_a_database_that_takes_the_call_and_says_nothing_is_away(
    database_url: str, mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_timeout, "CONNECT", SHORT)

    with soon(), pytest.raises(OperationalError), engine_at(database_url, mute, None).connect():
        pass


def test_a_migration_may_take_its_time(database_url: str) -> None:
    port = make_url(database_url).port
    assert port is not None
    slow = text(f"SELECT pg_sleep({2 * SHORT})")
    endless, hurried = (engine_at(database_url, port, limit) for limit in (None, SHORT))

    with endless.connect() as connection:
        connection.execute(slow)
    with pytest.raises(OperationalError), hurried.connect() as connection:
        connection.execute(slow)
    for engine in (endless, hurried):
        engine.dispose()


def store_at(s3: Bucket, port: int) -> S3:
    keys = {"s3_access_key": SecretStr(s3.access_key), "s3_secret_key": SecretStr(s3.secret_key)}
    settings = Storage(s3_endpoint=f"http://127.0.0.1:{port}", s3_seconds=SHORT, **keys)
    return S3(s3_client(settings), s3.name)


def test_a_request_on_a_connection_that_went_silent_is_made_again_on_another(s3: Bucket) -> None:
    line = Line(int(s3.endpoint.rpartition(":")[2]))
    store = store_at(s3, line.port)
    store.put("a", b"1")
    line.go_silent()

    with soon():
        store.put("a", b"2")
        assert store.get("a") == b"2"
    line.close()


def test_a_store_that_takes_the_call_and_says_nothing_is_away(s3: Bucket, mute: int) -> None:
    with soon(), pytest.raises(StorageUnavailable, match=r"timeout|timed out"):
        store_at(s3, mute).get("a")
