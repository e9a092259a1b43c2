"""Webhooks of a test: added, told, and waited for."""

from __future__ import annotations

from ipaddress import ip_network

from producer.services.deliver import DelivererDeps
from producer.services.keys import LOCAL, Caller
from producer.services.outgoing import OutgoingCalls
from producer.services.webhooks import (
    add_webhook,
    list_deliveries,
)
from tests.fakes import page
from tests.receiver import Receiver
from tests.waiting import until
from tests.world import World
from worker.outages import Backoff
from worker.result.webhooks import DeliveryResult, NewWebhookResult
from worker.settings import Webhooks

LOOPBACK = [ip_network("127.0.0.0/8")]
#: No attempt waits for another one.
AT_ONCE = Backoff(first=0.001, longest=0.001)


def deps_of(world: World, *, networks: list = LOOPBACK, seconds: float = 15, **more: object) -> DelivererDeps:
    settings = Webhooks(public_url="https://scans.example", webhook_seconds=seconds)
    caller = OutgoingCalls(networks, seconds)
    return DelivererDeps(world.sessions, caller, settings, **{"pauses": AT_ONCE, **more})


def hook(world: World, receiver: Receiver, *events: str, caller: Caller = LOCAL) -> NewWebhookResult:
    return add_webhook(world.sessions, caller, receiver.url, events, networks=LOOPBACK)


def done(world: World, name: str = "a.pdf") -> int:
    return world.through(world.arrive(name, [page(0)])).id


def log_of(world: World, made: NewWebhookResult) -> list[DeliveryResult]:
    return list(list_deliveries(world.sessions, LOCAL, made.id).deliveries)


def ended(world: World, made: NewWebhookResult, number: int) -> list[DeliveryResult]:
    """The deliveries once so many have ended."""

    def answer() -> list[DeliveryResult]:
        rows = log_of(world, made)
        return rows if len([row for row in rows if row.due_at is None]) >= number else []

    return until(answer)
