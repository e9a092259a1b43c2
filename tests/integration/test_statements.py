"""How many statements the work on a document takes, counted where the database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from db.states import Status
from tests.fakes import page
from tests.world import World
from worker.result.rows import document_result
from worker.steps.detect import detect_chunk
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk


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


#: Statements of a document of one page and one signature, from its bytes to its answer.
MOST = {"sqlite": 79, "postgresql": 82}


def test_a_document_of_one_page_takes_no_more_statements_than_this(world: World) -> None:
    first, second = (world.arrive(f"{name}.pdf", [page(0, marks=1)], claims=("Ann",)) for name in "ab")
    world.through(first)

    with statements(world.engine) as executed:
        answered = world.through(second)

    asked = [statement for statement in executed if not statement.startswith("BEGIN")]
    assert answered.status is Status.DONE
    assert len(asked) <= MOST[world.engine.dialect.name], "\n".join(asked)


def test_a_document_that_two_sets_of_models_worked_on_names_both(world: World) -> None:
    document = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    render_document(document, world.render_deps)
    (chunk,) = world.open_chunks(document)
    detect_chunk(chunk, world.detect_deps)
    world.versions = {**world.versions, "detector": "later", "encoder": "later"}
    verify_chunk(chunk, world.verify_deps)
    row = world.closing(document)

    with world.sessions() as session:
        versions = document_result(session, document).versions
    assert row.status is Status.DONE
    assert (versions.detector, versions.encoder) == ("d", "later")


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
