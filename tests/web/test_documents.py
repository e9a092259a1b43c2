"""What the API says of documents, on SQLite and on Postgres."""

from __future__ import annotations

from threading import Thread

from fastapi.testclient import TestClient
from sqlalchemy import select, text

from db.answers import Asked
from db.guards.views import drop_views
from db.models import Page, Region, Verdict
from db.reopening import start_again
from db.states import AnswerCause
from producer.services.status import histories
from tests.fakes import page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.waiting import until
from tests.world import World
from worker.errors import StorageUnavailable

HOME = "/v1/documents"


def listed(client: TestClient, **query: object) -> list[int]:
    answer = client.get(HOME, params=query)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["documents"]]


#: A query, and the ids of the documents that match it.
NARROWED: list[tuple[dict[str, str], list[int]]] = [
    ({}, [3, 2, 1]),
    ({"status": "failed"}, [3]),
    ({"signed": "true"}, [1]),
    ({"signed": "false"}, [2]),
    ({"signed": "unknown"}, []),
    ({"reason": "empty_document"}, [3]),
    ({"verdict": "no_reference"}, [1]),
    ({"verdict": "forged"}, []),
    ({"claim": "no_reference"}, [1]),
    ({"claim": "forged"}, []),
    ({"contradicted": "false"}, [3, 2, 1]),
    ({"contradicted": "true"}, []),
    ({"signer": "Ann <b>&"}, [1]),
    ({"prefix": "in/"}, [2, 1]),
    ({"prefix": "in/%"}, []),
    # Both marks of the first document are the same drawing.
    ({"duplicate": "true"}, [1]),
    ({"duplicate": "false"}, [3, 2]),
    ({"q": "2"}, [2]),
    ({"q": "out/"}, [3]),
    ({"q": "Ann <b>&"}, [1]),
    ({"since": "2020-01-01T00:00:00Z", "status": "done"}, [2, 1]),
    ({"until": "2020-01-01T00:00:00Z"}, []),
]


def test_lists_are_narrowed_by_filters(client: TestClient) -> None:
    assert [(query, listed(client, **query)) for query, _ in NARROWED] == NARROWED


def judged(world: World, key: str, claims: tuple[str, ...], verdicts: dict[tuple[int, str], str]) -> int:
    """A document whose marks, by index and claimed signer, are found to be that; then it is answered."""
    marks = [page(0, marks=1 + max(index for index, _ in verdicts))]
    number = world.arrive(key, marks, claims=claims)
    world.before_closing(number)
    with world.sessions() as session:
        rows = select(Verdict, Region.index).join(Region).join(Page).where(Page.document_id == number)
        for verdict, index in session.execute(rows).all():
            verdict.outcome = verdicts[index, verdict.signer]
            verdict.probability = 0.9 if verdict.outcome == "genuine" else 0.1
    world.closing(number)
    return number


def test_a_list_is_narrowed_by_what_became_of_claims_and_not_by_verdicts_for_others(
    client: TestClient, documents: World
) -> None:
    """What is forged for the other party answers no claim."""
    honest = {(0, "Max"): "genuine", (0, "Zoe"): "forged", (1, "Max"): "forged", (1, "Zoe"): "genuine"}
    both = judged(documents, "in/both.pdf", ("Max", "Zoe"), honest)
    alone = judged(documents, "in/alone.pdf", ("Max", "Zoe"), {(0, "Max"): "genuine", (0, "Zoe"): "forged"})
    forged = judged(documents, "in/forged.pdf", ("Max",), {(0, "Max"): "forged"})
    against = judged(documents, "in/against.pdf", ("Max",), {(0, "Max"): "genuine", (1, "Max"): "forged"})

    assert listed(client, verdict="forged") == [against, forged, alone, both]
    assert listed(client, claim="forged") == [forged]
    assert listed(client, claim="not_found") == [alone]
    assert listed(client, claim="genuine") == [against, alone, both]
    assert listed(client, contradicted="true") == [against]


def test_a_document_is_found_by_the_first_digits_of_its_digest(client: TestClient) -> None:
    sha256 = client.get(f"{HOME}/1").json()["sha256"]

    assert listed(client, q=sha256[:12].upper()) == [1]


def test_a_list_goes_on_where_its_page_ends_whatever_comes_in_meanwhile(
    client: TestClient, documents: World
) -> None:
    first = client.get(HOME, params={"limit": 1, "prefix": "in/"}).json()
    documents.arrive("in/later.pdf", [page(0)])
    second = client.get(first["next"]).json()

    assert [row["id"] for row in first["documents"] + second["documents"]] == [2, 1]
    assert second["next"] is None


def test_a_row_of_the_list_says_what_became_of_the_claims(client: TestClient) -> None:
    row = client.get(f"{HOME}/1").json()

    assert (row["document"], row["status"], row["signed"], row["pages"]) == ("in/signed.pdf", "done", True, 2)
    assert [client.get(f"{HOME}/{number}").json()["signed_by"] for number in (1, 2)] == ["signature", None]
    assert [claim["verdict"] for claim in row["claims"]] == ["no_reference"]


def test_the_result_is_that_of_the_commands(client: TestClient, documents: World) -> None:
    expected = histories(documents.sessions, "1")[0].json_object()
    events = expected.pop("events")
    assert expected.pop("answers")[-1]["number"] == expected["answer"]

    assert client.get(f"{HOME}/1/result").json() == expected
    assert client.get(f"{HOME}/1/history").json() == {"events": events}
    assert client.get(f"{HOME}/1/pages/0").json() == expected["pages"][0]


def test_pictures_are_the_stored_bytes_and_say_what_they_are(client: TestClient, documents: World) -> None:
    image = client.get(f"{HOME}/1/pages/0/image")
    crop = client.get(f"{HOME}/1/pages/0/regions/1/crop")
    clean = client.get(f"{HOME}/1/pages/0/regions/1/crop", params={"clean": True})

    assert image.content == page(0, marks=2).data
    assert {image.headers["content-type"], crop.headers["content-type"]} == {"image/png"}
    assert crop.content != clean.content
    assert {crop.content, clean.content} <= set(documents.store.objects.values())


def test_an_overlay_is_a_picture_of_its_own(client: TestClient) -> None:
    drawn, plain = (client.get(f"{HOME}/1/pages/0/{name}") for name in ("overlay", "image"))

    assert drawn.status_code == 200
    assert drawn.headers["content-type"] in ("image/png", "image/jpeg")
    assert drawn.content != plain.content


def test_what_is_not_there_is_a_problem_with_a_code(client: TestClient) -> None:
    for path in (
        "documents/99",
        "documents/99/result",
        "documents/99/history",
        "documents/1/pages/7",
        "documents/1/pages/7/image",
        "documents/1/pages/0/regions/9/crop",
        "documents/3/pages/0/overlay",
        "signers/99",
        "signers/1/references/1/image",
        "nothing",
    ):
        answer = client.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_picture_that_is_gone_or_is_none_is_a_problem(client: TestClient, documents: World) -> None:
    keys = [key for key in documents.store.objects if "/pages/" in key]
    for key in keys:
        documents.store.objects[key] = b"<svg onload=alert(1)>"
    no_picture = client.get(f"{HOME}/1/pages/0/image")
    for key in keys:
        del documents.store.objects[key]
    gone = client.get(f"{HOME}/1/pages/0/image")

    assert (no_picture.status_code, gone.status_code) == (404, 404)


def test_a_store_that_is_away_is_503_and_says_when_to_come_back(client: TestClient, documents: World) -> None:
    documents.store.fail.append(StorageUnavailable("k", "away"))

    answer = client.get(f"{HOME}/1/pages/0/image")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_database_that_is_away_is_503(client: TestClient, documents: World) -> None:
    with documents.engine.begin() as connection:
        drop_views(connection)
        connection.execute(text("DROP TABLE claims"))

    answer = client.get(f"{HOME}/1")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "claims" not in answer.text


def test_a_wrong_query_is_422_and_names_the_field(client: TestClient) -> None:
    for name, value in (
        ("limit", 0),
        ("limit", 10_000),
        ("cursor", "x"),
        ("cursor", 2**70),
        ("status", "lost"),
        ("verdict", "maybe"),
        ("since", "2026-01-01T00:00:00"),
        ("q", "a\0b"),
        ("prefix", "a" * 501),
    ):
        answer = client.get(HOME, params={name: value})
        assert answer.status_code == 422
        assert [wrong["field"] for wrong in answer.json()["errors"]] == [f"query.{name}"]


def test_an_answer_that_has_not_changed_is_not_sent_again(client: TestClient, documents: World) -> None:
    for path in (f"{HOME}/1", f"{HOME}/1/result"):
        tag = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304

    with documents.sessions() as session:
        start_again(session, [1], Asked(cause=AnswerCause.RETRY))

    assert client.get(f"{HOME}/1", headers={"If-None-Match": tag}).status_code == 200


def test_a_request_that_waits_is_answered_when_the_document_is_final(
    client: TestClient, documents: World
) -> None:
    document_id = documents.arrive("in/slow.pdf", [page(0, marks=1)])
    answers = []

    def ask() -> None:
        answers.append(client.get(f"{HOME}/{document_id}", headers={"Prefer": "wait=30"}).json())

    asking = Thread(target=ask)
    asking.start()
    documents.through(document_id)
    until(lambda: answers)
    asking.join()

    assert answers[0]["status"] == "done"


def test_a_request_waits_no_longer_than_it_asks_for_and_not_for_what_is_final(client: TestClient) -> None:
    waiting = client.get(f"{HOME}/1", headers={"Prefer": "respond-async, wait=30"})

    assert waiting.elapsed.total_seconds() < 20
    assert waiting.json()["status"] == "done"


def test_the_numbers_say_how_many_stand_where_and_since_when_the_oldest_waits(
    client: TestClient, documents: World
) -> None:
    before = client.get("/v1/overview").json()
    documents.arrive("in/new.pdf", [page(0)])
    after = client.get("/v1/overview").json()

    assert (before["documents"]["done"], before["reasons"]) == (2, {"empty_document": 1})
    assert before["waiting_since"] is None
    assert after["waiting_since"] is not None
    assert client.get("/v1/health").json() == {"status": "ok"}
