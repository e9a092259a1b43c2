"""Canaries for secrets: whatever fails, none is told to a terminal, a log, an event or a report."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from db.engine import make_engine, make_sessions
from db.states import DocumentStage
from producer.machine import crew
from producer.machine.ports import free_port
from producer.machine.processes import (
    ProcessDied,
    child_environment,
    start_process,
    stopped_at_exit,
    wait_until,
)
from tests.acceptance.commands import countersign
from tests.fakes import page
from tests.waiting import until
from tests.world import World
from worker.app import make_app
from worker.errors import StorageUnavailable
from worker.pipeline import QueueMessage
from worker.publisher import CeleryPublisher
from worker.settings import GROUPS, Attempts, Broker, Storage
from worker.steps.render import render_document
from worker.storage.s3 import S3, s3_client

ROOT = Path(__file__).resolve().parents[2]
#: It stands in every secret, and nowhere else on this machine.
CANARY = "kanarienvogel"
STORE = {"COUNTERSIGN_S3_ACCESS_KEY": f"{CANARY}access", "COUNTERSIGN_S3_SECRET_KEY": f"{CANARY}secret"}


def nowhere() -> str:
    """A host and port where nobody listens."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def wrong_password(database_url: str, redis_url: str, s3) -> dict[str, str]:
    """Servers that are there and refuse the password; the store takes any."""
    place = redis_url.rpartition("@")[2]
    url = make_url(database_url).set(password=f"{CANARY}%41database")
    return {
        "COUNTERSIGN_DATABASE_URL": url.render_as_string(hide_password=False),
        "COUNTERSIGN_BROKER_URL": f"redis://:{CANARY}queues@{place}",
        "COUNTERSIGN_S3_ENDPOINT": s3.endpoint,
        **STORE,
    }


def unreachable() -> dict[str, str]:
    """Servers that are away."""
    return {
        "COUNTERSIGN_DATABASE_URL": f"postgresql+psycopg2://countersign:{CANARY}@{nowhere()}/countersign",
        "COUNTERSIGN_BROKER_URL": f"redis://:{CANARY}@{nowhere()}/0",
        "COUNTERSIGN_S3_ENDPOINT": f"http://{nowhere()}",
        **STORE,
    }


#: Addresses that nobody can use, as a slip of the hand makes them.
MALFORMED = {
    "a slash in the password": {
        "COUNTERSIGN_DATABASE_URL": f"postgresql+psycopg2://u:{CANARY}/x@localhost/name",
        "COUNTERSIGN_BROKER_URL": f"redis://:{CANARY}/x@localhost:6379/0",
    },
    "no scheme": {
        "COUNTERSIGN_DATABASE_URL": f"u:{CANARY}@localhost/name",
        "COUNTERSIGN_BROKER_URL": f"{CANARY}@localhost",
    },
    "a port that is none": {
        "COUNTERSIGN_DATABASE_URL": f"postgresql+psycopg2://u:{CANARY}@localhost:port/name",
        "COUNTERSIGN_BROKER_URL": f"redis://:{CANARY}@localhost:port/0",
    },
    "an unknown driver": {
        "COUNTERSIGN_DATABASE_URL": f"oracle+nothing://u:{CANARY}@localhost/name",
        "COUNTERSIGN_BROKER_URL": f"carrier-pigeon://:{CANARY}@localhost/0",
    },
    "a bracket in the password": {
        "COUNTERSIGN_DATABASE_URL": f"postgresql+psycopg2://u:[{CANARY}@localhost/name",
        "COUNTERSIGN_BROKER_URL": f"redis://:[{CANARY}@localhost/0",
    },
    "the password in the place of the host": {
        "COUNTERSIGN_DATABASE_URL": "sqlite://",
        "COUNTERSIGN_BROKER_URL": f"redis://localhost:{CANARY}@6379/0",
        "COUNTERSIGN_S3_ENDPOINT": f"{CANARY}:{CANARY}@localhost",
        **STORE,
    },
}
COMMANDS = {
    "doctor": ("doctor", "--json"),
    "status": ("status",),
    "migrate": ("migrate", "--roles"),
    "audit": ("audit", "s3://intake/"),
    "submit": ("submit", "s3://intake/"),
    "retry": ("retry", "--reason", "any"),
    "erase": ("erase", "--signer", "Ann", "--yes"),
    "results": ("results",),
}


def silent(words: tuple[str, ...], env: Mapping[str, str], *, password: str = CANARY) -> None:
    """The command fails, says something, and nothing of the secrets."""
    finished = countersign(*words, env={**env, "COUNTERSIGN_READER_PASSWORD": f"{CANARY}reader"})

    assert finished.status != 0, finished.out
    assert finished.out + finished.err
    assert password not in (finished.out + finished.err).replace("\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_with_a_wrong_password_does_not_repeat_it(command: str, wrong_password) -> None:
    silent(COMMANDS[command], wrong_password)


@pytest.mark.parametrize("command", ["doctor", "status", "audit", "migrate"])
def test_a_command_that_reaches_nobody_does_not_tell_what_it_would_have_said(command: str) -> None:
    silent(COMMANDS[command], unreachable())


@pytest.mark.parametrize("slip", MALFORMED)
@pytest.mark.parametrize("command", ["doctor", "status", "submit"])
def test_an_address_that_cannot_be_used_is_not_quoted(command: str, slip: str) -> None:
    silent(COMMANDS[command], MALFORMED[slip])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_settings_show_no_secret_when_they_are_shown(group, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable whose name says that it is secret, or holds an address with a login."""
    named = [name for name in group.model_fields if name.endswith(("_password", "_key", "_url"))]
    secret = [
        name
        for name in named
        if name not in ("notice_key", "s3_sse_key", "sqs_url", "public_url", "flower_url")
    ]
    for name in secret:
        scheme = "postgresql" if name.endswith("database_url") else "redis"
        monkeypatch.setenv(f"COUNTERSIGN_{name.upper()}", f"{scheme}://:{CANARY}@localhost/0")

    settings = group()

    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()


def worker(env: Mapping[str, str], log: Path, queue: str = "finish"):
    command = crew.celery("worker", "-Q", queue, "-P", "solo", "-E")
    full = child_environment({**env, "COUNTERSIGN_RETRY_SECONDS": "1", "COUNTERSIGN_LOG_LEVEL": "DEBUG"})
    return start_process("worker", command, log=log, env=full, cwd=ROOT)


def test_a_worker_whose_database_refuses_it_says_so_without_the_password(
    redis_url: str, wrong_password, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    env = {**wrong_password, "COUNTERSIGN_BROKER_URL": redis_url}
    process = worker(env, log)
    with stopped_at_exit(process), make_app(Broker(broker_url=redis_url), Attempts()) as app:
        wait_until(lambda: bool(app.control.ping(timeout=0.5)), process, within=60)
        CeleryPublisher(app).send(QueueMessage(stage=DocumentStage.FINISH, document_id=1))
        until(lambda: "password authentication failed" in log.read_text(), within=30)

    told = log.read_text()
    assert "OperationalError: " in told
    assert CANARY not in told
    assert urlsecret(redis_url) not in told


def urlsecret(url: str) -> str:
    """The password of an address."""
    password = make_url(url).password
    assert password
    return str(password)


@pytest.mark.parametrize("slip", [name for name in MALFORMED if name != "no scheme"])
def test_a_worker_that_cannot_come_up_does_not_say_what_it_was_given(slip: str, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    process = worker({"COUNTERSIGN_DATABASE_URL": "sqlite://", **MALFORMED[slip]}, log)
    with stopped_at_exit(process):
        until(lambda: not process.alive or "Cannot connect" in log.read_text(), within=60)

    assert log.read_text()
    assert CANARY not in log.read_text()


def test_a_store_that_is_away_leaves_no_key_in_a_document_s_history(postgres, caplog) -> None:
    world = World(postgres)
    document_id = world.arrive("a.pdf", [page(0)])
    settings = Storage(
        s3_endpoint=f"http://{nowhere()}", s3_access_key=f"{CANARY}a", s3_secret_key=f"{CANARY}s"
    )
    world.store = S3(s3_client(settings), "results")

    with caplog.at_level("INFO"), pytest.raises(StorageUnavailable):
        render_document(document_id, world.render_deps)

    with postgres.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM events").all())
        rows += str(connection.exec_driver_sql("SELECT * FROM documents").all())
    assert "storage_unavailable" in rows
    assert CANARY not in rows + caplog.text


def test_an_error_of_the_database_does_not_name_its_password(database_url: str) -> None:
    url = make_url(database_url).set(password=CANARY).render_as_string(hide_password=False)

    with pytest.raises(OperationalError) as caught, make_sessions(make_engine(url))() as session:
        session.execute(text("SELECT 1"))

    assert CANARY not in str(caught.value) + repr(caught.value) + repr(make_engine(url))


def test_the_canary_would_be_heard(tmp_path: Path) -> None:
    """The tests above can fail: a process that tells its environment is noticed."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", "import os; print(os.environ['COUNTERSIGN_S3_SECRET_KEY'])"]
    process = start_process("parrot", command, log=log, env=child_environment(STORE))
    with pytest.raises(ProcessDied, match=CANARY), stopped_at_exit(process):
        wait_until(lambda: False, process, within=20)
