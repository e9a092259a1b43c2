"""Documents of a results folder read by this process, one after the other, behind whoever asked for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from db import listing
from db.engine import Sessions
from producer.services.progress import unheard
from producer.services.run_folder import open_run, results_folder
from producer.services.run_outputs import rewrite_outputs
from worker.log import logger

if TYPE_CHECKING:
    from worker.embedded.workspace import Workspace


class BackgroundReader:
    """A thread that takes documents through all stages; the models are loaded for the first one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._lock = Lock()
        self._opened: Workspace | None = None

    def start(self, document_id: int) -> None:
        """Have a document read; answers at once."""
        self._pool.submit(self._read, document_id)

    def start_unfinished(self, sessions: Sessions) -> int:
        """Have those read that an earlier process has left unfinished; how many there were."""
        with sessions() as session:
            left = listing.unfinished_ids(session)
        for document_id in left:
            self.start(document_id)
        return len(left)

    @property
    def workspace(self) -> Workspace:
        """The folder with its models, loaded once."""
        with self._lock:
            if self._opened is None:
                self._opened = open_run(self._root)
            return self._opened

    def close(self) -> None:
        """Finish the document at hand; those behind it stay registered.

        Where something was read, the folder's tables and report are written anew.
        """
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._opened is None:
            return
        self._opened.close()
        with results_folder(self._root) as folder:
            rewrite_outputs(folder.sessions, folder.store, self._root)

    def _read(self, document_id: int) -> None:
        try:
            self.workspace.process([document_id], unheard)
        except Exception:  # noqa: BLE001 - the attempt has recorded it; the thread must live on
            logger.exception("a document could not be read", extra={"document": document_id})
