"""Documents that an earlier process of a results folder has left unfinished are all read."""

from __future__ import annotations

from pathlib import Path

from db import documents
from db.documents import Object
from producer.services.background import BackgroundReader
from tests.erasures import erased_document
from tests.fakes import page
from tests.world import World
from worker.embedded.workspace import Workspace
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


def test_a_document_that_is_erased_before_its_turn_is_done(engine, tmp_path: Path) -> None:
    world = World(engine)
    erased = world.arrive("a.pdf", [page(0)])
    runner = make_runner(world.sessions, Folder(tmp_path), NoPublisher())
    erased_document(world, erased)
    done: list[int] = []

    Workspace(tmp_path, runner, engine).process([erased], done.append)

    runner.close()
    assert done == [erased]
