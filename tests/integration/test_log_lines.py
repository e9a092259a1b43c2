"""Real processes write log lines that a machine can read, with the ids of what is at work."""

from __future__ import annotations

import json
from pathlib import Path

from db import documents
from db.documents import Object
from db.engine import make_sessions
from db.states import DocumentStage
from producer.machine import crew
from producer.machine.processes import child_environment, start_process, stopped_at_exit
from tests.acceptance.commands import countersign
from tests.waiting import until
from worker.app import make_app
from worker.pipeline import PIPELINE
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker

ROOT = Path(__file__).resolve().parents[2]


def test_a_worker_writes_json_lines_that_carry_document_and_task(
    postgres, database_url: str, redis_url: str, s3, tmp_path: Path
) -> None:
    with make_sessions(postgres)() as session:
        document_id, _ = documents.register(session, Object(s3.name, "gone.pdf", "v1"), {})
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        **s3.env,
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
        "COUNTERSIGN_MAX_DELIVERIES": "2",
        # Celery warns who runs it as root before anything is configured.
        "PYTHONWARNINGS": "ignore",
    }
    log = tmp_path / "render.log"
    command = crew.worker_command(PIPELINE[DocumentStage.RENDER], cores=1)
    process = start_process("render", command, log=log, env=child_environment(env), cwd=ROOT)
    with stopped_at_exit(process), make_app(Broker(broker_url=redis_url), Attempts()) as app:
        publisher = CeleryPublisher(app)
        publisher.start(document_id)
        until(lambda: "raised unexpected" in log.read_text(), within=90)
        publisher.start(document_id)
        until(lambda: "document quarantined" in log.read_text(), within=30)
        # Before it is stopped: to a signal Celery answers with a word on stdout.
        lines = [json.loads(line) for line in log.read_text().splitlines()]

    (quarantined,) = [line for line in lines if line["message"] == "document quarantined"]
    assert quarantined["document"] == document_id
    assert quarantined["reason"] == "object_missing"
    received = [line["task"] for line in lines if line["message"].endswith("received")]
    assert quarantined["task"] == received[-1]
    assert {"celery.worker.strategy", "celery.app.trace", "countersign"} <= {line["logger"] for line in lines}


def test_a_level_that_is_none_is_refused_in_one_line() -> None:
    finished = countersign("doctor", env={"COUNTERSIGN_LOG_LEVEL": "loud"})

    assert finished.status == 2
    assert finished.err.startswith("COUNTERSIGN_LOG_LEVEL: ")
    assert finished.err.count("\n") == 1
