"""Attempts side by side, and one alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.waiting import until
from worker.steps.turns import Turns

PATIENCE = 10.0


@contextmanager
def taken(turns: Turns, *, alone: bool = False) -> Iterator[threading.Event]:
    """A thread that wants its turn while the block runs; the event says that it has it."""
    has, leave = threading.Event(), threading.Event()

    def work() -> None:
        with turns.take(alone=alone):
            has.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield has
    finally:
        leave.set()
        thread.join(PATIENCE)


def test_attempts_run_side_by_side() -> None:
    turns = Turns()

    with taken(turns) as one, taken(turns) as other:
        assert one.wait(PATIENCE)
        assert other.wait(PATIENCE)


@pytest.mark.parametrize("alone", [True, False])
def test_nobody_begins_beside_one_that_is_alone(alone: bool) -> None:
    turns = Turns()
    begun: list[bool] = []

    def begin() -> None:
        with turns.take(alone=alone):
            begun.append(True)

    other = threading.Thread(target=begin)
    with turns.take(alone=True):
        other.start()
        other.join(0.2)
        assert not begun
    other.join(PATIENCE)

    assert begun


def test_who_is_to_be_alone_waits_for_those_at_work_and_goes_before_newcomers() -> None:
    turns = Turns()
    order: list[str] = []

    def note(name: str, *, alone: bool) -> threading.Thread:
        def work() -> None:
            with turns.take(alone=alone):
                order.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    with turns.take(alone=False):
        suspect = note("suspect", alone=True)
        until(lambda: turns.waiting)
        newcomer = note("newcomer", alone=False)
        newcomer.join(0.2)
        assert order == []
    suspect.join(PATIENCE)
    newcomer.join(PATIENCE)

    assert order == ["suspect", "newcomer"]


def test_a_turn_ends_with_its_error() -> None:
    turns = Turns()
    for alone in (True, False):
        with pytest.raises(MemoryError), turns.take(alone=alone):
            raise MemoryError

    with taken(turns, alone=True) as one:
        assert one.wait(PATIENCE)
