"""Servers that are away: which errors say so, and how long is waited for them."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from kombu.exceptions import OperationalError as BrokerError
from redis import ConnectionError as RedisConnectionError
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import ObjectMissing, StorageUnavailable, UnreadableDocument
from worker.outages import Backoff, database_away, outages, server_errors, unavailable

ROOT = Path(__file__).resolve().parents[2]
REFUSED = OperationalError("SELECT 1", {}, Exception("connection refused"))


@pytest.mark.parametrize("error", [REFUSED, PoolTimeout()], ids=["refused", "no free connection"])
def test_a_database_that_is_away_is_an_outage_for_everybody(error: Exception):
    assert all(isinstance(error, errors) for errors in (database_away(), outages(), unavailable()))


@pytest.mark.parametrize("kind", [IntegrityError, ProgrammingError])
def test_a_statement_that_is_wrong_is_no_outage_but_the_server_s_word(kind: type[Exception]):
    error = kind("INSERT", {}, Exception("no"))  # type: ignore[call-arg]

    assert not isinstance(error, unavailable())
    assert isinstance(error, server_errors())


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://store"),
        ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject"),
        BrokerError("gone"),
        RedisConnectionError("gone"),
        PoolTimeout(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_client_raises_is_the_server_s_word(error: Exception):
    assert isinstance(error, server_errors())


def test_a_store_that_is_away_burns_no_attempt_and_a_missing_object_does():
    assert isinstance(StorageUnavailable("key", "away"), outages())
    assert not isinstance(ObjectMissing("key"), outages())
    assert not isinstance(UnreadableDocument("torn"), unavailable())


def test_no_library_is_loaded_to_name_its_errors():
    code = "import sys; from worker.outages import unavailable; unavailable(); print(*sys.modules)"

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert not {"sqlalchemy", "redis", "kombu", "botocore"} & set(printed.stdout.split())


def test_pauses_double_up_to_the_longest_and_no_two_are_alike():
    pauses = list(islice(Backoff(first=1.0, longest=8.0).pauses(), 40))

    assert all(full / 2 <= pause <= full for full, pause in zip((1, 2, 4, 8, 8), pauses, strict=False))
    assert len(set(pauses)) == len(pauses)


def test_a_pause_after_thousands_of_attempts_is_the_longest():
    assert 5 <= Backoff(first=0.5, longest=10.0).pause(5000) <= 10
