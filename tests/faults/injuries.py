"""Every fault that the suite knows, by name: what is done, and how it is made good again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from threading import Event

import psutil

from tests.faults.lab import CAPPED, Lab
from tests.faults.samples import Sample, glutton
from tests.faults.traps import BOUNDARIES, STAGES

Act = Callable[[Lab, Random], None]


@dataclass(frozen=True, slots=True)
class Injury:
    """A fault. An early one is laid before the documents arrive; the others strike amid the work."""

    name: str
    act: Act
    early: bool = False
    #: A document that is the fault itself; it must end as it says, and harm no other.
    brings: Sample | None = None


def _trap(stage: str, boundary: str, action: str, lab: Lab, _: Random) -> None:
    lab.traps.arm(stage, boundary, action)


def _trapped(action: str, *boundaries: str) -> list[Injury]:
    return [
        Injury(f"{action} {stage} {boundary}", partial(_trap, stage, boundary, action), early=True)
        for stage in STAGES
        for boundary in boundaries
    ]


def _signal(name: str, how: signal.Signals, lab: Lab, _: Random) -> None:
    lab.stack.process(name).terminate(how)


def _kill(name: str, lab: Lab, _: Random) -> None:
    lab.stack.process(name).kill()


def _renderer(lab: Lab, rng: Random) -> None:
    """What the kernel does to a renderer when memory runs out."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(lab.stack.process("render").pid).children(recursive=True)
        renderers = [one for one in family if "worker.rendering.child" in one.cmdline()]
        if renderers:
            os.kill(rng.choice(renderers).pid, signal.SIGKILL)


def _redis_restart(lab: Lab, rng: Random) -> None:
    lab.redis.kill()
    Event().wait(rng.uniform(0.1, 3))
    lab.redis.start()


def _redis_flush(lab: Lab, _: Random) -> None:
    with lab.redis.client() as client:
        client.flushall()


def _redis_pause(lab: Lab, rng: Random) -> None:
    lab.redis.pause()
    Event().wait(rng.uniform(1, 4))
    lab.redis.resume()


def _reset(name: str, lab: Lab, _: Random) -> None:
    lab.lines[name].reset()


def _silent(name: str, lab: Lab, _: Random) -> None:
    lab.lines[name].go_silent()


def _scratch_full(lab: Lab, rng: Random) -> None:
    """No byte is left where processes keep what they need for themselves, and some start just then."""
    lab.scratch.fill(lab.family())
    for name in ("beat1", "render", "watch1"):
        lab.stack.process(name).kill()
    Event().wait(rng.uniform(3, 6) * lab.pace)
    lab.scratch.clear(lab.family())


def _store_full(lab: Lab, rng: Random) -> None:
    """The store has no byte left for another object."""
    lab.store_disk.fill(lab.store_processes())
    assert not lab.stores_a_byte(), "the disk of the store was to be full"
    Event().wait(rng.uniform(2, 4) * lab.pace)
    lab.store_disk.clear(lab.store_processes())
    assert lab.stores_a_byte(), "the disk of the store was to have room again"


def _terminated_at_work(name: str, lab: Lab, _: Random) -> None:
    """SIGTERM to a worker that hangs over a document, once it does."""
    lab.traps.arm(name, "after_claim", "terminate")


def _nothing(_: Lab, __: Random) -> None:
    """The document does it."""


def _postgres_restart(lab: Lab, rng: Random, *, crash: bool) -> None:
    lab.postgres.stop(crash=crash)
    Event().wait(rng.uniform(0.1, 2))
    lab.postgres.start()


def _postgres_cut(lab: Lab, rng: Random) -> None:
    for _ in range(3):
        lab.postgres.cut(lab.stack.env["COUNTERSIGN_DATABASE_URL"])
        Event().wait(rng.uniform(0.05, 0.5))


def _store(kind: str, chance: float, lab: Lab, rng: Random) -> None:
    lab.weather.turn(rng.randrange(1 << 30), **{kind: chance})
    Event().wait(rng.uniform(2, 4) * lab.pace)
    lab.weather.turn(0)


#: What the stack stands on, over lines that can fail.
LINES = ("redis", "postgres", "s3")
#: Chances by kind: an outage that is total, and ones that strike here and there.
_STORE = {
    "500": 0.7,
    "503": 1.0,
    "missing": 0.4,
    "disk_full": 1.0,
    "garbage": 0.6,
    "cut": 0.6,
    "lost_answer": 0.5,
    "truncated": 0.6,
    "slow": 0.5,
}


def injuries() -> list[Injury]:
    """All of them, in a fixed order."""
    return [
        *_trapped("kill", *BOUNDARIES),
        *_trapped("pause", "after_claim", "before_commit"),
        *_trapped("stop", "after_claim"),
        *_trapped("hang", "after_claim"),
        *_trapped("serialization", "before_commit"),
        *(
            Injury(f"kill {name}", partial(_kill, name))
            for name in ("render", "detect", "verify", "finish", "upkeep", "beat1", "watch1", "deliver1")
        ),
        *(
            Injury(f"terminate {name}", partial(_signal, name, signal.SIGTERM))
            for name in ("render", "detect", "verify", "finish", "watch2", "deliver2")
        ),
        *(
            Injury(f"terminate {name} at work", partial(_terminated_at_work, name), early=True)
            for name in ("render", "detect")
        ),
        Injury("kill a renderer", _renderer),
        Injury(f"{CAPPED} out of memory on one page", _nothing, early=True, brings=glutton()),
        Injury("scratch disk full", _scratch_full),
        Injury("store's disk full", _store_full),
        *(Injury(f"{name} connections reset", partial(_reset, name)) for name in LINES),
        *(Injury(f"{name} connections half-open", partial(_silent, name)) for name in LINES),
        Injury("redis killed, empty again", _redis_restart),
        Injury("redis flushed", _redis_flush),
        Injury("redis paused", _redis_pause),
        Injury("postgres restarted", partial(_postgres_restart, crash=False)),
        Injury("postgres crashed", partial(_postgres_restart, crash=True)),
        Injury("postgres connections cut", _postgres_cut),
        *(Injury(f"store {kind}", partial(_store, kind, chance)) for kind, chance in _STORE.items()),
    ]
