"""A campaign: the undisturbed run first, then per seed some rounds of documents and faults."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from sqlalchemy.exc import DBAPIError

from tests.faults import check, clock, webhooks
from tests.faults.injuries import Injury, injuries
from tests.faults.lab import Lab
from tests.faults.samples import Sample, samples

#: Seconds after the last fault within which every document of a round must have its answer, beside the time
#: that workers which died in the round needed to come up again; times the lab's pace.
BOUND = 75.0
#: Seconds of recovery from which on a round says what its slowest document waited for.
SLOW = 15.0
#: Rounds of a seed, faults of a round, documents of a round.
ROUNDS, FAULTS, DOCUMENTS = 4, 2, 12
#: Samples of a round that are read again in the next: unsigned ones, which no later document is a copy of.
AGAIN = ("annex.tif", "blank.png")
#: What may not happen, in the words of the summary.
PROMISES = ("lost", "doubled", "stuck", "wrong", "unexplained", "overwritten", "holes", "untold", "renamed")
Say = Callable[[str], None]


@dataclass
class Tally:
    """What a seed came to."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    #: Changes that the webhook has no message of, and messages whose attempts differ.
    untold: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    #: Seconds from the last fault of a round to the last answer, one a round.
    recovery: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not any(getattr(self, name) for name in PROMISES)


class Campaign:
    """Runs seeds on one lab; every document's answer is compared with that of the undisturbed run."""

    def __init__(self, lab: Lab, say: Say) -> None:
        self._lab, self._say = lab, say
        self._truth: dict[str, check.Told] = {}
        self._feed = check.FeedReader()
        self._holes: list[str] = []
        #: Documents of the round before, which are read again while faults strike.
        self._earlier: list[str] = []

    def undisturbed(self) -> None:
        """Learn every sample's answer without a fault; AssertionError when it is not the known one."""
        drawn = {f"undisturbed/{one.name}": one for one in samples()}
        self._say(f"disks fill by {self._lab.scratch.how}; memory is held by {self._lab.memory.how}")
        self._say(f"clocks are shifted by {clock.how()}; limits of time are multiplied by {self._lab.pace}")
        self._lab.notify([self._lab.drop_off(key, one.data, one.claims) for key, one in drawn.items()])
        left = self._wait(list(drawn), BOUND)
        assert not left, f"without a fault, these have no answer: {left}"
        for key, answer in check.answers(self._lab, list(drawn)).items():
            sample = drawn[key]
            told = (answer["status"], answer["signed"], answer["reason"])
            assert told == sample.answer, f"{key}: {told}"
            self._truth[sample.name] = answer
        untold = self._wait_for_messages()
        assert not untold, f"without a fault, the webhook was not told of these: {untold}"

    def seed(self, tally: Tally, *, rounds: int = ROUNDS) -> None:
        """One seed: its faults are dealt in turn from a pack, so that twenty seeds meet each of them."""
        rng = random.Random(tally.seed)
        began = time.monotonic()
        for turn in range(rounds):
            tag = f"seed{tally.seed}/round{turn}"
            dealt = list(deal(tally.seed * rounds + turn))
            self._say(f"{tag}: {', '.join(one.name for one in dealt)}")
            self.round(tag, dealt, rng, tally)
            tally.seconds = time.monotonic() - began
        figures = ", ".join(f"{name} {value}" for name, value in summary([tally]).items())
        self._say(f"seed {tally.seed}: {figures}")

    def round(self, tag: str, dealt: Sequence[Injury], rng: random.Random, tally: Tally) -> None:
        """Documents arrive, these faults strike, and when all have ended they are looked over.

        Some of the round before are read again meanwhile: their first answers must stay.
        """
        again, self._earlier = self._earlier, []
        check.send_back(self._lab, again)
        for injury in dealt:
            if injury.early:
                injury.act(self._lab, rng)
        startups = len(self._lab.startups)
        # Two traps at one place are one.
        replaced = sum(one.early for one in dealt) - self._lab.traps.armed
        drawn = self._arrive(tag, rng, [one.brings for one in dealt if one.brings])
        for injury in dealt:
            if not injury.early:
                Event().wait(rng.uniform(0.0, 0.5))
                injury.act(self._lab, rng)
        struck = time.time()
        left = self._wait([*drawn, *again], BOUND, startups)
        ended = time.time()
        unsprung = self._lab.traps.disarm()
        sprung = [one.at for one in self._lab.traps.sprung() if one.at < ended]
        last = max([struck, *sprung])
        tally.recovery.append(max(0.0, ended - last))
        self._say(f"  recovered in {tally.recovery[-1]:.1f} s")
        if tally.recovery[-1] > SLOW:
            self._say(f"  slowest: {check.slowest(self._lab, list(drawn), last)}")
        tally.faults.update(one.name for one in dealt)
        tally.faults["(not met)"] += unsprung + replaced
        self._look_over(drawn, left, tally)
        self._look_again(again, left, tally)
        self._look_at_messages(tally)

    def _arrive(self, tag: str, rng: random.Random, more: Sequence[Sample]) -> dict[str, Sample]:
        """Documents come in; of their notifications some are lost, some come twice, all out of order."""
        chosen = [*samples(), *more, *rng.choices(samples(), k=DOCUMENTS - len(samples()) - 1)]
        drawn = {f"{tag}/{number:02d}-{one.name}": one for number, one in enumerate(chosen)}
        notices = [self._lab.drop_off(key, one.tagged(key), one.claims) for key, one in drawn.items()]
        # The same bytes under another key, at the same time.
        key, twin = next(iter(drawn.items()))
        notices.append(self._lab.drop_off(f"{tag}/twin.png", twin.tagged(key), twin.claims))
        drawn[f"{tag}/twin.png"] = twin
        heard = [notice for notice in notices if rng.random() > 0.2]
        heard += rng.sample(heard, k=len(heard) // 3)
        rng.shuffle(heard)
        self._lab.notify(heard)
        return drawn

    def _wait(self, keys: Sequence[str], seconds: float, startups: int = 0) -> list[str]:
        """Until all have their answer; those that have none in time, startups behind that number aside."""
        begun = time.monotonic()
        left = list(keys)
        while left and time.monotonic() < begun + seconds * self._lab.pace + sum(
            self._lab.startups[startups:]
        ):
            Event().wait(0.2)
            try:
                left = check.open_documents(self._lab, left)
                self._holes += self._feed.read(self._lab)
            except DBAPIError:
                continue
        return left

    def _look_over(self, drawn: dict[str, Sample], left: list[str], tally: Tally) -> None:
        keys = list(drawn)
        tally.documents += len(keys)
        gone = check.lost(self._lab, [key for key in left if key in drawn])
        tally.lost += gone
        tally.stuck += [key for key in left if key not in gone and key in keys]
        tally.doubled += check.doubled(self._lab, keys)
        ended = {key: one for key, one in drawn.items() if key not in left}
        undisturbed = {key: self._truth[one.name] for key, one in ended.items() if one.name in self._truth}
        tally.wrong |= check.wrong(self._lab, undisturbed)
        for key, sample in ended.items():
            if (told := check.told(self._lab, key)) != sample.answer:
                tally.wrong[key] = f"{told} in place of {sample.answer}"
        tally.unexplained += check.unexplained(self._lab, list(ended))
        tally.overwritten += check.overwritten(self._lab, list(ended))
        tally.overwritten += self._feed.rewritten(self._lab, list(ended))
        tally.holes += [*self._holes, *self._feed.read(self._lab), *self._feed.missed(self._lab, list(ended))]
        self._holes.clear()
        for name in ("lost", "stuck", "doubled", "unexplained", "overwritten"):
            if named := [key for key in getattr(tally, name) if key in keys]:
                self._say(f"  {name}: {named}")
        for key in keys:
            if key in tally.wrong:
                self._say(f"  wrong: {key}: {tally.wrong[key][:600]}")
        if not left:
            self._earlier = [key for key in keys if drawn[key].name in AGAIN]
            self._lab.clear_away([key for key in keys if key not in self._earlier])

    def _look_again(self, again: Sequence[str], left: Sequence[str], tally: Tally) -> None:
        """What was answered before has a second answer, and its first one as it was."""
        tally.lost += [key for key in again if key not in check.given_again(self._lab, again)]
        tally.stuck += [key for key in left if key in again]
        tally.overwritten += check.overwritten(self._lab, again)
        tally.overwritten += self._feed.rewritten(self._lab, again)
        tally.holes += self._feed.missed(self._lab, again)
        self._lab.clear_away(again)

    def _look_at_messages(self, tally: Tally) -> None:
        """Every change was told, under one id, however often it was attempted."""
        tally.untold += self._wait_for_messages()
        tally.renamed += webhooks.renamed(self._lab.listener.receiver.told)
        for name in ("untold", "renamed"):
            if broken := getattr(tally, name):
                self._say(f"  {name}: {broken}")

    def _wait_for_messages(self) -> list[str]:
        """Changes that are not told in time."""
        end = time.monotonic() + BOUND * self._lab.pace
        while (missing := webhooks.untold(self._lab)) and time.monotonic() < end:
            Event().wait(0.2)
        return missing


def deal(turn: int) -> Iterator[Injury]:
    """The faults of a round: two from a pack that is shuffled anew whenever it has been dealt out."""
    pack = injuries()
    for place in range(turn * FAULTS, (turn + 1) * FAULTS):
        shuffled = random.Random(place // len(pack)).sample(pack, len(pack))
        yield shuffled[place % len(pack)]


def summary(tallies: Sequence[Tally]) -> dict[str, Any]:
    """The figures of all seeds together."""
    recovery = sorted(second for one in tallies for second in one.recovery)
    faults = sum((one.faults for one in tallies), Counter[str]())
    not_met = faults.pop("(not met)", 0)
    return {
        "seeds": len(tallies),
        "faults": sum(faults.values()) - not_met,
        "kinds": len(faults),
        "documents": sum(one.documents for one in tallies),
        **{name: sum(len(getattr(one, name)) for one in tallies) for name in PROMISES},
        "recovery_median": round(recovery[len(recovery) // 2], 1) if recovery else None,
        "recovery_worst": round(recovery[-1], 1) if recovery else None,
        "seconds": round(sum(one.seconds for one in tallies)),
    }
