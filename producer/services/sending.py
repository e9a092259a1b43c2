"""What sends documents on their way: over the queues, or of a run's folder in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from producer.services.progress import unheard
from producer.services.run_folder import open_run, results_folder
from producer.services.run_outputs import rewrite_outputs
from worker import connections
from worker.pipeline import QueueMessage
from worker.result import DocumentResult

Send = Callable[[QueueMessage], None]


@contextmanager
def open_sender(
    folder: Path | None, *, on_answer: Callable[[DocumentResult], None] = unheard
) -> Iterator[Send]:
    """Sends over the configured queues; documents of a run's folder are read here, as the block ends.

    They are read by the settings of this process, `on_answer` hears of each, and the folder's tables and
    report are rewritten. BrokerUnavailable; of a folder StorageUnavailable.
    """
    if folder is None:
        yield connections.publisher().send
        return
    waiting: dict[int, None] = {}
    yield lambda message: waiting.update({message.document_id: None})
    if waiting:
        with closing(open_run(folder)) as workspace:
            workspace.process(list(waiting), unheard)
            for document_id in waiting:
                on_answer(workspace.result(document_id))
    # Also where none was read: one that cannot be has another answer as well.
    with results_folder(folder) as changed:
        rewrite_outputs(changed.sessions, changed.store, folder)
