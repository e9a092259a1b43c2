"""Traces reach a collector whatever happens to workers, to the collector, and to who sends them."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from sqlalchemy import Engine, func, select

from db import leases
from db.engine import Sessions, make_sessions
from db.feed import feed_head
from db.models import ChangesHead, Event, TraceScan
from db.roles import DELIVERER, grant
from db.states import DocumentStage
from producer.collector import Collector
from producer.machine.processes import child_environment
from producer.services.traces import TracerDeps, send_traces, trace_of
from tests.acceptance.commands import COUNTERSIGN, countersign
from tests.erasures import erased_document
from tests.fakes import page
from tests.receiver import Receiver, receiving, status
from tests.waiting import until
from tests.world import World


def spans(receiver: Receiver) -> list[SentSpan]:
    """What the collector was told, in order."""
    requests = (ExportTraceServiceRequest.FromString(told.body) for told in receiver.told)
    return [
        span
        for request in requests
        for part in request.resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def collector(receiver: Receiver) -> Iterator[Collector]:
    receiver.otherwise = status(200)
    with closing(Collector(f"http://127.0.0.1:{receiver.port}/v1/traces", seconds=1)) as made:
        yield made


def sent_up_to_the_head(world: World) -> bool:
    with world.sessions() as session:
        place = session.execute(select(TraceScan.place)).scalar()
        return place is not None and place == feed_head(session).place


def send_all(world: World, collector: Collector, *, sessions: Sessions | None = None) -> int:
    """Send until the feed's end; how many spans were taken."""
    deps = TracerDeps(sessions or world.sessions, collector)
    stop = threading.Event()
    taken: list[int] = []
    sender = threading.Thread(target=lambda: taken.append(send_traces(deps, stop=stop)))
    sender.start()
    try:
        until(lambda: sent_up_to_the_head(world), within=60)
    finally:
        stop.set()
        sender.join()
    return taken[0]


def done(world: World, key: str) -> int:
    return world.through(world.arrive(key, [page(0, marks=1), page(1)], claims=("Ann",))).id


def timed_events(world: World) -> int:
    with world.sessions() as session:
        counted = select(func.count()).select_from(Event).where(Event.seconds.is_not(None))
        return session.execute(counted).scalar_one()


def test_every_step_of_every_document_is_a_span_of_its_trace(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    numbers = [done(world, f"{name}.pdf") for name in "abc"]

    taken = send_all(world, collector)

    sent = spans(receiver)
    assert taken == len(sent) == timed_events(world) + len(numbers)
    assert {span.trace_id.hex() for span in sent} == {
        trace_of(world.sessions, str(number)) for number in numbers
    }
    roots = [span for span in sent if not span.parent_span_id]
    assert {span.parent_span_id for span in sent if span.parent_span_id} == {span.span_id for span in roots}


def test_nothing_that_a_document_says_is_sent(world: World, receiver: Receiver, collector: Collector) -> None:
    done(world, "secret-name.pdf")

    send_all(world, collector)

    body = b"".join(told.body for told in receiver.told)
    assert body
    assert b"secret-name" not in body
    assert b"Ann" not in body


def test_a_killed_worker_takes_no_span_along(world: World, receiver: Receiver, collector: Collector) -> None:
    """An attempt that died is told as a moment by who took over, whose own steps are all there."""
    number = world.arrive("a.pdf", [page(0, marks=1)])
    with world.sessions() as session:
        assert leases.claim(session, DocumentStage.RENDER, number, seconds=-1, holder="dead")
    world.through(number)

    send_all(world, collector)

    moments = [moment.name for span in spans(receiver) for moment in span.events]
    assert "render: abandoned" in moments
    assert len(spans(receiver)) == timed_events(world) + 1


def test_a_collector_that_is_away_gets_all_when_it_is_back(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    done(world, "a.pdf")
    receiver.conducts = [status(404)]

    send_all(world, collector)

    refused, taken = receiver.told
    assert refused.body == taken.body


def test_who_is_ended_between_sending_and_noting_sends_the_same_spans_again(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    done(world, "a.pdf")
    send_all(world, collector)
    with world.sessions() as session:
        session.execute(select(TraceScan)).scalar_one().place = 0

    send_all(world, collector)

    first, second = receiver.told
    assert first.body == second.body


def test_a_later_answer_comes_with_its_own_span_and_an_erased_document_with_none(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    gone, kept = done(world, "gone.pdf"), done(world, "kept.pdf")  # the same ink: the copy is answered anew
    send_all(world, collector)
    erased_document(world, gone)
    receiver.told.clear()

    send_all(world, collector)

    assert {span.trace_id.hex() for span in spans(receiver)} == {trace_of(world.sessions, str(kept))}
    assert [span.name for span in spans(receiver) if not span.parent_span_id] == ["answer 1", "answer 2"]


def test_a_restored_database_is_told_from_its_beginning(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    done(world, "a.pdf")
    send_all(world, collector)
    with world.sessions() as session:
        session.execute(select(ChangesHead)).scalar_one().feed = "0badcafe"
    receiver.told.clear()

    send_all(world, collector)

    assert {span.trace_id.hex()[:8] for span in spans(receiver)} == {"0badcafe"}


def test_the_login_of_the_deliverer_is_enough(
    postgres: Engine, as_role: Callable[[str], Engine], receiver: Receiver, collector: Collector
) -> None:
    world = World(postgres)
    grant(postgres, {})
    done(world, "a.pdf")

    taken = send_all(world, collector, sessions=make_sessions(as_role(DELIVERER)))

    assert taken == timed_events(world) + 1


def test_who_is_told_to_end_while_the_collector_is_away_ends(
    world: World, receiver: Receiver, collector: Collector
) -> None:
    done(world, "a.pdf")
    receiver.otherwise = status(404)
    stop = threading.Event()
    sender = threading.Thread(
        target=send_traces, args=(TracerDeps(world.sessions, collector),), kwargs={"stop": stop}
    )
    sender.start()
    until(lambda: receiver.told)

    stop.set()
    sender.join(30)

    assert not sender.is_alive()
    assert not sent_up_to_the_head(world)


def test_the_command_sends_until_it_is_told_to_end(
    postgres: Engine, database_url: str, receiver: Receiver
) -> None:
    world = World(postgres)
    number = done(world, "a.pdf")
    receiver.otherwise = status(200)
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}/v1/traces",
    }
    command = [COUNTERSIGN, "traces"]
    with subprocess.Popen(command, env=child_environment(env), stderr=subprocess.PIPE, text=True) as sending:
        until(lambda: sent_up_to_the_head(world), within=60)
        sending.send_signal(signal.SIGTERM)
        _, messages = sending.communicate(timeout=60)

    printed = countersign("traces", str(number), env=env)
    assert (sending.returncode, printed.status) == (0, 0)
    assert f"stopped; {timed_events(world) + 1} spans were taken" in messages
    assert {span.trace_id.hex() for span in spans(receiver)} == {printed.out.strip()}


def test_the_command_names_what_is_not_set() -> None:
    refused = countersign("traces", env={"COUNTERSIGN_OTLP_ENDPOINT": ""})

    assert refused.status == 2
    assert refused.err == "set COUNTERSIGN_OTLP_ENDPOINT, such as http://collector:4318/v1/traces\n"
