"""A document's history as spans: stable ids, the right parents, and failures that show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from db.traces import AnswerMoment, DocumentTimes, Step
from producer.spans import spans_of, trace_id

FEED = "a501d57b"
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def step(
    number: int,
    when: float,
    stage: str,
    event: str = "closed",
    *,
    took: float | None = 1.0,
    chunk: int | None = None,
) -> Step:
    return Step(number, at(when), stage, event, chunk, 1, "detect@one", "4f1c", took)


TIMES = DocumentTimes(
    16,
    NOON,
    (AnswerMoment(1, at(60), "done"), AnswerMoment(2, at(130), "failed")),
    (
        step(1, 0, "intake", "registered", took=None),
        step(2, 5, "render", took=2),
        step(3, 20, "detect", "abandoned", took=None, chunk=7),
        step(4, 30, "detect", chunk=7),
        step(5, 35, "detect", "failed", chunk=8),
        step(6, 40, "detect", chunk=8),
        step(7, 60.2, "finish"),
        step(8, 100, "operator", "retry", took=None),
        step(9, 129, "render", "quarantined"),
    ),
)


def test_the_trace_is_the_feed_and_the_number() -> None:
    assert f"{trace_id(FEED, 16):032x}" == "a501d57b000000000000000000000010"
    assert {span.trace for span in spans_of(TIMES, FEED)} == {trace_id(FEED, 16)}


def test_each_answer_holds_the_steps_that_led_to_it() -> None:
    spans = spans_of(TIMES, FEED)
    first, second = (span for span in spans if span.parent is None)

    assert [span.name for span in spans if span.parent == first.id] == [
        "render",
        "detect",
        "detect",
        "detect",
        "finish",
    ]
    assert [span.name for span in spans if span.parent == second.id] == ["render"]
    assert (first.start, first.end) == (NOON, at(60.2))
    assert (second.start, second.end) == (at(60), at(130))


def test_a_step_begins_when_its_seconds_began_and_failures_show() -> None:
    by_name = {(span.name, span.end): span for span in spans_of(TIMES, FEED)}

    assert by_name["render", at(5)].start == at(3)
    assert [span.end for span in by_name.values() if span.failed] == [at(35), at(130), at(129)]
    assert by_name["detect", at(30)].attributes["countersign.chunk"] == 7


def test_what_took_no_time_is_a_moment_of_its_answer() -> None:
    first, second = (span for span in spans_of(TIMES, FEED) if span.parent is None)

    assert first.moments == [("intake: registered", NOON), ("detect: abandoned", at(20))]
    assert second.moments == [("operator: retry", at(100))]


def test_the_step_that_answers_links_to_the_last_spans_of_the_chunks() -> None:
    spans = spans_of(TIMES, FEED)
    (finish,) = (span for span in spans if span.name == "finish")
    last = {span.id for span in spans if span.name == "detect" and not span.failed}

    assert set(finish.links) == last
    assert len(last) == 2


def test_the_same_history_has_the_same_spans_and_another_document_others() -> None:
    other = DocumentTimes(17, TIMES.registered_at, TIMES.answers, TIMES.steps)
    ids = [span.id for span in spans_of(TIMES, FEED)]

    assert spans_of(TIMES, FEED) == spans_of(TIMES, FEED)
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {span.id for span in spans_of(other, FEED)}


def test_what_came_after_the_newest_answer_is_left_for_the_next() -> None:
    at_work = DocumentTimes(16, NOON, TIMES.answers[:1], (*TIMES.steps[:7], step(8, 100, "render")))

    assert at(100) not in {span.end for span in spans_of(at_work, FEED)}
    assert spans_of(DocumentTimes(16, NOON, (), TIMES.steps), FEED) == []
