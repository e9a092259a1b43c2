"""Real servers for the tests, one each a run, and a private corner of them for each test.

A server that is missing skips the tests that need it on a laptop, saying what to install, and
fails them where `CI` is set.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from coverage import Coverage

import worker.rendering.raster  # noqa: F401 - before any test imports ultralytics, which patches Pillow
from deploy.redis_server import borrowed_database
from deploy.servers import Servers, postgres_somewhere, redis_somewhere, s3_somewhere
from deploy.settings import GivenServers, Machine
from producer.machine.missing import ServerMissing
from producer.machine.postgres_server import create_database, drop_database

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def pytest_sessionfinish() -> None:
    """Write what was measured: at its exit a worker of pytest-xdist is killed after ten seconds."""
    measured = Coverage.current()
    if measured is not None:
        measured.save()


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of one test, and how to reach it."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    region: str
    client: S3Client

    @property
    def env(self) -> dict[str, str]:
        """The variables that connect a command or a worker to its server."""
        return {
            "COUNTERSIGN_S3_ENDPOINT": self.endpoint,
            "COUNTERSIGN_S3_ACCESS_KEY": self.access_key,
            "COUNTERSIGN_S3_SECRET_KEY": self.secret_key,
        }


@contextmanager
def required() -> Iterator[None]:
    """Turn a missing server into a skip that says what to install, or into a failure under CI."""
    try:
        yield
    except ServerMissing as missing:
        if Machine().is_ci:
            pytest.fail(f"CI has every server: {missing}", pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def given_servers() -> GivenServers:
    """What the environment says about servers that run already."""
    return GivenServers()


@pytest.fixture(scope="session")
def server_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the servers write, for a look after a failure."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def redis_server(given_servers: GivenServers, server_logs: Path) -> Iterator[str]:
    """The URL of a Redis that lasts the run."""
    with required(), redis_somewhere(server_logs, given_servers) as url:
        yield url


@pytest.fixture(scope="session")
def database_server(given_servers: GivenServers, server_logs: Path) -> Iterator[str]:
    """The URL of a PostgreSQL that lasts the run: its maintenance database."""
    with required(), postgres_somewhere(server_logs, given_servers) as url:
        yield url


@pytest.fixture(scope="session")
def s3_server(given_servers: GivenServers, server_logs: Path) -> Iterator[str]:
    """The endpoint of an S3 server that lasts the run."""
    with required(), s3_somewhere(server_logs, given_servers) as url:
        yield url


@pytest.fixture(scope="session")
def servers(redis_server: str, database_server: str, s3_server: str) -> Servers:
    """All three servers."""
    return Servers(redis_server, database_server, s3_server)


@pytest.fixture
def database_url(database_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database that only this test has; not migrated."""
    name = f"countersign_test_{secrets.token_hex(6)}"
    yield create_database(database_server, name)
    drop_database(database_server, name)


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty numbered Redis database that only this test has."""
    with borrowed_database(redis_server) as url:
        yield url


@pytest.fixture
def s3(s3_server: str, given_servers: GivenServers) -> Iterator[Bucket]:
    """A fresh bucket with a client; emptied and removed afterwards."""
    access, region = given_servers.s3_access_key, given_servers.s3_region
    secret = given_servers.s3_secret_key.get_secret_value()
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name=region,
    )
    bucket = Bucket(f"test-{secrets.token_hex(6)}", s3_server, access, secret, region, client)
    client.create_bucket(Bucket=bucket.name)
    yield bucket
    remove_bucket(bucket)


def remove_bucket(bucket: Bucket) -> None:
    """Delete the bucket with every version of everything in it."""
    for page in bucket.client.get_paginator("list_object_versions").paginate(Bucket=bucket.name):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            named = {"Key": version["Key"], "VersionId": version["VersionId"]}
            bucket.client.delete_object(Bucket=bucket.name, **named)
    bucket.client.delete_bucket(Bucket=bucket.name)
