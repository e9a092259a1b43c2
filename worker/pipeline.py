"""The stages that a document goes through, in order: start reading here.

Queues, routes, chains, tasks, the sweep, the embedded run, the processes of a deployment and the longest
lease are derived from this table. `docs/architecture.md` adds a stage to it, file by file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from db.states import ChunkStage, DocumentStage, StageName
from worker.settings import Attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue, the one task it carries, and the worker process that serves it."""

    #: Also the name of its worker.
    name: str
    #: The task's name on the wire.
    task: str
    #: Threads share one model and one batcher. PyMuPDF is not thread-safe: what renders needs processes.
    pool: Literal["prefork", "threads"] = "threads"
    #: Tasks that its worker runs at once; None for one per core.
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Queue):
    """One row of the table. Its place says what follows: the next row for the same kind of database row."""

    #: What rows in this stage are marked with. A DocumentStage works on documents, a ChunkStage on chunks.
    name: StageName
    #: Import path of what runs: a function of a row's id and of what it needs.
    step: str
    #: Import path of the function that builds what it needs.
    needs: str = "worker.wiring:base_deps"
    #: Seconds that one attempt may hold its row.
    lease: Callable[[Attempts], float]
    #: Rows go past it where the settings do not ask for it.
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """What is sent: a stage, a document and, to a stage of chunks, the chunk of that document."""

    stage: StageName
    document_id: int
    chunk_id: int | None = None

    def row_id(self, stage: StageName) -> int:
        """The row that a stage of this message works on. ValueError where it names no chunk."""
        row_id = self.chunk_id if isinstance(stage, ChunkStage) else self.document_id
        if row_id is None:
            raise ValueError(f"{stage} works on chunks, and the message names none")
        return row_id


class Pipeline:
    """Stages in order: of the whole document, of its chunks, and of the whole document again.

    A document's last stage of the first group makes chunks and sends them on. The stages of the last group
    wait until all chunks are closed. ValueError when the rows are not three such groups.
    """

    def __init__(self, *stages: Stage) -> None:
        self._stages = {stage.name: stage for stage in stages}
        groups = [tuple(group) for _, group in groupby(stages, key=lambda stage: type(stage.name))]
        kinds = [type(group[0].name) for group in groups]
        if kinds != [DocumentStage, ChunkStage, DocumentStage] or len(self) != len(stages):
            raise ValueError("stages are of documents, then of chunks, then of documents, each once")
        #: The stages before a document's chunks, of its chunks, and after them.
        self.opening, self.chunk_stages, self.closing = groups

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages.values())

    def __len__(self) -> int:
        return len(self._stages)

    def __getitem__(self, name: StageName) -> Stage:
        return self._stages[name]

    def stage_of(self, queue: str) -> Stage | None:
        """The stage that this queue serves; None for a queue that serves none."""
        return next((stage for stage in self if stage.name == queue), None)

    @property
    def first_of_chunks(self) -> ChunkStage:
        """What a new chunk waits for."""
        return next(stage.name for stage in self if isinstance(stage.name, ChunkStage))

    def after(self, name: StageName, *, optional: bool = True) -> StageName:
        """What a row waits for once this stage has closed, with or without the optional stages."""
        kind = type(name)
        stages = [stage for stage in self if isinstance(stage.name, kind)]
        behind = stages[[stage.name for stage in stages].index(name) + 1 :]
        return next((stage.name for stage in behind if optional or not stage.optional), kind.CLOSED)

    def from_stage(self, name: StageName, *, optional: bool = True) -> Iterator[Stage]:
        """The stages that a row goes through from this one on, with or without optional ones behind it."""
        while name is not type(name).CLOSED:
            yield self[name]
            name = self.after(name, optional=optional)

    def chain(self, name: StageName) -> tuple[Stage, ...]:
        """The stages that one message takes a row through, from this one on.

        Behind the stages of a chunk come the closing ones of its document.
        """
        groups = (self.opening, (*self.chunk_stages, *self.closing), self.closing)
        group = next(group for group in groups if self[name] in group)
        return group[group.index(self[name]) :]

    def joins(self, name: StageName) -> bool:
        """Whether a stage waits until all chunks of its document are closed."""
        return self[name] in self.closing

    def longest_lease(self, attempts: Attempts) -> float:
        """Seconds of the longest lease: no task may run for longer."""
        return max(stage.lease(attempts) for stage in self)


PIPELINE = Pipeline(
    # The bytes of a document become page images; every few pages are sent on while rendering continues.
    Stage(
        name=DocumentStage.RENDER,
        task="documents.render",
        step="worker.steps.render:render_document",
        needs="worker.wiring:render_deps",
        lease=lambda attempts: attempts.render_lease,
        pool="prefork",
    ),
    # Page images become regions and crops.
    Stage(
        name=ChunkStage.DETECT,
        task="pages.detect",
        step="worker.steps.detect:detect_chunk",
        needs="worker.wiring:detect_deps",
        lease=lambda attempts: attempts.detect_lease,
    ),
    # Crops become clean crops, embeddings and verdicts.
    Stage(
        name=ChunkStage.VERIFY,
        task="pages.verify",
        step="worker.steps.verify:verify_chunk",
        needs="worker.wiring:verify_deps",
        lease=lambda attempts: attempts.verify_lease,
    ),
    # Places that ask for a mark are found on the pages, and what stands there.
    Stage(
        name=ChunkStage.SLOTS,
        task="pages.slots",
        step="worker.steps.slots:find_chunk_slots",
        needs="worker.wiring:slots_deps",
        lease=lambda attempts: attempts.verify_lease,
        optional=True,
    ),
    # The document gets its status and its result.
    Stage(
        name=DocumentStage.FINISH,
        task="documents.finish",
        step="worker.steps.finish:finish_document",
        lease=lambda attempts: attempts.finish_lease,
        concurrency=2,
    ),
)

#: Carries no document: beat sends the sweep there.
UPKEEP = Queue(name="upkeep", task="upkeep.sweep", concurrency=1)

#: Every queue, in the order in which workers start.
QUEUES: tuple[Queue, ...] = (*PIPELINE, UPKEEP)
