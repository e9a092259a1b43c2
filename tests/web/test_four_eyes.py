"""Who is still asked about a signature learns nowhere what others have said of it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from producer.services.feed import START, export_changes
from producer.services.keys import Right, make_key
from producer.services.planted import plant_case
from producer.services.status import histories
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.conftest import BASE
from tests.web.reviewers import FOUR
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.result.decisions import DecisionOutcome

#: A comment that nobody else writes.
SECRET = "the loop of the Z is drawn"


class Desk:
    """A server that asks two persons, with the keys of three."""

    def __init__(self, world: World, client: TestClient) -> None:
        self.world, self._client = world, client
        rights = (Right.READ, Right.REVIEW)
        self._keys = {name: make_key(world.sessions, name, rights, days=1) for name in ("ann", "bob", "cem")}

    def call(self, who: str, method: str, path: str, **words: object) -> str:
        headers = {"Authorization": f"Bearer {self._keys[who]}"}
        answer = self._client.request(method, path, headers=headers, json=words or None)
        assert answer.status_code in (200, 204), answer.text
        return answer.text

    def decide(self, who: str, answer: str) -> int:
        """Take the next item and decide it; the number of its document."""
        headers = {"Authorization": f"Bearer {self._keys[who]}"}
        item = self._client.post("/v1/reviews/next", headers=headers).json()
        words = {"fence": item["fence"], "answer": answer, "comment": f"{SECRET}, says {who}"}
        self.call(who, "POST", f"/v1/reviews/{item['id']}/decision", **words)
        return int(item["document_id"])

    def read_by(self, who: str, number: int) -> list[str]:
        """Everything that a person can read of a document."""
        paths = ("/v1/documents/{}/decisions", "/v1/documents/{}/history", "/documents/{}")
        return [self.call(who, "GET", path.format(number)) for path in paths]

    def told(self, number: int) -> list[str]:
        """What the feed and `countersign status` say of it."""
        out = io.BytesIO()
        export_changes(self.world.sessions, self.world.store, START, out)
        (history,) = histories(self.world.sessions, str(number))
        return [out.getvalue().decode(), history.json_line()]


@pytest.fixture
def four_eyes(queue: World) -> Iterator[Desk]:
    app = make_web_app(WebDeps(queue.sessions, queue.store, rules=FOUR))
    with TestClient(guarded_app(app, Bounds()), BASE) as client:
        yield Desk(queue, client)


def test_the_second_person_is_told_nothing_before_they_have_answered(four_eyes: Desk) -> None:
    number = four_eyes.decide("ann", "genuine")

    for text in (*four_eyes.read_by("bob", number), *four_eyes.told(number)):
        assert SECRET not in text
        assert "Zoe: genuine" not in text
    assert all(SECRET in text or "Zoe: genuine" in text for text in four_eyes.read_by("ann", number))
    assert four_eyes.decide("bob", "genuine") == number
    for text in (*four_eyes.read_by("cem", number), *four_eyes.told(number)):
        assert SECRET in text or "Zoe: genuine" in text
    for text in (*four_eyes.read_by("ann", number), *four_eyes.told(number)):
        assert "ann" in text
        assert "bob" in text


def test_a_third_person_decides_a_dispute_without_hearing_either_side(four_eyes: Desk) -> None:
    number = four_eyes.decide("ann", "genuine")
    assert four_eyes.decide("bob", "forged") == number

    for text in (*four_eyes.read_by("cem", number), *four_eyes.told(number)):
        assert SECRET not in text
        assert "Zoe: genuine" not in text
        assert "Zoe: forged" not in text
    assert all("bob" not in text for text in four_eyes.read_by("ann", number))
    assert four_eyes.decide("cem", "forged") == number
    decisions, *_ = four_eyes.read_by("ann", number)
    assert [f"says {name}" in decisions for name in ("ann", "bob", "cem")] == [True] * 3


def test_nobody_sees_that_others_were_asked_about_a_known_case(four_eyes: Desk) -> None:
    number = four_eyes.decide("ann", "genuine")
    plant_case(four_eyes.world.sessions, str(number), "Zoe", DecisionOutcome.FORGED)

    for text in (*four_eyes.read_by("bob", number), *four_eyes.told(number)):
        assert SECRET not in text
        assert "Zoe: genuine" not in text
    assert '"ann"' not in four_eyes.read_by("bob", number)[1]
