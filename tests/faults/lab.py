"""A running stack whose every part can be broken, and a supervisor that starts again what has died."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.exceptions import ClientError
from sqlalchemy import select
from sqlalchemy.engine import make_url

from db.engine import Sessions, make_engine, make_sessions
from db.models import Document
from deploy.s3_server import running_s3
from deploy.stack import ROOT, Stack
from producer.claims import to_metadata
from producer.machine import crew
from producer.machine.processes import Process, child_environment, stop_all
from tests import notifications
from tests.fakes import Outbox, page, shipped_verifier
from tests.faults import clock
from tests.faults.disk import Disk, disk
from tests.faults.line import Line
from tests.faults.memory import MemoryCap, memory_cap
from tests.faults.proxy import Weather, failing_proxy
from tests.faults.samples import SIGNERS, reference
from tests.faults.servers import Postgres, Redis, breakable_postgres, breakable_redis
from tests.faults.standins import CLEANER, VERSIONS, Ink
from tests.faults.traps import Traps
from tests.faults.webhooks import Listener, listening
from worker.pipeline import QUEUES
from worker.settings import Attempts, Storage
from worker.single_signature import SingleSignature
from worker.steps.ports import VerifyDeps
from worker.steps.references import enroll_reference
from worker.storage.s3 import S3, s3_client

INTAKE, RESULTS, NOTICES = "faults-intake", "faults-results", "faults:notices"
#: Limits so short that a fault is over within seconds, on a machine that has nothing else to do.
LIMITS = {
    "RENDER_LEASE": 8,
    "DETECT_LEASE": 8,
    "VERIFY_LEASE": 8,
    "FINISH_LEASE": 8,
    "STALL_SECONDS": 6,
    "STOP_SECONDS": 3,
    "PAGE_SECONDS": 6,
    "DATABASE_SECONDS": 5,
    "S3_SECONDS": 3,
    "SWEEP_SECONDS": 1,
    "RESEND_SECONDS": 2,
    "LIST_SECONDS": 2,
    "WEBHOOK_SECONDS": 3,
    # Longer than clocks differ: who reads it on a clock that is ahead would take all messages for lost.
    "VISIBILITY_TIMEOUT": 90,
}
QUICK = {
    "RETRY_SECONDS": "0.5",
    "CHUNK_PAGES": "2",
    "MAX_DELIVERIES": "4",
}
#: Seconds by which the clocks of these are ahead of the others', and of the servers'.
AHEAD = {"upkeep": 60.0, "verify": 60.0, "watch2": -60.0, "beat2": -60.0}
#: What may run out of memory, and MiB that it may take; at rest it takes a quarter of that.
CAPPED, CAP = "detect", 800
#: MiB of the disks that are filled.
SCRATCH, STORE = 16, 256


@dataclass
class Lab:
    """The stack, its servers, and the handles by which they are broken."""

    stack: Stack
    redis: Redis
    postgres: Postgres
    #: Lines to redis, postgres and s3, on which all processes of the stack depend.
    lines: Mapping[str, Line]
    #: Where the processes keep what they need for themselves, and where the store keeps its objects.
    scratch: Disk
    store_disk: Disk
    memory: MemoryCap
    weather: Weather
    traps: Traps
    sessions: Sessions
    s3: Any
    #: What is told of every change.
    listener: Listener
    #: What every limit of time is multiplied by, because the machine is busy.
    pace: float
    #: Processes that were found dead and started again.
    restarts: Counter[str] = field(default_factory=Counter)
    #: Seconds that workers needed to come up again, one each.
    startups: list[float] = field(default_factory=list)

    @property
    def workers(self) -> Sequence[str]:
        """Names of the workers, one a queue."""
        return [str(queue.name) for queue in QUEUES]

    def family(self) -> list[int]:
        """Ids of all processes of the stack and of their children."""
        pids = []
        for process in self.stack.processes.values():
            with suppress(psutil.NoSuchProcess):
                parent = psutil.Process(process.pid)
                pids += [parent.pid, *(child.pid for child in parent.children(recursive=True))]
        return pids

    def store_processes(self) -> list[int]:
        """Ids of the object store's processes."""
        ours = psutil.Process().children(recursive=True)
        return [one.pid for one in ours if "moto.server" in one.cmdline()]

    def stores_a_byte(self) -> bool:
        """Whether the store takes an object of some bytes just now, asked without the proxy."""
        try:
            self.s3.put_object(Bucket=RESULTS, Key="probe", Body=b"probe" * 1024)
        except ClientError:
            return False
        return True

    def clear_away(self, keys: Sequence[str]) -> None:
        """Remove the objects of documents that have been looked over: the disk of the store is small."""
        with self.sessions() as session:
            ids = session.execute(select(Document.id).where(Document.key.in_(keys))).scalars().all()
        for key in keys:
            self.s3.delete_object(Bucket=INTAKE, Key=key)
        for document_id in ids:
            for entry in self.s3.list_objects_v2(Bucket=RESULTS, Prefix=f"documents/{document_id}/").get(
                "Contents", ()
            ):
                self.s3.delete_object(Bucket=RESULTS, Key=entry["Key"])

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


def _environment(
    redis: Redis,
    lines: Mapping[str, Line],
    database_url: str,
    *,
    folder: Path,
    scratch: Disk,
    pace: float,
) -> dict[str, str]:
    address = make_url(database_url).set(port=lines["postgres"].port)
    settings = {
        "DATABASE_URL": address.render_as_string(hide_password=False),
        "BROKER_URL": redis.url(lines["redis"].port),
        "S3_ENDPOINT": f"http://127.0.0.1:{lines['s3'].port}",
        "S3_ACCESS_KEY": "countersign",
        "S3_SECRET_KEY": "countersign-secret",
        "INTAKE_BUCKET": INTAKE,
        "RESULTS_BUCKET": RESULTS,
        "NOTICE_KEY": NOTICES,
        "WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
        **QUICK,
        **{name: str(seconds * pace) for name, seconds in LIMITS.items()},
    }
    named = {f"COUNTERSIGN_{name}": value for name, value in settings.items()}
    return {**named, "FAULTS_TRAPS": str(folder / "traps"), "TMPDIR": str(scratch.folder)}


def _commands(scratch: Disk) -> dict[str, list[str]]:
    """One worker a queue, two beats, two watchers and two deliverers."""
    commands = {}
    for queue in QUEUES:
        words = crew.worker_command(queue, cores=2)
        commands[str(queue.name)] = [word.replace("worker.app", "tests.faults.app") for word in words]
    for number in (1, 2):
        schedule = str(scratch.folder / f"beat-{number}")
        commands[f"beat{number}"] = crew.celery("beat", "--schedule", schedule, "--pidfile=")
        commands[f"watch{number}"] = crew.countersign("watch", f"s3://{INTAKE}/")
        commands[f"deliver{number}"] = crew.countersign("deliver")
    return commands


@dataclass
class _Stack(Stack):
    """A stack in which some clocks go wrong, one worker has little memory, and the scratch disk is small."""

    memory: MemoryCap = field(kw_only=True)

    def start(self, name: str) -> Process:
        process = super().start(name)
        if name == CAPPED:
            self.memory.put(process.pid)
        return process

    def _private(self, name: str) -> dict[str, str]:
        pulse = {"COUNTERSIGN_PULSE": f"{self.env['TMPDIR']}/{name}.pulse"}
        return {**pulse, **clock.shifted(AHEAD.get(name, 0.0))}


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Have everything run while the block does; logs lie in the folder. Raises ServerMissing."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        redis = exits.enter_context(breakable_redis(folder))
        postgres = exits.enter_context(breakable_postgres(folder))
        store_disk = exits.enter_context(disk(folder / "store", megabytes=STORE))
        scratch = exits.enter_context(disk(folder / "scratch", megabytes=SCRATCH))
        memory = exits.enter_context(memory_cap(CAP))
        # Its objects lie in files of that folder as soon as they have more than a byte.
        on_disk = {"TMPDIR": str(store_disk.folder), "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": "1"}
        direct = exits.enter_context(running_s3(folder, env=on_disk))
        endpoint, weather = exits.enter_context(failing_proxy(_port(direct)))
        database_url = postgres.create(f"faults_{secrets.token_hex(4)}")
        ports = {"redis": redis.port, "postgres": make_url(database_url).port, "s3": _port(endpoint)}
        lines = {name: Line(int(port or 0)) for name, port in ports.items()}
        for line in lines.values():
            exits.callback(line.close)
        pace = measured_pace()
        env = _environment(redis, lines, database_url, folder=folder, scratch=scratch, pace=pace)
        _migrate(env, folder)
        engine = make_engine(database_url)
        exits.callback(engine.dispose)
        stack = _Stack(folder, env, "", "", _commands(scratch), memory=memory)
        lab = Lab(
            stack=stack,
            redis=redis,
            postgres=postgres,
            lines=lines,
            scratch=scratch,
            store_disk=store_disk,
            memory=memory,
            weather=weather,
            traps=Traps(folder / "traps"),
            sessions=make_sessions(engine),
            listener=exits.enter_context(listening(make_sessions(engine))),
            s3=_s3(direct),
            pace=pace,
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


def measured_pace() -> float:
    """1 where a process gets the processor when it wants it; more where it waits for others most of the time.

    A process that starts is watched: a lease must not run out before its holder had a chance to work.
    """
    before, begun = os.times(), time.monotonic()
    subprocess.run([sys.executable, "-c", "import worker.app, worker.wiring"], cwd=ROOT, check=True)
    after, waited = os.times(), time.monotonic() - begun
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return round(max(1.0, waited / used / 3), 1)


def _port(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


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
    deps = VerifyDeps(*given, cleaner=CLEANER, verifier=shipped_verifier(Ink()))
    for number, signer in enumerate(SIGNERS):
        data = reference(signer)
        drawn = page(number, marks=1)
        signature = SingleSignature(drawn.data, drawn.suffix)
        enroll_reference(signer, f"{signer}.png", data, signature, deps=deps)


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
    asleep = LIMITS["RENDER_LEASE"] * lab.pace * 1.5
    awake: set[int] = set()
    rising: dict[str, _Rise] = {}
    while not stop.wait(0.1):
        lab.memory.enforce()
        for process in lab.stack.dead():
            lab.restarts[process.name] += 1
            process.kill()
            rising[process.name] = _Rise(process.log)
            lab.stack.start(process.name)
        for name in [name for name, rise in rising.items() if rise.is_up]:
            lab.startups.append(time.monotonic() - rising.pop(name).begun)
        for trap in lab.traps.sprung():
            if trap.action == "stop" and trap.pid not in awake and time.time() > trap.at + asleep:
                awake.add(trap.pid)
                with suppress(ProcessLookupError):
                    os.kill(trap.pid, signal.SIGCONT)


class _Rise:
    """A process that was started again, and whether it is up, as its log says; only workers ever say so."""

    def __init__(self, log: Path) -> None:
        self.begun = time.monotonic()
        self._log, self._length = log, log.stat().st_size

    @property
    def is_up(self) -> bool:
        with self._log.open("rb") as file:
            file.seek(self._length)
            return b" ready." in file.read()
