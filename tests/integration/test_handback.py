"""Real workers that are stopped or killed at work: their rows are free long before the leases run out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from db import chunks, documents, events, heartbeats
from db.documents import Object
from db.engine import Sessions, make_sessions, now
from db.models import Chunk, Document
from db.states import ChunkStage
from producer.machine.crew import worker_command
from producer.machine.processes import Process, child_environment, start_process, stopped_at_exit, wait_until
from tests.faults.traps import Traps
from tests.waiting import until
from worker.app import make_app
from worker.log import Actor
from worker.pipeline import Queue, QueueMessage
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker
from worker.steps.heartbeats import free_silent
from worker.tasks.watchdog import STALLED

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a worker on a busy machine may need to come up, or to end.
TIMEOUT = 90.0
#: Of the settings: leases are as long as they are in production.
STOP, RETRY = 2.0, 1.0


class Shop:
    """A database with one document and one chunk, and workers that can be trapped at work."""

    def __init__(self, engine: Engine, redis_url: str, folder: Path) -> None:
        self.sessions: Sessions = make_sessions(engine)
        self.traps = Traps(folder / "traps")
        self._folder = folder
        self.env = {
            "COUNTERSIGN_BROKER_URL": redis_url,
            "COUNTERSIGN_DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "COUNTERSIGN_STOP_SECONDS": str(STOP),
            "COUNTERSIGN_RETRY_SECONDS": str(RETRY),
            "FAULTS_TRAPS": str(folder / "traps"),
        }
        self.app = make_app(Broker(broker_url=redis_url), Attempts())
        with self.sessions() as session:
            self.document_id, _ = documents.register(session, Object("intake", "letter.pdf", "v1"), {})
            self.chunk_id = chunks.add(session, self.document_id, 0, [], stage=ChunkStage.DETECT)

    @contextmanager
    def worker(self, queue: str, pool: str) -> Iterator[Process]:
        words = worker_command(Queue(name=queue, task="", pool=pool), cores=1)
        command = [word.replace("worker.app", "tests.faults.app") for word in words]
        log = self._folder / f"{queue}.log"
        process = start_process(queue, command, log=log, env=child_environment(self.env), cwd=ROOT)
        with stopped_at_exit(process, how=signal.SIGKILL):
            wait_until(lambda: bool(self.app.control.ping(timeout=0.5)), process, within=TIMEOUT)
            yield process

    def send(self, queue: str) -> None:
        publisher = CeleryPublisher(self.app)
        if queue == "render":
            publisher.start(self.document_id)
        else:
            publisher.send(
                QueueMessage(stage=ChunkStage.DETECT, document_id=self.document_id, chunk_id=self.chunk_id)
            )

    def row(self, queue: str) -> Document | Chunk:
        with self.sessions() as session:
            return session.execute(select(Document if queue == "render" else Chunk)).scalar_one()

    def lease_ends_within(self, queue: str, seconds: float) -> bool:
        with self.sessions() as session:
            end = self.row(queue).lease_until
            return end is not None and end < now(session) + timedelta(seconds=seconds)

    def history(self, queue: str) -> list[str]:
        with self.sessions() as session:
            history = events.history(session, self.document_id)
            return [one.event for one in history if one.stage == queue]


@pytest.fixture
def shop(postgres: Engine, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(postgres, redis_url, tmp_path)
    yield made
    made.app.close()


STAGES = pytest.mark.parametrize(("queue", "pool"), [("render", "prefork"), ("detect", "threads")])


@STAGES
def test_a_worker_that_is_stopped_hands_back_what_it_cannot_finish(shop: Shop, queue: str, pool: str) -> None:
    shop.traps.arm(queue, "after_claim", "hang")
    with shop.worker(queue, pool) as worker:
        shop.send(queue)
        until(shop.traps.sprung, within=TIMEOUT)
        worker.terminate(signal.SIGTERM)
        until(lambda: not worker.alive, within=TIMEOUT)

    row = shop.row(queue)
    assert shop.history(queue) == ["handed_back"]
    assert (row.lease_until, row.deliveries, row.fence) == (None, 0, 2)


@STAGES
def test_a_worker_that_is_stopped_finishes_what_ends_in_time(shop: Shop, queue: str, pool: str) -> None:
    """What it does is to fail: there is no store. The row says so, and nobody had to take it away."""
    with shop.worker(queue, pool) as worker:
        shop.traps.arm(queue, "after_claim", "linger")
        shop.send(queue)
        until(shop.traps.sprung, within=TIMEOUT)
        worker.terminate(signal.SIGTERM)
        until(lambda: not worker.alive, within=TIMEOUT)

    assert shop.history(queue) in (["failed"], ["closed"])


def test_a_killed_pool_process_leaves_its_row_to_the_others(shop: Shop) -> None:
    """As the kernel kills one when memory runs out; the worker itself lives on."""
    with shop.worker("render", "prefork") as worker:
        shop.traps.arm("render", "after_claim", "kill")
        shop.send("render")
        # Its message comes again: before the lease ends it is dropped, and behind it the next attempt begins.
        until(
            lambda: shop.lease_ends_within("render", 2 * RETRY) or "abandoned" in shop.history("render"),
            within=TIMEOUT,
        )

        assert worker.alive
        # In good order, so that it may say what it ran.
        worker.terminate(signal.SIGTERM)
        until(lambda: not worker.alive, within=TIMEOUT)


def test_a_worker_whose_thread_never_returns_ends_itself(shop: Shop, tmp_path: Path) -> None:
    """Nothing can stop a thread from outside; whoever looks after the worker starts it anew."""
    pulse = tmp_path / "pulse"
    shop.env.update(
        {
            "COUNTERSIGN_PULSE": str(pulse),
            "COUNTERSIGN_STALL_SECONDS": "2",
            **{f"COUNTERSIGN_{stage}_LEASE": "2" for stage in ("RENDER", "DETECT", "VERIFY", "FINISH")},
        }
    )
    shop.traps.arm("detect", "after_claim", "hang")
    with shop.worker("detect", "threads") as worker:
        shop.send("detect")
        until(lambda: not worker.alive, within=TIMEOUT)

        assert worker.popen.returncode == STALLED
        assert "runs longer than 2.5 s and cannot be stopped" in worker.log.read_text()
        assert pulse.exists()


def test_a_worker_that_starts_again_frees_what_it_held_when_it_died(shop: Shop) -> None:
    shop.traps.arm("detect", "after_claim", "kill")
    with shop.worker("detect", "threads") as worker:
        shop.send("detect")
        until(lambda: not worker.alive, within=TIMEOUT)
        assert not shop.lease_ends_within("detect", 2 * RETRY)

    with shop.worker("detect", "threads"):
        assert shop.lease_ends_within("detect", 2 * RETRY)
    assert shop.row("detect").deliveries == 1


@STAGES
def test_the_rows_of_a_worker_whose_machine_never_returns_are_freed_by_others(
    shop: Shop, queue: str, pool: str
) -> None:
    attempts = Attempts(silence_seconds=1, retry_seconds=RETRY)
    shop.env["COUNTERSIGN_SILENCE_SECONDS"] = str(attempts.silence_seconds)
    shop.traps.arm(queue, "after_claim", "hang")
    with shop.worker(queue, pool) as worker:
        shop.send(queue)
        until(shop.traps.sprung, within=TIMEOUT)
        worker.terminate(signal.SIGKILL)
        until(lambda: not worker.alive, within=TIMEOUT)
    witness = Actor("upkeep@here", "task-1")

    def freed() -> int:
        with shop.sessions() as session:
            heartbeats.beat(session, witness.worker, silence=timedelta(seconds=attempts.silence_seconds))
        return free_silent(shop.sessions, witness, attempts)

    assert until(freed, within=TIMEOUT) == 1
    assert shop.lease_ends_within(queue, RETRY)
