"""Documents that an earlier process of a results folder has left unfinished are all read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from db import documents
from db.answers import Given
from db.documents import Object
from db.states import Status
from producer.services.background import BackgroundReader
from producer.services.local_files import LocalFile
from producer.services.progress import Progress, unheard
from producer.services.resume import AnswersKept, AnswersOnFile, Resumption
from producer.services.retry import Retried, retry_documents
from producer.services.run import _process, _register
from producer.services.run_claims import ClaimsOfRun
from producer.services.run_folder import open_run
from tests.erasures import erased_document
from tests.fakes import page
from tests.world import World
from worker.embedded.workspace import Workspace
from worker.pipeline import QueueMessage
from worker.storage.folder import Folder
from worker.wiring import NoPublisher, make_runner


class Listed(BackgroundReader):
    """Keeps which documents it is to read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.started: list[int] = []

    def start(self, document_id: int) -> None:
        """Note the document."""
        self.started.append(document_id)


def test_all_unfinished_documents_are_read_the_oldest_first(engine, tmp_path: Path) -> None:
    world, reader = World(engine), Listed(tmp_path)
    done = world.arrive("done.pdf", [page(0)])
    world.through(done)
    with world.sessions() as session:
        left = [
            documents.register(session, Object("intake", f"{number}.pdf", "v1"), {})[0]
            for number in range(450)
        ]

    number = reader.start_unfinished(world.sessions)

    assert (number, reader.started) == (len(left), left)


def test_what_was_read_behind_a_console_stands_in_the_report_when_it_ends(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("no document")
    folder = tmp_path / "out"
    with closing(open_run(folder)) as workspace:
        document_id = workspace.register(note, ())
    report = folder / "report.html"
    report.write_text("as it was")

    BackgroundReader(folder).close()
    untouched = report.read_text()
    reader = BackgroundReader(folder)
    reader.start(document_id)
    reader.close()

    assert untouched == "as it was"
    assert "note.txt" in report.read_text()


def test_who_reads_files_again_leaves_alone_what_is_not_there(tmp_path: Path) -> None:
    notes = [tmp_path / f"{number}.txt" for number in range(2)]
    sent: list[QueueMessage] = []
    with closing(open_run(tmp_path / "out")) as workspace:
        for note in notes:
            note.write_text(note.name)
            workspace.process([workspace.register(note, ())], unheard)
        notes[0].unlink()

        retried = retry_documents(
            workspace.sessions, sent.append, reason="any", who="ann@desk", read_here=True
        )

    assert retried == Retried(again=1, at_work=0, answered=0, missing=(str(notes[0]),))
    assert [message.document_id for message in sent] == [2]


def test_a_document_that_is_erased_before_its_turn_is_done(engine, tmp_path: Path) -> None:
    world = World(engine)
    erased = world.arrive("a.pdf", [page(0)])
    runner = make_runner(world.sessions, Folder(tmp_path), NoPublisher())
    erased_document(world, erased)
    done: list[int] = []

    Workspace(tmp_path, runner, engine).process([erased], done.append)

    runner.close()
    assert done == [erased]


class StoppedWorkspace(Workspace):
    """One in which somebody presses Ctrl-C, and the documents at hand get their answers behind that."""

    def process(self, document_ids: Sequence[int], on_done: Callable[[int], None]) -> None:
        """Answer all but the last; tell of none."""
        with self.sessions() as session:
            for document_id in document_ids[:-1]:
                documents.close(session, document_id, Given(status=Status.DONE, signed=False))
        raise KeyboardInterrupt


def test_answers_are_counted_by_what_has_ended(engine, tmp_path: Path) -> None:
    world, told = World(engine), []
    runner = make_runner(world.sessions, Folder(tmp_path), NoPublisher())
    workspace = StoppedWorkspace(tmp_path, runner, engine)
    files = [LocalFile(tmp_path / f"{number}.pdf", f"{number}.pdf") for number in range(3)]
    for file in files:
        file.path.write_text(file.path.name)
    claims = ClaimsOfRun(None, [], told.append)
    ids = [Resumption(workspace, claims).register(file) for file in files]

    with pytest.raises(KeyboardInterrupt):
        _process(workspace, ids, told.append)
    resumption = Resumption(workspace, claims)
    again = [resumption.register(file) for file in files]
    _register(workspace, files, claims, resume=False, on_event=told.append)

    assert (again, resumption.told()) == (ids, AnswersKept(2, {}, unfinished=1))
    assert told == [Progress(0, 3), Progress(2, 3), AnswersOnFile(2)]
