"""A running stack whose every part can be broken, and a supervisor that starts again what has died."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from db.engine import Sessions, make_engine, make_sessions
from deploy import crew
from deploy.processes import stop_all
from deploy.s3_server import running_s3
from deploy.settings import child_environment
from deploy.stack import ROOT, Stack
from producer.claims import to_metadata
from tests import notifications
from tests.fakes import GivenPages, Outbox, page
from tests.faults.line import Line
from tests.faults.proxy import Weather, failing_proxy
from tests.faults.samples import SIGNERS, reference
from tests.faults.servers import Postgres, Redis, breakable_postgres, breakable_redis
from tests.faults.standins import CLEANER, VERSIONS, Ink
from tests.faults.traps import Traps
from worker.settings import Attempts, Storage
from worker.steps.ports import VerifyDeps
from worker.steps.references import enroll
from worker.storage import S3, s3_client
from worker.vision.verifier import load_verifier

INTAKE, RESULTS, NOTICES = "faults-intake", "faults-results", "faults:notices"
#: Leases and pauses so short that a fault is over within seconds.
QUICK = {
    "RENDER_LEASE": "8",
    "DETECT_LEASE": "8",
    "VERIFY_LEASE": "8",
    "FINISH_LEASE": "8",
    "SWEEP_SECONDS": "1",
    "RESEND_SECONDS": "2",
    "RETRY_SECONDS": "0.5",
    "VISIBILITY_TIMEOUT": "20",
    "STALL_SECONDS": "6",
    "STOP_SECONDS": "3",
    "LIST_SECONDS": "2",
    "PAGE_SECONDS": "6",
    "CHUNK_PAGES": "2",
}
#: The clock of these goes a minute ahead of the others'.
AHEAD = {"upkeep": "60", "verify": "60"}


@dataclass
class Lab:
    """The stack, its servers, and the handles by which they are broken."""

    stack: Stack
    redis: Redis
    postgres: Postgres
    line: Line
    weather: Weather
    traps: Traps
    sessions: Sessions
    s3: Any
    #: Processes that were found dead and started again.
    restarts: Counter[str] = field(default_factory=Counter)

    @property
    def workers(self) -> Sequence[str]:
        """Names of the workers, one a queue."""
        return [worker.queue for worker in crew.workers(2)]

    def drop_off(self, key: str, data: bytes, claims: Sequence[str]) -> str:
        """Put a document into the bucket; answer the notification that a store would send."""
        metadata = {"signer": to_metadata(list(claims))} if claims else {}
        answer = self.s3.put_object(Bucket=INTAKE, Key=key, Body=data, Metadata=metadata)
        etag = answer["ETag"].strip('"')
        return notifications.minio(notifications.record(key, bucket=INTAKE, etag=etag, size=len(data)))

    def notify(self, notices: Sequence[str]) -> None:
        """Announce what arrived; when there is no Redis, nobody hears of it."""
        with suppress(Exception), self.redis.client() as client:
            for notice in notices:
                client.rpush(NOTICES, notice)


def _environment(redis: Redis, line: Line, database_url: str, endpoint: str, folder: Path) -> dict[str, str]:
    settings = {
        "DATABASE_URL": database_url,
        "BROKER_URL": redis.url(line.port),
        "S3_ENDPOINT": endpoint,
        "S3_ACCESS_KEY": "countersign",
        "S3_SECRET_KEY": "countersign-secret",
        "INTAKE_BUCKET": INTAKE,
        "RESULTS_BUCKET": RESULTS,
        "NOTICE_KEY": NOTICES,
        **QUICK,
    }
    named = {f"COUNTERSIGN_{name}": value for name, value in settings.items()}
    return {**named, "FAULTS_TRAPS": str(folder / "traps")}


def _commands(folder: Path) -> dict[str, list[str]]:
    """One worker a queue, two beats and two watchers."""
    commands = {}
    for worker in crew.workers(2):
        words = worker.command()
        commands[worker.queue] = [word.replace("worker.app", "tests.faults.app") for word in words]
    for number in (1, 2):
        schedule = str(folder / f"beat-{number}")
        commands[f"beat{number}"] = crew.celery("beat", "--schedule", schedule, "--pidfile=")
        commands[f"watch{number}"] = crew.countersign("watch", f"s3://{INTAKE}/")
    return commands


class _Stack(Stack):
    """A stack in which some clocks go wrong."""

    def _private(self, name: str) -> dict[str, str]:
        return {"FAULTS_CLOCK_AHEAD": AHEAD.get(name, "0")}


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Have everything run while the block does; logs lie in the folder. Raises ServerMissing."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        redis = exits.enter_context(breakable_redis(folder))
        postgres = exits.enter_context(breakable_postgres(folder))
        direct = exits.enter_context(running_s3(folder))
        endpoint, weather = exits.enter_context(failing_proxy(int(direct.rpartition(":")[2])))
        line = Line(redis.port)
        exits.callback(line.close)
        database_url = postgres.create(f"faults_{secrets.token_hex(4)}")
        env = _environment(redis, line, database_url, endpoint, folder)
        _migrate(env, folder)
        engine = make_engine(database_url)
        exits.callback(engine.dispose)
        stack = _Stack(folder, env, "", "", _commands(folder))
        lab = Lab(
            stack, redis, postgres, line, weather, Traps(folder / "traps"), make_sessions(engine), _s3(direct)
        )
        for bucket in (INTAKE, RESULTS):
            lab.s3.create_bucket(Bucket=bucket)
        _enroll(lab, direct)
        exits.callback(lambda: stop_all(list(stack.processes.values()), grace=0))
        for name in stack.commands:
            stack.start(name)
        stack.wait_for_workers()
        exits.enter_context(_supervised(lab))
        yield lab


def _migrate(env: Mapping[str, str], folder: Path) -> None:
    command = crew.countersign("migrate")
    child = child_environment({**env, "PYTHONPATH": str(ROOT)})
    subprocess.run(command, env=child, cwd=folder, check=True, capture_output=True)


def _s3(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="countersign",
        aws_secret_access_key="countersign-secret",
        region_name="us-east-1",
    )


def _enroll(lab: Lab, endpoint: str) -> None:
    """Put the signers on file, in the suite's own process, with the stand-in that the workers use."""
    settings = Storage(s3_endpoint=endpoint, s3_access_key="countersign", s3_secret_key="countersign-secret")
    store = S3(s3_client(settings), RESULTS)
    given = (lab.sessions, store, Outbox(), Attempts(), VERSIONS)
    deps = VerifyDeps(*given, cleaner=CLEANER, encoder=Ink(), verifier=load_verifier())
    for number, signer in enumerate(SIGNERS):
        data = reference(signer)
        renderer = GivenPages({data: [page(number, marks=1)]})
        enroll(signer, f"{signer}.png", data, deps=deps, renderer=renderer)


@contextmanager
def _supervised(lab: Lab) -> Iterator[None]:
    """Start what has ended, as a container engine does, and wake in time what a trap has stopped."""
    stop = threading.Event()
    thread = threading.Thread(target=_supervise, args=(lab, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _supervise(lab: Lab, stop: threading.Event) -> None:
    asleep = float(QUICK["RENDER_LEASE"]) * 1.5
    awake: set[int] = set()
    while not stop.wait(0.1):
        for process in lab.stack.dead():
            lab.restarts[process.name] += 1
            process.kill()
            lab.stack.start(process.name)
        for one in lab.traps.sprung():
            if one.action == "stop" and one.pid not in awake and time.time() > one.at + asleep:
                awake.add(one.pid)
                with suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGCONT)
