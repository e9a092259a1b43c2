"""What people decide takes places in the feed, and the machine's answer stands as it was given."""

from __future__ import annotations

import io
import json
from typing import Any

from producer.services.feed import current_token, export_changes
from producer.services.planted import plant_case
from producer.services.review import ReviewRules, correct, decide, last_answer, next_review
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.reviewers import ANN, BOB, ONE
from tests.world import World
from worker.result.decisions import DecisionOutcome


def changes_since(world: World, token: str) -> list[dict[str, Any]]:
    out = io.BytesIO()
    export_changes(world.sessions, world.store, token, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_decision_and_its_correction_are_told_with_who_said_what(queue: World) -> None:
    before = current_token(queue.sessions)
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.FORGED)
    fence = last_answer(queue.sessions, ANN).item.fence
    correct(queue.sessions, ANN, item.id, fence=fence, answer=DecisionOutcome.GENUINE, comment="slipped")

    first, second = changes_since(queue, before)

    assert second["place"] == first["place"] + 1
    for line in (first, second):
        assert (line["change"], line["document_id"], line["answer"]) == ("decided", item.document_id, 1)
        assert (line["cause"], line["result"], line["problem"]) == ("review", None, None)
        assert [
            (decision["who"], decision["answer"], decision["outcome"]) for decision in line["decisions"]
        ] == [
            ("ann", "forged", "forged"),
            ("ann", "genuine", "forged"),
        ]


def test_an_answer_carries_no_decisions(queue: World) -> None:
    assert [(line["change"], line["decisions"]) for line in changes_since(queue, "start")] == [
        ("answered", []),
        ("answered", []),
    ]


def test_what_is_said_of_a_known_case_is_no_news(queue: World) -> None:
    item = next_review(queue.sessions, ANN, ONE)
    assert item is not None
    decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.FORGED)
    plant_case(queue.sessions, str(item.document_id), item.signer, DecisionOutcome.GENUINE)
    before = current_token(queue.sessions)
    planted = next_review(queue.sessions, BOB, ReviewRules(planted=1.0))
    assert planted is not None
    assert planted.id == item.id

    decide(queue.sessions, BOB, planted.id, fence=planted.fence, answer=DecisionOutcome.FORGED)

    assert changes_since(queue, before) == []
