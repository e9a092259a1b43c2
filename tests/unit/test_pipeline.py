"""The table of stages: what follows what, what it names, and what a process with a bad setting says."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pkgutil import resolve_name

import pytest

from db.states import ChunkStage, DocumentStage, StageName
from worker.pipeline import PIPELINE, QUEUES, Pipeline, QueueMessage, Stage
from worker.settings import Attempts
from worker.steps.ports import Deps


def row(name: DocumentStage | ChunkStage, lease: float = 1.0) -> Stage:
    return Stage(name=name, task=f"test.{name}", step="builtins:print", lease=lambda _: lease)


@pytest.mark.parametrize("stage", list(PIPELINE), ids=lambda stage: stage.name.value)
def test_every_stage_names_a_step_that_takes_an_id_and_what_its_needs_build(stage: Stage) -> None:
    step, build = resolve_name(stage.step), resolve_name(stage.needs)

    row_id, needed, answer = inspect.get_annotations(step, eval_str=True).values()
    built = inspect.get_annotations(build, eval_str=True)["return"]
    assert (row_id, answer) == (int, bool)
    assert issubclass(built, needed)
    assert issubclass(needed, Deps)


def test_every_state_in_which_rows_wait_for_a_worker_is_a_stage() -> None:
    waiting = {*DocumentStage, *ChunkStage} - {DocumentStage.LINKED, DocumentStage.CLOSED, ChunkStage.CLOSED}

    assert {stage.name for stage in PIPELINE} == waiting


def test_queues_and_tasks_are_named_once() -> None:
    assert len({queue.name for queue in QUEUES}) == len({queue.task for queue in QUEUES}) == len(QUEUES)


def test_a_row_goes_on_to_the_next_stage_of_its_kind() -> None:
    way = [PIPELINE.first_of_chunks]
    while way[-1] is not ChunkStage.CLOSED:
        way.append(ChunkStage(PIPELINE.after(way[-1])))

    assert way == [*(stage.name for stage in PIPELINE.chunk_stages), ChunkStage.CLOSED]
    assert PIPELINE.after(PIPELINE.opening[-1].name) is PIPELINE.closing[0].name
    assert PIPELINE.after(PIPELINE.closing[-1].name) is DocumentStage.CLOSED


def test_a_message_takes_a_chunk_through_its_stages_and_on_to_its_document() -> None:
    of_chunks = (*PIPELINE.chunk_stages, *PIPELINE.closing)

    assert PIPELINE.chain(PIPELINE.opening[0].name) == PIPELINE.opening
    assert PIPELINE.chain(PIPELINE.first_of_chunks) == of_chunks
    assert PIPELINE.chain(PIPELINE.chunk_stages[-1].name) == of_chunks[-1 - len(PIPELINE.closing) :]
    assert PIPELINE.chain(PIPELINE.closing[0].name) == PIPELINE.closing


def test_a_message_names_the_row_of_each_stage_behind_it() -> None:
    message = QueueMessage(stage=PIPELINE.first_of_chunks, document_id=7, chunk_id=3)

    rows = [message.row_id(stage.name) for stage in PIPELINE.chain(message.stage)]

    assert rows == [3] * len(PIPELINE.chunk_stages) + [7] * len(PIPELINE.closing)
    with pytest.raises(ValueError, match="the message names none"):
        QueueMessage(stage=ChunkStage.DETECT, document_id=7).row_id(ChunkStage.DETECT)


def test_only_what_comes_after_the_chunks_joins_them() -> None:
    joining = [stage for stage in PIPELINE if PIPELINE.joins(stage.name)]

    assert joining == list(PIPELINE)[len(PIPELINE.opening) + len(PIPELINE.chunk_stages) :]


def test_no_lease_is_longer_than_the_longest() -> None:
    attempts = Attempts(render_lease=1, detect_lease=2, verify_lease=4, finish_lease=3)

    assert PIPELINE.longest_lease(attempts) == 4
    assert all(stage.lease(attempts) <= 4 for stage in PIPELINE)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([], id="none"),
        pytest.param([ChunkStage.DETECT, DocumentStage.FINISH], id="chunks first"),
        pytest.param([DocumentStage.RENDER, ChunkStage.DETECT], id="nothing joins"),
        pytest.param(
            [DocumentStage.RENDER, ChunkStage.DETECT, DocumentStage.FINISH, ChunkStage.VERIFY], id="mixed"
        ),
        pytest.param([DocumentStage.RENDER, ChunkStage.DETECT, DocumentStage.RENDER], id="twice"),
    ],
)
def test_stages_in_another_order_are_refused(names: list[DocumentStage | ChunkStage]) -> None:
    with pytest.raises(ValueError, match="stages"):
        Pipeline(*map(row, names))


@pytest.mark.parametrize("command", ["worker", "beat", "flower"])
def test_a_process_with_a_bad_setting_does_not_start_and_says_which_in_one_line(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker.app", command],
        env={**os.environ, "COUNTERSIGN_RENDER_LEASE": "-1"},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 2
    assert ended.stderr == "COUNTERSIGN_RENDER_LEASE: Input should be greater than 0\n"


def test_importing_the_app_reads_no_setting() -> None:
    code = "import worker.app; assert not worker.app.app.configured"
    bad = {**os.environ, "COUNTERSIGN_RENDER_LEASE": "-1"}

    subprocess.run([sys.executable, "-c", code], env=bad, check=True, timeout=60)


def test_a_row_goes_through_optional_stages_only_where_they_are_asked_for_or_it_waits_there() -> None:
    def names(stage: ChunkStage, *, optional: bool) -> list[StageName]:
        return [row.name for row in PIPELINE.from_stage(stage, optional=optional)]

    assert names(ChunkStage.DETECT, optional=True) == [ChunkStage.DETECT, ChunkStage.VERIFY, ChunkStage.SLOTS]
    assert names(ChunkStage.DETECT, optional=False) == [ChunkStage.DETECT, ChunkStage.VERIFY]
    assert names(ChunkStage.SLOTS, optional=False) == [ChunkStage.SLOTS]
