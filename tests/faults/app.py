"""The service's Celery app with stand-ins for the models and with traps at the boundaries of every stage.

`celery -A tests.faults.app worker -Q detect` is the worker that the suite runs instead of `worker.app`'s.
Nothing in the service knows of it: it replaces what `worker.wiring` builds, and wraps what tasks call.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

from billiard import current_process
from celery import current_task
from celery.signals import task_postrun, task_prerun
from sqlalchemy import text

from db import documents, leases
from tests.fakes import shipped_verifier
from tests.faults.standins import CLEANER, VERSIONS, Glutton, Ink
from tests.faults.traps import STAGES, Traps
from worker import connections, wiring
from worker.app import app
from worker.publisher import open_publisher
from worker.settings import Attempts
from worker.steps import copies, detect, finish, render, verify
from worker.steps.attempt import attempt
from worker.steps.ports import Deps, DetectDeps, VerifyDeps
from worker.wiring import Runner, StageSettings

__all__ = ["app"]

TRAPS = Traps(Path(os.environ["FAULTS_TRAPS"]))
#: Seconds that a task may linger and still end before a worker that is stopped breaks it off.
LINGER = 1.0
LEASE = max(Attempts().render_lease, Attempts().detect_lease)


@cache
def runner() -> Runner:
    """The worker's runner, whose answers are named after the stand-ins."""
    deps = Deps(connections.sessions(), connections.store(), open_publisher(), Attempts(), VERSIONS)
    return Runner(deps, StageSettings())


def detect_deps(base: Deps, _settings: StageSettings) -> DetectDeps:
    """What detect needs, without the model."""
    return DetectDeps(**vars(base), detector=Glutton())


def verify_deps(base: Deps, _settings: StageSettings) -> VerifyDeps:
    """What verify needs, without the model; the comparison of embeddings is the real one."""
    return VerifyDeps(**vars(base), cleaner=CLEANER, verifier=shipped_verifier(Ink()))


def strike(boundary: str, session: Any = None) -> None:
    """Let happen what a trap at this boundary of the task at work asks for."""
    stage = current_task.name.rpartition(".")[2] if current_task else ""
    if stage not in STAGES:
        return
    action = TRAPS.spring(stage, boundary)
    if action is not None:
        ACTIONS[action](session)


def _terminate(_: Any) -> None:
    # In a pool of processes the worker is the parent.
    os.kill(os.getppid() if current_process().name != "MainProcess" else os.getpid(), signal.SIGTERM)
    Event().wait(3600)


def _fail_serialization(session: Any) -> None:
    session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '40001'; END $$"))


#: What a trap can ask for; each is handed the session, where there is one.
ACTIONS: dict[str, Callable[[Any], object]] = {
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "pause": lambda _: Event().wait(LEASE * 1.5),
    "terminate": _terminate,
    "linger": lambda _: Event().wait(LINGER),
    "hang": lambda _: Event().wait(3600),
    "serialization": _fail_serialization,
}


def trapped(original: Callable[..., bool]) -> Callable[..., bool]:
    """An attempt with traps behind its claim and behind its commit."""

    def around(job: Any, deps: Any, work: Callable[..., None]) -> bool:
        def struck(*claimed: Any) -> None:
            strike("after_claim")
            work(*claimed)
            strike("after_write")

        return original(job, deps, struck)

    return around


def struck_before(write: Callable[..., Any]) -> Callable[..., Any]:
    """A write with a trap before it, inside its transaction."""

    def around(session: Any, *args: Any, **kwargs: Any) -> Any:
        strike("before_commit", session)
        return write(session, *args, **kwargs)

    return around


wiring.runner, wiring.detect_deps, wiring.verify_deps = runner, detect_deps, verify_deps
for step in (render, detect, verify, finish):
    step.attempt = trapped(attempt)  # type: ignore[attr-defined]
# The same few pictures come hundreds of times: were they told as copies, each answer would depend on all.
copies.searchable = lambda *_, **__: None
leases.advance = struck_before(leases.advance)
documents.close = struck_before(documents.close)
task_prerun.connect(lambda **_: strike("before_claim"), weak=False)
task_postrun.connect(lambda **_: strike("before_ack"), weak=False)
