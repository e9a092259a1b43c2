"""What the fault suite holds messages to: each change is told, and its attempts say the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest

from tests.faults.webhooks import Listener, renamed, untold
from tests.receiver import Receiver
from tests.waiting import until
from tests.webhooks import deps_of, done, hook
from tests.world import World


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_listener_that_refuses_some_is_told_of_all_in_the_end(
    world: World, receiver: Receiver, run
) -> None:
    listener = Listener(receiver, Random(3), hook(world, receiver).id)
    lab = SimpleNamespace(sessions=world.sessions, listener=listener)
    for number in range(12):
        done(world, f"{number}.pdf")
    before = untold(lab)
    run(deps_of(world, seconds=2))
    until(lambda: not untold(lab))

    assert len(before) == 12
    assert len(listener.taken) == 12 < len(receiver.told)
    assert renamed(receiver.told) == []
    first = receiver.told[0]
    other_id = replace(first, headers={**first.headers, "webhook-id": "msg_x"})
    assert renamed([first, other_id]) == [first.content["data"]["token"]]
    assert renamed([first, replace(first, body=first.body + b" ")]) == [first.message]
