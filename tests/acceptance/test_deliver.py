"""`countersign deliver` as a process: killed in the middle of an attempt, it loses nothing."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from db.engine import make_engine
from db.migrate import upgrade
from producer.machine.processes import child_environment
from producer.services.run_folder import DATABASE
from tests.acceptance.commands import COUNTERSIGN, countersign
from tests.fakes import page
from tests.receiver import receiving
from tests.waiting import until
from tests.world import World


def deliverer(folder: Path, **settings: str) -> subprocess.Popen[bytes]:
    env = {"COUNTERSIGN_WEBHOOK_NETWORKS": '["127.0.0.0/8"]', **settings}
    words = [COUNTERSIGN, "deliver", "--run", str(folder), "--pulse", str(folder / "pulse")]
    return subprocess.Popen(words, env=child_environment(env), stderr=(folder / "log").open("ab"))


def test_who_is_killed_during_an_attempt_leaves_it_to_the_next_one(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / DATABASE}")
    upgrade(engine)
    world = World(engine)
    networks = {"COUNTERSIGN_WEBHOOK_NETWORKS": '["127.0.0.0/8"]'}
    with receiving() as receiver:
        made = countersign("webhooks", "add", receiver.url, "--run", tmp_path, env=networks)
        world.through(world.arrive("a.pdf", [page(0)]))
        receiver.conducts = [receiver.stand_still]
        first = deliverer(tmp_path)
        until(lambda: receiver.told, within=60)
        first.send_signal(signal.SIGKILL)
        first.wait()
        with world.sessions() as session:
            # As if the time of that attempt had passed.
            session.connection().exec_driver_sql("UPDATE deliveries SET due_at = '2026-01-01 00:00:00'")

        second = deliverer(tmp_path)
        until(lambda: len(receiver.told) == 2, within=60)
        second.send_signal(signal.SIGTERM)
        status = second.wait(60)

    log = countersign("webhooks", "log", 1, "--run", tmp_path)
    logged = countersign("webhooks", "log", 1, "--json", "--run", tmp_path).objects
    engine.dispose()
    assert len(set(receiver.messages)) == 1
    assert status == 0
    assert (len(logged), logged[0]["given_up"], len(logged[0]["attempts"])) == (1, False, 1)
    assert logged[0]["delivered_at"]
    assert "delivered" in log.out
    assert (tmp_path / "pulse").exists()
    written = (tmp_path / "log").read_text()
    assert "1 message was taken" in written
    assert made.out.strip() not in written
