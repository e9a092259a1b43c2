"""Attempts side by side, and one alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.waiting import until
from worker.steps.read_write_lock import ReadWriteLock

TIMEOUT = 10.0


@contextmanager
def taken(lock: ReadWriteLock, *, exclusive: bool = False) -> Iterator[threading.Event]:
    """A thread that wants the lock while the block runs; the event says that it has it."""
    has, leave = threading.Event(), threading.Event()

    def work() -> None:
        with lock.hold(exclusive=exclusive):
            has.set()
            leave.wait(TIMEOUT)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield has
    finally:
        leave.set()
        thread.join(TIMEOUT)


def test_attempts_run_side_by_side() -> None:
    lock = ReadWriteLock()

    with taken(lock) as first, taken(lock) as other:
        assert first.wait(TIMEOUT)
        assert other.wait(TIMEOUT)


@pytest.mark.parametrize("exclusive", [True, False])
def test_nobody_begins_beside_one_that_is_alone(exclusive: bool) -> None:
    lock = ReadWriteLock()
    begun: list[bool] = []

    def begin() -> None:
        with lock.hold(exclusive=exclusive):
            begun.append(True)

    other = threading.Thread(target=begin)
    with lock.hold(exclusive=True):
        other.start()
        other.join(0.2)
        assert not begun
    other.join(TIMEOUT)

    assert begun


def test_who_is_to_be_alone_waits_for_those_at_work_and_goes_before_newcomers() -> None:
    lock = ReadWriteLock()
    order: list[str] = []

    def note(name: str, *, exclusive: bool) -> threading.Thread:
        def work() -> None:
            with lock.hold(exclusive=exclusive):
                order.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    with lock.hold(exclusive=False):
        suspect = note("suspect", exclusive=True)
        until(lambda: lock.waiting)
        newcomer = note("newcomer", exclusive=False)
        newcomer.join(0.2)
        assert order == []
    suspect.join(TIMEOUT)
    newcomer.join(TIMEOUT)

    assert order == ["suspect", "newcomer"]


def test_the_lock_is_released_on_an_error() -> None:
    lock = ReadWriteLock()
    for exclusive in (True, False):
        with pytest.raises(MemoryError), lock.hold(exclusive=exclusive):
            raise MemoryError

    with taken(lock, exclusive=True) as first:
        assert first.wait(TIMEOUT)
