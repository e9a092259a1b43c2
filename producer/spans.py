"""A document's history as the spans of a trace: pure, and always the same for the same history.

Ids are made of the feed's name and of numbers of rows, so a span that is sent twice is one span. Spans come
from what workers committed: one that is killed takes none along, and who takes over notes what was abandoned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.states import Status
from db.traces import AnswerMoment, DocumentTimes, Step

#: Events of attempts that came to nothing.
_FAILED = frozenset({"failed", "abandoned", "quarantined"})
#: An answer and the last step before it are written in one transaction, by clocks that are read apart.
_TOGETHER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in a trace; `parent` and `links` are ids of other spans of the trace."""

    trace: int
    id: int
    parent: int | None
    name: str
    start: datetime
    end: datetime
    attributes: Mapping[str, str | int]
    failed: bool = False
    #: Moments in it, by what happened.
    moments: Sequence[tuple[str, datetime]] = ()
    links: Sequence[int] = ()


def trace_id(feed: str, document_id: int) -> int:
    """128 bits: the feed's name, 8 hexadecimal digits, before the document's number in 24 of them."""
    return int(feed, 16) << 96 | document_id


def spans_of(times: DocumentTimes, feed: str) -> list[Span]:
    """A span for each answer, from the document's arrival or the answer before, and in it one for each step.

    The step that answers links to the last spans of the chunks. What happened in no time is a moment of its
    answer. What came after the last answer is left for the next.
    """
    trace = trace_id(feed, times.id)
    spans: list[Span] = []
    start = times.registered_at
    for answer, steps in _by_answer(times):
        parent = _span_id(trace, f"answer {answer.number}")
        timed = [step for step in steps if step.seconds is not None]
        spans.append(
            Span(
                trace,
                parent,
                None,
                f"answer {answer.number}",
                min([start, *map(_start, timed)]),
                max([answer.at, *(step.at for step in timed)]),
                {"countersign.document": times.id, "countersign.status": answer.status},
                failed=answer.status == Status.FAILED,
                moments=[(f"{step.stage}: {step.event}", step.at) for step in steps if step.seconds is None],
            )
        )
        of_chunks = {step.chunk: _span_id(trace, step.id) for step in timed if step.chunk is not None}
        for step in timed:
            links = () if step.chunk is not None or step is not timed[-1] else tuple(of_chunks.values())
            spans.append(_of_step(trace, parent, times.id, step, links))
        start = answer.at
    return spans


def _by_answer(times: DocumentTimes) -> Iterable[tuple[AnswerMoment, list[Step]]]:
    """Each answer with the steps that led to it."""
    left = list(times.steps)
    for answer in times.answers:
        is_last = answer is times.answers[-1]
        until = answer.at + _TOGETHER
        led: list[Step] = []
        later: list[Step] = []
        for step in left:
            (led if step.at <= until or (is_last and step.seconds is None) else later).append(step)
        left = later
        yield answer, led


def _of_step(trace: int, parent: int, document_id: int, step: Step, links: Sequence[int]) -> Span:
    facts: dict[str, str | int | None] = {
        "document": document_id,
        "stage": step.stage,
        "event": step.event,
        "chunk": step.chunk,
        "attempt": step.attempt,
        "worker": step.worker,
        "task": step.task,
    }
    return Span(
        trace,
        _span_id(trace, step.id),
        parent,
        step.stage,
        _start(step),
        step.at,
        {f"countersign.{name}": value for name, value in facts.items() if value is not None},
        failed=step.event in _FAILED,
        links=links,
    )


def _start(step: Step) -> datetime:
    return step.at - timedelta(seconds=step.seconds or 0.0)


def _span_id(trace: int, what: str | int) -> int:
    """64 bits, never 0."""
    digest = hashlib.sha256(f"{trace:032x} {what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1
