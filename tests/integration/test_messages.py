"""A message can say which row has work to do, and nothing more."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from kombu import Queue

from db.states import DocumentStage
from producer.machine import crew
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until
from tests.waiting import until
from worker.app import make_app
from worker.pipeline import QueueMessage
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker

ROOT = Path(__file__).resolve().parents[2]


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("form", ["application/x-python-serialize", "application/x-yaml"])
def test_a_message_that_is_not_json_is_refused_unread_and_the_worker_goes_on(
    redis_url: str, tmp_path: Path, form: str
) -> None:
    """The bomb stands before an honest message; when that one was taken, the bomb has had its chance."""
    crater, log = tmp_path / "crater", tmp_path / "worker.log"
    (tmp_path / "a.db").touch()
    env = {"COUNTERSIGN_BROKER_URL": redis_url, "COUNTERSIGN_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    command = crew.celery("worker", "-Q", "finish", "-P", "solo", "-E")
    bodies = {
        "application/x-python-serialize": pickle.dumps(Bomb(crater)),
        "application/x-yaml": f"!!python/object/apply:os.mknod ['{crater}']".encode(),
    }
    with make_app(Broker(broker_url=redis_url), Attempts()) as app:
        with app.connection_for_write() as connection:
            headers = {"task": "documents.finish", "id": "1", "lang": "py"}
            connection.Producer().publish(
                bodies[form],
                routing_key="finish",
                declare=[Queue("finish")],
                content_type=form,
                content_encoding="binary",
                headers=headers,
            )
        publisher = CeleryPublisher(app)
        publisher.send(QueueMessage(stage=DocumentStage.FINISH, document_id=1))
        process = start_process("worker", command, log=log, env=child_environment(env), cwd=ROOT)
        with stopped_at_exit(process):
            wait_until(lambda: bool(app.control.ping(timeout=0.5)), process, within=60)
            until(lambda: publisher.depth("finish") == 0 and "no such table" in log.read_text(), within=60)

    assert "ContentDisallowed" in log.read_text()
    assert not crater.exists()


def test_the_bomb_goes_off_where_it_is_read(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "crater")))

    assert (tmp_path / "crater").exists()


def test_where_no_worker_is_no_queue_is_served(redis_url: str) -> None:
    with make_app(Broker(broker_url=redis_url), Attempts()) as app:
        assert CeleryPublisher(app).served(within=0.2) == set()
