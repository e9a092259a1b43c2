"""The tasks: one for each stage of the pipeline, and the sweep."""

from __future__ import annotations

from worker import wiring
from worker.app import app
from worker.pipeline import PIPELINE, UPKEEP, Stage
from worker.publisher import open_publisher
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
    """Send again what stands still."""
    sweep_all(wiring.runner().base, open_publisher().depth)
