"""How many statements the work on a document takes, counted where the database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from tests.fakes import page
from tests.world import World
from worker.result.rows import document_result
from worker.steps.detect import detect_chunk
from worker.steps.render import render_document


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Each statement that a block executes."""
    executed: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        executed.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_result_takes_as_many_statements_for_many_pages_as_for_few(world: World) -> None:
    short = world.arrive("short.pdf", [page(0, marks=2)], claims=("Ann",))
    long = world.arrive("long.pdf", [page(index, marks=3) for index in range(9)], claims=("Ann", "Ben"))
    for document_id in (short, long):
        world.through(document_id)

    counts = {}
    for document_id in (short, long):
        with statements(world.engine) as executed, world.sessions() as session:
            answer = document_result(session, document_id)
        counts[document_id] = len(executed)

    assert len(answer.verdicts) == 9 * 3 * 2
    assert counts[long] <= counts[short] + 2


def test_detection_writes_a_chunk_in_as_many_statements_for_many_marks_as_for_few(world: World) -> None:
    counts = []
    for marks in (1, 4):
        document = world.arrive(f"{marks}.pdf", [page(0, marks=marks), page(1, marks=marks)])
        render_document(document, world.render_deps)
        (chunk,) = world.open_chunks(document)
        with statements(world.engine) as executed:
            detect_chunk(chunk, world.detect_deps)
        counts.append([statement for statement in executed if "INSERT INTO regions" in statement])

    few, many = counts
    assert (len(few), len(many)) == (1, 1)
