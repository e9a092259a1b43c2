"""The embedded form: the same steps, SQLite and a folder instead of servers, all cores of one machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import chunks, documents, listing, people, reopening
from db.answers import Asked
from db.claims import claimed_signers, replace_claims
from db.documents import Object
from db.engine import Sessions, file_engine, make_sessions
from db.migrate import upgrade
from db.states import AnswerCause, ClaimSource, DocumentStage
from worker.embedded.inputs import Change, Inputs, read_inputs
from worker.enrolling import Enroller, make_enroller
from worker.errors import StorageUnavailable
from worker.log import EMBEDDED
from worker.pipeline import PIPELINE, Stage
from worker.result import DocumentResult
from worker.result.backfill import fill_tables
from worker.result.rows import document_result
from worker.setting_names import check_weights
from worker.settings import Detection, Reading
from worker.storage.files import LOCAL_BUCKET, key_of
from worker.storage.folder import Folder
from worker.wiring import NoPublisher, Runner, StageSettings, make_runner


@dataclass(frozen=True, slots=True)
class Resumed:
    """A document that an earlier run may have left; `changes` says why a known one is read again.

    `answered` says whether that run came to an end with it.
    """

    id: int
    known: bool = False
    answered: bool = False
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Workspace:
    """A results folder with its database, and the steps that work on it."""

    root: Path
    runner: Runner
    engine: Engine

    @property
    def sessions(self) -> Sessions:
        """Transactions on the folder's database."""
        return self.runner.base.sessions

    @property
    def enroller(self) -> Enroller:
        """What puts references on file here, with the same models."""
        return make_enroller(self.runner)

    def inputs(self) -> Inputs:
        """What decides answers beside the documents, as it is on file now."""
        with self.sessions() as session:
            return read_inputs(session, self.runner.base.versions)

    def register(self, path: Path, claims: Iterable[str], inputs: Inputs | None = None) -> int:
        """Register a file with the signers it claims; its version is its digest.

        A file that was answered before is worked on again, with these claims.
        """
        claimed = dict.fromkeys(claims, ClaimSource.FILE)
        with self.sessions() as session:
            document_id, new = documents.register(session, _object(path), claimed)
            if not new:
                same = set(claimed_signers(session, document_id)) == set(claimed)
                _read_anew(session, document_id, () if same else (Change.CLAIMS,))
                replace_claims(session, document_id, claimed)
            if inputs is not None:
                inputs.note(session, document_id, claimed)
        return document_id

    def resume(self, path: Path, claims: Iterable[str] | None, inputs: Inputs) -> Resumed:
        """Register a file, and keep the answer that it has if nothing that decides it has changed.

        Else it is worked on again from the start, with these claims; None leaves its claims as they are.
        """
        with self.sessions() as session:
            given = dict.fromkeys(claims or (), ClaimSource.FILE)
            document_id, new = documents.register(session, _object(path), given)
            before = set(claimed_signers(session, document_id))
            claimed = given if claims is not None else dict.fromkeys(before, ClaimSource.FILE)
            if new:
                inputs.note(session, document_id, claimed)
                return Resumed(document_id)
            answered = documents.get(session, document_id).status.final
            changes = inputs.changes(session, document_id, before)
            changes += [Change.CLAIMS] if set(claimed) != before else []
            if changes:
                _read_anew(session, document_id, changes)
                replace_claims(session, document_id, claimed)
                inputs.note(session, document_id, claimed)
            return Resumed(document_id, known=True, answered=answered, changes=tuple(changes))

    def close(self) -> None:
        """End its child processes and connections; what it wrote stays."""
        self.runner.close()
        self.engine.dispose()

    def keep_references(self, kept: Collection[tuple[str, str]], *, who: str) -> None:
        """Take all references off file but these, each a signer and a digest: a run compares with no others.

        Their pictures and their signers' histories stay: bundles of earlier answers need them.
        """
        with self.sessions() as session:
            people.remove_other_references(session, kept, who=who)

    def process(self, document_ids: Sequence[int], on_done: Callable[[int], None]) -> None:
        """Take the documents through all stages on all cores; `on_done` is called as each gets its answer.

        A document that fails is quarantined and its neighbours go on; one that is erased meanwhile is done.
        StorageUnavailable, when the folder cannot be written, ends the run; what was not reached stays
        registered.
        """
        cv2.setNumThreads(1)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            running = {pool.submit(self._through, document_id): document_id for document_id in document_ids}
            try:
                for finished in as_completed(running):
                    finished.result()
                    on_done(running[finished])
            except (
                BaseException
            ):  # whatever ends it, a key press too: nothing is begun any more, and it goes on
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def answers(self) -> int:
        """How many documents on file have their answers, or failed."""
        with self.sessions() as session:
            return sum(number for status, number in documents.counts(session).items() if status.final)

    def answered(self, document_ids: Collection[int]) -> int:
        """How many of these documents have their answers, or failed."""
        with self.sessions() as session:
            return len(set(document_ids).difference(listing.unfinished_ids(session)))

    def result(self, document_id: int) -> DocumentResult:
        """The document's result, its pictures as paths."""
        with self.sessions() as session:
            return document_result(session, document_id, locate=self.locate)

    def locate(self, key: str) -> str:
        """The path of a stored picture."""
        return str(self.root / "objects" / key)

    def _through(self, document_id: int) -> None:
        """All stages, and again after a failure that another attempt may cure; rows count attempts."""
        for _ in range(len(PIPELINE) * self.runner.base.attempts.max_deliveries):
            try:
                self._stages(document_id)
            except StorageUnavailable:
                raise
            except Exception:  # noqa: BLE001 - recorded by the attempt, which also counts it
                continue
            if self._stage(document_id) in (DocumentStage.CLOSED, DocumentStage.LINKED, None):
                return

    def _stages(self, document_id: int) -> None:
        self._run(PIPELINE.opening, document_id)
        with self.sessions() as session:
            waiting = chunks.open_stages(session, document_id)
        for chunk_id, stage in waiting.items():
            self._run(PIPELINE.from_stage(stage, optional=self.runner.base.slots), chunk_id)
        self._run(PIPELINE.closing, document_id)

    def _run(self, stages: Iterable[Stage], row_id: int) -> None:
        for stage in stages:
            self.runner.run(stage.name, row_id)

    def _stage(self, document_id: int) -> DocumentStage | None:
        """Where the document stands; None when it was erased meanwhile."""
        with self.sessions() as session:
            return documents.stage_of(session, document_id)


def open_workspace(
    root: Path, *, detection: Detection | None = None, reading: Reading | None = None
) -> Workspace:
    """Open or make a results folder; loads the weights, refusing those whose digest is wrong.

    Settings that are given go before those of the environment. Close it when you are done.
    """
    settings = StageSettings(
        reading=reading or Reading(), detection=detection or Detection(), renderers=os.cpu_count() or 1
    )
    check_weights(settings.detection, settings.verification)
    (root / "objects").mkdir(parents=True, exist_ok=True)
    engine = file_engine(root / "countersign.db")
    upgrade(engine)
    fill_tables(sessions := make_sessions(engine))
    runner = make_runner(sessions, Folder(root / "objects"), NoPublisher(), settings)
    runner.prepare()
    return Workspace(root, runner, engine)


#: Why a document is answered again, by what has changed; the first that holds.
_CAUSES = (
    (Change.CLAIMS, AnswerCause.CHANGED_CLAIM),
    (Change.REFERENCES, AnswerCause.NEW_REFERENCE),
    (Change.SETTINGS, AnswerCause.NEW_MODEL),
)


def _read_anew(session: Session, document_id: int, changes: Sequence[Change]) -> None:
    """Back to the first stage, also from half-way: what was verified there was compared with other inputs."""
    cause = next((cause for change, cause in _CAUSES if change in changes), AnswerCause.RETRY)
    asked = Asked(cause=cause, who=EMBEDDED.worker)
    reopening.start_again(session, [document_id], asked, open_too=True)


def _object(path: Path) -> Object:
    return Object(LOCAL_BUCKET, key_of(path), _version(path), path.stat().st_size)


def _version(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
