"""The embedded form: the same steps, SQLite and a folder instead of servers, all cores of one machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from db import chunks, documents, signers
from db.base import ClaimSource, DocumentStage
from db.documents import Object
from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from db.results import document_result
from worker import models
from worker.errors import StorageUnavailable
from worker.rendering.renderer import SandboxRenderer
from worker.settings import Attempts, Detection, Models, Reading
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.ports import Courier, Deps, DetectDeps, RenderDeps, VerifyDeps
from worker.steps.references import Enrolled, Enrolment, enroll, judge
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk
from worker.storage.files import LOCAL_BUCKET, key_of
from worker.storage.folder import Folder


class _NoCourier:
    """Sends nothing: the embedded form walks the rows itself."""

    def render(self, document_id: int) -> None:
        """Nothing to send."""

    def pages(self, chunk_id: int, document_id: int) -> None:
        """Nothing to send."""

    def finish(self, document_id: int) -> None:
        """Nothing to send."""


@dataclass(frozen=True)
class Workspace:
    """A results folder with its database, and the steps that work on it."""

    root: Path
    render: RenderDeps
    detect: DetectDeps
    verify: VerifyDeps

    @property
    def sessions(self) -> Sessions:
        """Transactions on the folder's database."""
        return self.render.sessions

    def enroll(self, signer: str, path: Path) -> Enrolled:
        """Put a signature image on file. UnusableReference, naming the file, when it will not do."""
        data = path.read_bytes()
        return enroll(signer, str(path), data, deps=self.verify, renderer=self.render.renderer)

    def judge(self, signer: str) -> Enrolment:
        """Judge a signer's references by each other."""
        return judge(signer, self.verify)

    def register(self, path: Path, claims: Iterable[str], *, again: bool = True) -> int:
        """Register a file with the signers it claims; its version is its digest.

        A file that was answered before is worked on again, with these claims, unless `again` is False.
        """
        source = Object(LOCAL_BUCKET, key_of(path), _version(path), path.stat().st_size)
        claimed = dict.fromkeys(claims, ClaimSource.FILE)
        with self.sessions() as session:
            document_id, new = documents.register(session, source, claimed)
            if not new and again:
                documents.start_again(session, [document_id])
                documents.replace_claims(session, document_id, claimed)
        return document_id

    def forget_signers(self) -> None:
        """Take all references off file, so that a run compares with those it was given and no others."""
        with self.sessions() as session:
            signers.forget_all(session)

    def process(self, document_ids: Sequence[int], on_done: Callable[[int], None]) -> None:
        """Take the documents through all stages on all cores; `on_done` is called as each gets its answer.

        A document that fails is quarantined and its neighbours go on. StorageUnavailable, when the folder
        cannot be written, ends the run; what was not reached stays registered.
        """
        cv2.setNumThreads(1)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            running = {pool.submit(self._through, one): one for one in document_ids}
            try:
                for finished in as_completed(running):
                    finished.result()
                    on_done(running[finished])
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def result(self, document_id: int) -> dict[str, Any]:
        """The document's result, its pictures as paths."""
        with self.sessions() as session:
            return document_result(session, document_id, locate=self.locate)

    def locate(self, key: str) -> str:
        """The path of a stored picture."""
        return str(self.root / "objects" / key)

    def _through(self, document_id: int) -> None:
        """All stages, and again after a failure that another attempt may mend; rows count attempts."""
        for _ in range(4 * self.render.attempts.max_deliveries):
            try:
                self._stages(document_id)
            except StorageUnavailable:
                raise
            except Exception:  # noqa: BLE001 - recorded by the attempt, which also counts it
                continue
            if self._stage(document_id) in (DocumentStage.CLOSED, DocumentStage.LINKED):
                return

    def _stages(self, document_id: int) -> None:
        render_document(document_id, self.render)
        with self.sessions() as session:
            waiting = chunks.unfinished(session, document_id)
        for chunk_id in waiting:
            detect_chunk(chunk_id, self.detect)
            verify_chunk(chunk_id, self.verify)
        finish_document(document_id, self.render)

    def _stage(self, document_id: int) -> DocumentStage:
        with self.sessions() as session:
            return documents.get(session, document_id).stage


def open_workspace(
    root: Path, *, detection: Detection | None = None, reading: Reading | None = None
) -> Workspace:
    """Open or make a results folder; loads the weights, refusing those whose digest is wrong.

    Settings that are given go before those of the environment.
    """
    (root / "objects").mkdir(parents=True, exist_ok=True)
    engine = make_engine(f"sqlite:///{root / 'countersign.db'}")
    upgrade(engine)
    detection, reading = detection or Detection(), reading or Reading()
    settings = Models()
    encoder, verifier = models.build_verifier(settings)
    courier: Courier = _NoCourier()
    versions: Mapping[str, Any] = models.result_versions(detection, settings)
    base = vars(Deps(make_sessions(engine), Folder(root / "objects"), courier, Attempts(), versions))
    renderer = SandboxRenderer(reading, size=os.cpu_count() or 1)
    return Workspace(
        root,
        RenderDeps(**base, renderer=renderer, reading=reading),
        DetectDeps(**base, detector=models.build_detector(detection)),
        VerifyDeps(**base, cleaner=models.build_cleaner(settings), encoder=encoder, verifier=verifier),
    )


def _version(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
