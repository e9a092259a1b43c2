"""A receiver, and deliverers in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from producer.services.deliver import DelivererDeps, deliver_messages
from tests.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def run() -> Iterator[Callable[[DelivererDeps], Callable[[], None]]]:
    """Starts deliverers in threads; each ends with the test, or when what it gives is called."""
    ends = list[Callable[[], None]]()

    def start(deps: DelivererDeps) -> Callable[[], None]:
        stop = threading.Event()
        thread = threading.Thread(target=deliver_messages, args=(deps,), kwargs={"stop": stop}, daemon=True)
        thread.start()

        def end() -> None:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

        ends.append(end)
        return end

    yield start
    for end in ends:
        end()
