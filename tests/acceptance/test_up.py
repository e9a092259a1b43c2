"""`countersign up`: everything on one machine, kept over restarts, started again when it dies."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import cv2
import psutil
import pytest
from alembic import command
from sqlalchemy import create_engine

from db import migrate
from producer.machine.lasting import LastingPostgres
from producer.machine.missing import ServerMissing
from producer.machine.ports import free_port, http_answers, kept_or_free_port
from producer.machine.processes import Process, child_environment, start_process
from producer.services.up import STEADY, Run, installation
from tests.acceptance.commands import COUNTERSIGN, countersign
from tests.handwriting import signature
from tests.waiting import until
from worker.errors import WrongUse

#: Seconds that a start, and a document, may take on a busy machine.
TIMEOUT = 180.0


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder to be, that the user of PostgreSQL can reach where this is root: not so pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="countersign-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "office"


def environment(data: Path) -> dict[str, str]:
    """What `. DATA/env` sets."""
    lines = (data / "env").read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@contextmanager
def up(data: Path, port: int) -> Iterator[Process]:
    """`countersign up` until the block ends; it must have ended by itself then, and left nothing running."""
    log = data.with_name("log")
    log.unlink(missing_ok=True)
    words = [COUNTERSIGN, "up", "--data", data, "--port", str(port), "--cores", "1"]
    process = start_process("up", words, log=log, env=child_environment({}))
    try:
        until(lambda: not process.alive or "\nup; " in log.read_text(), within=TIMEOUT)
        assert process.alive, log.read_text()
        children = psutil.Process(process.pid).children(recursive=True)
        yield process
        process.terminate(signal.SIGTERM)
        assert process.popen.wait(timeout=TIMEOUT) == 0, log.read_text()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert alive == []
    finally:
        process.kill()


def put(data: Path, name: str, seed: int) -> None:
    """Put a picture of a signature into the intake, whole at once."""
    drawn = data / f".{name}"
    cv2.imwrite(str(drawn.with_suffix(".png")), signature(seed))
    drawn.with_suffix(".png").rename(data / "intake" / f"{name}.png")


def ended(env: Mapping[str, str]) -> dict[str, str]:
    """The status of each document that has ended, by its file's name."""
    answer = countersign("results", "--format", "jsonl", env=env)
    assert answer.status == 0, answer.err
    return {Path(row["document"]).name: row["status"] for row in answer.objects}


def test_what_was_read_is_there_after_a_restart_and_the_rest_goes_on(data: Path) -> None:
    port = free_port()
    with up(data, port) as process:
        told = data.with_name("log").read_text()
        env = environment(data)
        until(lambda: http_answers(f"http://127.0.0.1:{port}/v1/health"), within=TIMEOUT)
        put(data, "first", 1)
        until(lambda: set(ended(env)) == {"first.png"}, within=TIMEOUT)
        second = countersign("up", "--data", data, "--port", free_port())
        workers = [
            child for child in psutil.Process(process.pid).children() if "detect@%h" in child.cmdline()
        ]
        workers[0].kill()
        log = data.with_name("log")
        until(lambda: "detect ended and starts again in 0 s" in log.read_text(), within=TIMEOUT)
        put(data, "second", 2)
        until(lambda: set(ended(env)) == {"first.png", "second.png"}, within=TIMEOUT)

    put(data, "third", 3)
    with up(data, port):
        until(lambda: len(ended(environment(data))) == 3, within=TIMEOUT)

    assert second.status == 2
    assert "is up already" in second.err
    assert "key       cs_" in told
    assert "key       cs_" not in data.with_name("log").read_text()
    assert {path.stat().st_mode & 0o077 for path in (data / "env", data / "installation.json")} == {0}


@pytest.fixture
def servers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installations without workers, which would only cost time."""
    monkeypatch.setattr("producer.services.up._commands", lambda *_: {})


@pytest.mark.usefixtures("servers_alone")
def test_the_database_of_an_earlier_release_is_copied_before_it_is_migrated(data: Path) -> None:
    with installation(data, port=free_port()) as running:
        engine = create_engine(running.postgres.url)
        with engine.begin() as connection:
            config = migrate._config()
            config.attributes["connection"] = connection
            migrate.drop_views(connection)
            migrate.lift_guards(connection)
            command.downgrade(config, "-1")
        engine.dispose()
        first = running.backup

    with installation(data, port=free_port()) as running:
        backup = running.backup
        engine = create_engine(running.postgres.url)
        behind = migrate.pending(engine)
        engine.dispose()

    assert first is None
    assert backup is not None
    assert (backup / "PG_VERSION").read_text() == (data / "postgres" / "data" / "PG_VERSION").read_text()
    assert not behind


def test_data_of_another_major_version_of_postgres_is_refused_and_left(data: Path) -> None:
    data.mkdir()
    postgres = LastingPostgres(data / "postgres", data / "log", free_port(), "secret")
    postgres.stop(postgres.start())
    (postgres.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(ServerMissing, match="was written by PostgreSQL 9, and this machine has"):
        postgres.start()


def test_a_port_stays_until_somebody_else_listens_on_it() -> None:
    port = free_port()
    assert kept_or_free_port(port) == port

    with socket.create_server(("127.0.0.1", port)):
        assert kept_or_free_port(port) not in (port, 0)


@pytest.mark.usefixtures("servers_alone")
def test_passwords_stay_and_a_folder_of_another_make_is_refused(data: Path) -> None:
    with installation(data, port=free_port()) as running:
        first = running.redis.password, running.postgres.password
        with pytest.raises(WrongUse, match="is up already"), installation(data, port=free_port()):
            pass
    with installation(data, port=free_port()) as running:
        assert (running.redis.password, running.postgres.password) == first

    (data / "installation.json").write_text('{"made": "by hand"}')
    with pytest.raises(WrongUse, match="is not what `countersign up` has written"):
        installation(data, port=free_port()).__enter__()


def test_what_dies_again_and_again_starts_after_longer_pauses(tmp_path: Path) -> None:
    process = start_process("short", ["false"], log=tmp_path / "log", env=child_environment({}))
    run = Run(process, since=100.0, failures=0)

    pauses = [run.put_off(101.0) for _ in range(8)]
    process.popen.wait()

    assert pauses[0] == 0.0
    assert all(0 < pause <= 60 for pause in pauses[1:])
    assert pauses[7] > pauses[1]
    assert run.put_off(100.0 + STEADY + 1) == 0.0


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else for PostgreSQL")
def test_a_folder_that_postgres_cannot_reach_is_told_with_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    answer = countersign("up", "--data", tmp_path / "office")

    assert answer.status == 2
    assert "choose a folder that others may pass through" in " ".join(answer.err.split())
