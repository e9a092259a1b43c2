"""The tasks: one for each stage of the pipeline, and the sweep."""

from __future__ import annotations

from worker import wiring
from worker.app import app
from worker.log import actor
from worker.pipeline import PIPELINE, UPKEEP, Stage
from worker.publisher import open_publisher
from worker.steps.heartbeats import free_silent
from worker.steps.sweep import sweep_all
from worker.tasks.base import StageTask


def register_task(stage: Stage) -> None:
    """Let the app know the task of a stage."""

    @app.task(base=StageTask, name=stage.task)
    def run(row_id: int) -> None:
        wiring.runner().run(stage.name, row_id)


for _stage in PIPELINE:
    register_task(_stage)


@app.task(base=StageTask, name=UPKEEP.task)
def sweep() -> None:
    """Free what dead workers held, and send again what stands still."""
    deps = wiring.runner().base
    free_silent(deps.sessions, actor.get(), deps.attempts)
    sweep_all(deps, open_publisher().depth)
