"""The deliverer: reads the feed of changes for each webhook, and sends what is due until it was taken.

Two short transactions surround each attempt, none is open during it. Whoever is killed in between leaves a
delivery that is due again when its attempt should have ended: each message arrives at least once.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import Task
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import TypeVar

from sqlalchemy.orm import Session

from db import deliveries, webhooks
from db.deliveries import ClaimedDelivery
from db.engine import Sessions
from db.feed import feed_head
from producer.services.outgoing import CannotDeliver, OutgoingCalls
from producer.services.pulse import Pulse
from producer.services.webhook_messages import message_body, message_headers, message_id
from producer.waiting import Pace, Stopped, UntilAnswered
from worker.log import logger
from worker.outages import Backoff
from worker.settings import Webhooks

T = TypeVar("T")
#: Attempts at a delivery: the last ones come a day after each other, and the whole takes about five days.
MOST_TRIES = 18
#: From 5 seconds to 24 hours between attempts, doubling: half of each pause is chance.
PAUSES = Backoff(first=10, longest=86_400)
#: Attempts at the same time, in all and to one webhook: a slow address must not hold up the others.
MOST_AT_ONCE, MOST_TO_ONE = 64, 8
#: Threads that ask the database.
_THREADS = 8
#: Changes that are read from the feed together.
_CHANGES = 500
#: Seconds between two looks at the feed, and beyond an attempt's own until another process may repeat it.
_POLL, _AROUND = 0.5, 30.0
#: Seconds between two occasions on which old deliveries are forgotten.
_FORGET = 3600.0


@dataclass(frozen=True)
class DelivererDeps:
    """The database, the way out, and the settings."""

    sessions: Sessions
    calls: OutgoingCalls
    settings: Webhooks
    pauses: Backoff = PAUSES
    most_tries: int = MOST_TRIES


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one attempt: a status, or none and why."""

    status: int | None
    problem: str | None
    seconds: float


def deliver_messages(deps: DelivererDeps, *, stop: Event, pulse: Pulse | None = None) -> int:
    """Send messages until `stop` is set; how many were taken. Outages of the database are waited out.

    Any number of processes may run it: each attempt is one process's alone. Attempts at work are ended first.
    """
    return asyncio.run(_Deliverer(deps, stop, pulse or Pulse()).run())


class _Deliverer:
    """One process at work."""

    def __init__(self, deps: DelivererDeps, stop: Event, pulse: Pulse) -> None:
        self._deps, self._stop, self._pulse = deps, stop, pulse
        self._database = UntilAnswered("the database", stop, Pace(), pulse)
        self._running: set[Task[None]] = set()
        self._to_one: Counter[int] = Counter()
        #: When each webhook was last given a place: who waited longest comes first.
        self._served: dict[int, float] = {}
        self._forget_at = 0.0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="database")
        self._taken = 0

    async def run(self) -> int:
        """Until asked to end."""
        # Names are resolved by threads of their own: a slow name server holds up no query.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MOST_AT_ONCE))
        try:
            while not self._stop.is_set():
                self._pulse()
                busy = await self._ask(self._read_feed)
                busy += await self._start_due()
                await self._pause(0 if busy else _POLL)
        except Stopped:
            pass
        await asyncio.gather(*self._running)
        self._threads.shutdown()
        logger.info("the deliverer ends", extra={"taken": self._taken})
        return self._taken

    async def _ask(self, work: Callable[[], T]) -> T:
        """What a piece of work on the database answers in the end. Stopped."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._database, work)

    async def _pause(self, seconds: float) -> None:
        """Until an attempt ends, or so many seconds have passed."""
        if self._running and seconds:
            await asyncio.wait(self._running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    def _read_feed(self) -> int:
        """Write the deliveries of the next changes for each webhook that is behind; how many were read."""
        self._forget()
        with self._deps.sessions() as session:
            behind = deliveries.webhooks_behind(session)
        read = 0
        for number in behind:
            with self._deps.sessions() as session:
                read += deliveries.write_deliveries(session, number, limit=_CHANGES)
        return read

    def _forget(self) -> None:
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + _FORGET
            with self._deps.sessions() as session:
                kept = timedelta(days=self._deps.settings.webhook_days)
                deliveries.forget_deliveries(session, older_than=kept)

    async def _start_due(self) -> int:
        """Begin attempts at what is due, as many as there are places for; how many."""
        started = 0
        for number in await self._ask(self._due):
            places = min(MOST_AT_ONCE - len(self._running), MOST_TO_ONE - self._to_one[number])
            if places > 0:
                claimed = await self._ask(partial(self._claim, number, places))
                self._served[number] = time.monotonic()
                started += len(claimed)
                for delivery in claimed:
                    self._begin(delivery)
        return started

    def _due(self) -> list[int]:
        with self._deps.sessions() as session:
            due = deliveries.webhooks_due(session)
        return sorted(due, key=lambda number: self._served.get(number, 0.0))

    def _claim(self, number: int, places: int) -> list[ClaimedDelivery]:
        with self._deps.sessions() as session:
            seconds = self._deps.settings.webhook_seconds + _AROUND
            return deliveries.claim_deliveries(session, number, limit=places, seconds=seconds)

    def _begin(self, claimed: ClaimedDelivery) -> None:
        task = asyncio.create_task(self._attempt(claimed))
        self._running.add(task)
        self._to_one[claimed.webhook_id] += 1

        def ended(done: Task[None]) -> None:
            self._running.discard(done)
            self._to_one[claimed.webhook_id] -= 1

        task.add_done_callback(ended)

    async def _attempt(self, claimed: ClaimedDelivery) -> None:
        """One attempt, from its signature to what is noted of it."""
        try:
            feed, signing = await self._ask(partial(self._signing, claimed.webhook_id))
            if not signing:
                return  # the webhook was removed a moment ago
            outcome = await self._send(claimed, feed, signing)
            await self._ask(partial(self._note, claimed, outcome))
        except Stopped:
            # The database is away and we are to end: the delivery is due again by itself.
            return
        if outcome.problem is None:
            self._taken += 1

    def _signing(self, webhook_id: int) -> tuple[str, list[str]]:
        """The feed's name and the secrets that sign now."""
        with self._deps.sessions() as session:
            return feed_head(session).feed, list(webhooks.secrets_of(session, webhook_id))

    async def _send(self, claimed: ClaimedDelivery, feed: str, signing: list[str]) -> _Outcome:
        body = message_body(claimed, feed, public_url=self._deps.settings.public_url)
        message = message_id(feed, claimed.webhook_id, claimed.place)
        headers = message_headers(message, body, signing, moment=datetime.now(UTC))
        began = time.monotonic()
        try:
            status = await self._deps.calls.post(claimed.url, body, headers)
        except CannotDeliver as error:
            return _Outcome(None, str(error), time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - recorded: one address must not end the deliverer
            logger.exception("an attempt failed", extra={"delivery": claimed.id})
            return _Outcome(None, f"unexpected: {type(error).__name__}", time.monotonic() - began)
        problem = None if 200 <= status < 300 else f"the address answered {status}"
        return _Outcome(status, problem, time.monotonic() - began)

    def _note(self, claimed: ClaimedDelivery, outcome: _Outcome) -> None:
        """Write down what came of an attempt; the next one comes later, if at all."""
        gone = outcome.status == deliveries.GONE_STATUS
        last = outcome.problem is None or gone or claimed.tries >= self._deps.most_tries
        with self._deps.sessions() as session:
            noted = deliveries.end_attempt(
                session,
                claimed,
                seconds=outcome.seconds,
                status=outcome.status,
                problem=outcome.problem,
                again_in=None if last else self._deps.pauses.pause(claimed.tries),
            )
            if noted and gone:
                _end(session, claimed)
        if outcome.problem is not None:
            # The address itself is not told: it may carry what opens it.
            facts = {"webhook": claimed.webhook_id, "delivery": claimed.id, "status": outcome.status}
            logger.info("a message was not taken", extra={**facts, "reason": outcome.problem, "last": last})


def _end(session: Session, claimed: ClaimedDelivery) -> None:
    """Ask an address that is gone nothing more: that of one document, or the webhook's."""
    if claimed.is_callback:
        deliveries.end_callback(session, claimed)
    else:
        webhooks.stop_webhook(session, claimed.webhook_id, why=webhooks.GONE)
