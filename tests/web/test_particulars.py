"""What whoever sends a document says of it: priority, type and amount, from the form to the review queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from db.models import Document
from db.states import Priority
from producer.services.browse import particulars_of
from producer.services.receive import FolderIntake
from producer.services.review import ReviewRules, Route, decide, next_review
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.conftest import BASE
from tests.web.reviewers import ANN, BOB, ONE
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.result.decisions import DecisionOutcome

PDF = b"%PDF-1.7 not a real one"


@pytest.fixture
def http(documents: World, tmp_path: Path) -> TestClient:
    intake = FolderIntake(tmp_path / "results", documents.sessions, [].append)
    deps = WebDeps(documents.sessions, documents.store, intake, logins=False)
    return TestClient(guarded_app(make_web_app(deps), Bounds()), BASE, raise_server_exceptions=False)


def submit(http: TestClient, **fields: Any) -> Any:
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    return http.post("/v1/documents", files={"file": ("a.pdf", PDF)}, data=fields, headers=headers)


def test_what_is_said_is_kept_shown_and_found_again(http: TestClient) -> None:
    answer = submit(http, priority="high", type="lease <b>", amount="1250.50").json()
    plain = submit(http).json()

    assert [answer[name] for name in ("priority", "type", "amount")] == ["high", "lease <b>", 1250.5]
    assert [plain[name] for name in ("priority", "type", "amount")] == ["normal", None, None]
    for query in ({"priority": "high"}, {"type": "lease <b>"}, {"least": 1250.5}):
        listed = http.get("/v1/documents", params=query).json()["documents"]
        assert [row["id"] for row in listed] == [answer["id"]]
    assert http.get("/v1/documents", params={"least": 1251}).json()["documents"] == []
    page, table = http.get(f"/documents/{answer['id']}").text, http.get("/documents").text
    assert "lease &lt;b&gt;" in page
    assert "1,250.50" in page
    assert '<span class="pill bad">high</span>' in table


def test_another_priority_is_another_request_under_the_same_key(http: TestClient) -> None:
    first, same, other = (
        submit(http, key="k", priority=word).status_code for word in ("high", "high", "low")
    )

    assert (first, same, other) == (202, 202, 422)


@pytest.mark.parametrize(
    "wrong",
    [{"priority": "urgent"}, {"amount": "-1"}, {"amount": "nan"}, {"amount": "inf"}, {"type": "x" * 201}],
)
def test_what_cannot_be_meant_is_refused(http: TestClient, wrong: dict[str, str]) -> None:
    assert submit(http, **wrong).status_code == 422


def test_the_form_on_the_page_says_the_same(http: TestClient, documents: World) -> None:
    token = http.get("/documents").text.partition('name="token" value="')[2].partition('"')[0]
    fields = {"token": token, "priority": "low", "type": "memo", "amount": ""}
    answer = http.post("/documents", files={"file": ("a.pdf", PDF)}, data=fields, follow_redirects=False)

    number = int(answer.headers["location"].rpartition("/")[2])
    kept = particulars_of(documents.sessions, number)
    assert (kept.priority, kept.type, kept.amount) == (Priority.LOW, "memo", None)


def say(world: World, document_id: int, **values: object) -> None:
    with world.sessions() as session:
        session.execute(update(Document).where(Document.id == document_id).values(values))


def test_documents_of_high_priority_are_asked_about_first(queue: World) -> None:
    say(queue, 1, priority=Priority.HIGH.rank)

    first, second = next_review(queue.sessions, ANN, ONE), next_review(queue.sessions, BOB, ONE)

    # Without it, what is held to be forged comes first.
    assert first is not None
    assert second is not None
    assert [first.document_id, second.document_id] == [1, 2]


@pytest.mark.parametrize(
    ("route", "document"),
    [
        (Route(priority=Priority.HIGH), 1),
        (Route(priority=Priority.NORMAL), 2),
        (Route(type="loan"), 1),
        (Route(least=500.0), 1),
        (Route(least=501.0), None),
        (Route(why="forged", least=500.0), None),
    ],
)
def test_a_part_of_the_queue_is_chosen_by_what_was_said(
    queue: World, route: Route, document: int | None
) -> None:
    say(queue, 1, priority=Priority.HIGH.rank, type="loan", amount=500.0)

    item = next_review(queue.sessions, ANN, ONE, route)

    assert (item and item.document_id) == document


def test_the_api_and_the_page_take_the_same_parts(queue: World) -> None:
    say(queue, 1, amount=500.0)
    app = guarded_app(make_web_app(WebDeps(queue.sessions, queue.store, logins=False)), Bounds())
    with TestClient(app, BASE) as http:
        item = http.post("/v1/reviews/next", params={"least": 500}).json()
        none = http.post("/v1/reviews/next", params={"type": "loan"}).status_code
        page = http.get("/review", params={"least": "500", "type": ""})
        empty = http.get("/review", params={"least": "", "priority": ""})
        wrong = [http.post("/v1/reviews/next", params={"least": word}) for word in ("-1", "x", "nan")]

    assert item["document_id"] == 1
    assert none == 204
    assert empty.status_code == 200
    assert [answer.status_code for answer in wrong] == [422] * 3
    assert 'value="500.0"' in page.text
    assert 'action="/review/1?least=500.0"' in page.text


def test_a_large_amount_needs_two_persons(queue: World) -> None:
    rules = ReviewRules(four_eyes_from=1000.0)
    say(queue, 2, amount=1000.0)
    items = {}
    for _ in range(2):
        item = next_review(queue.sessions, ANN, rules)
        assert item is not None
        items[item.document_id] = item.four_eyes
        decide(queue.sessions, ANN, item.id, fence=item.fence, answer=DecisionOutcome.FORGED)

    assert items == {1: False, 2: True}
    again = next_review(queue.sessions, BOB, rules)
    assert again is not None
    assert again.document_id == 2


def test_what_is_answered_at_once_is_what_the_row_says(http: TestClient) -> None:
    answer = submit(http, priority="low", type="memo", amount="3", signer=["Ann", "Bob"]).json()

    assert answer == http.get(f"/v1/documents/{answer['id']}").json()
