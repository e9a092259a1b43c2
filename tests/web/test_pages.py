"""What people see: pages that work without scripts."""

from __future__ import annotations

import re
from dataclasses import replace

from fastapi.testclient import TestClient
from sqlalchemy import select

from db.models import Page, Region, Verdict
from tests.fakes import page
from tests.world import World
from worker.errors import EmptyDocument, UnreadablePage
from worker.slots.values import FormField, PageLayout, SlotKind


def test_the_first_page_is_the_table_of_documents(client: TestClient) -> None:
    answer = client.get("/")

    assert str(answer.url).endswith("/documents")
    assert [name in answer.text for name in ("signed.pdf", "plain.pdf", "empty.pdf")] == [True] * 3


def test_filters_are_links_that_add_up_and_can_be_taken_back(client: TestClient) -> None:
    answer = client.get("/documents", params={"status": "done", "q": "in/"}).text

    assert 'href="/documents?status=done&amp;q=in%2F&amp;signed=true"' in answer
    assert 'href="/documents?q=in%2F" class="chosen"' in answer
    assert "empty.pdf" not in answer


def test_the_table_renews_itself_while_something_is_at_work(client: TestClient, documents: World) -> None:
    quiet = client.get("/documents").text
    documents.arrive("in/new.pdf", [page(0)])
    busy = client.get("/documents").text

    assert "hx-trigger" not in quiet
    assert 'hx-trigger="every 5s"' in busy


def test_older_documents_are_a_link_away(client: TestClient, documents: World) -> None:
    for number in range(50):
        documents.arrive(f"many/{number}.pdf", [page(0)])

    newest = client.get("/documents", params={"prefix": "many/"}).text
    assert 'rel="next"' not in newest
    link = re.search(r'href="([^"]+)" rel="next"', client.get("/documents").text)

    assert link is not None
    assert "signed.pdf" in client.get(link.group(1).replace("&amp;", "&")).text


def test_a_document_shows_its_boxes_verdicts_and_history(client: TestClient) -> None:
    answer = client.get("/documents/1").text

    assert len(re.findall(r"<rect ", answer)) == 2
    assert "/v1/documents/1/pages/0/regions/1/crop?clean=true" in answer
    assert "no reference" in answer
    assert re.search(r"<b>finish</b>", answer)


def test_a_document_shows_what_it_lacks_and_where(client: TestClient, documents: World) -> None:
    field = FormField(x=40, y=30, width=200, height=40, name="tenant_<b>", kind=SlotKind.SIGNATURE)
    asked = replace(page(0), layout=PageLayout(fields=(field,)).model_dump_json())
    documents.slots = True
    document_id = documents.arrive("in/form.pdf", [asked])
    documents.through(document_id)

    answer = client.get(f"/documents/{document_id}").text

    assert "incomplete" in answer
    assert "the tenant’s signature is missing; the line is empty" in answer
    assert '<g class="slot slot-unsigned">' in answer
    assert "slot-" not in client.get("/documents/1").text


def test_pages_and_zoom_are_links(client: TestClient) -> None:
    answer = client.get("/documents/1", params={"page": 1, "zoom": 2}).text

    assert 'class="sheet zoom-2"' in answer
    assert 'href="?page=0&amp;zoom=2"' in answer
    assert "Nothing was found on this page." in answer


def test_a_page_that_could_not_be_read_says_why(client: TestClient, documents: World) -> None:
    document_id = documents.arrive("in/torn.pdf", [page(0), UnreadablePage(1, "torn")])
    documents.through(document_id)

    answer = client.get(f"/documents/{document_id}", params={"page": 1}).text

    assert "unreadable_page" in answer


def test_a_document_that_failed_says_why(client: TestClient) -> None:
    assert "no bytes" in client.get("/documents/3").text


def test_what_is_not_there_is_a_page_with_its_code(client: TestClient) -> None:
    for path in ("/documents/99", "/documents/1?page=9", "/signers/5", "/nowhere"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "<code>not_found</code>" in answer.text


def test_the_overview_counts_and_links(client: TestClient) -> None:
    answer = client.get("/overview").text

    assert 'href="/documents?status=failed&amp;reason=empty_document"' in answer


def test_the_overview_says_what_waits_before_which_stage(client: TestClient, documents: World) -> None:
    documents.arrive("in/waits.pdf", [page(0)])

    answer = client.get("/overview").text

    assert re.search(r"<tr><td>render</td><td class=\"count\">1</td><td class=\"count\">0</td>", answer)
    assert re.search(r"waits for its answer: 20\d\d-", answer)
    assert "3 documents were answered within the last hour" in answer
    assert "<h2>Workers</h2>" in answer


def test_the_table_is_light(client: TestClient) -> None:
    answer = client.get("/documents")
    parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)

    weight = len(answer.content) + sum(len(client.get(part).content) for part in parts)

    assert weight <= 150_000
    assert answer.text.count("<script") == 1


def test_what_became_of_a_claim_is_its_answer_and_not_a_verdict(client: TestClient, documents: World) -> None:
    """An unsigned document answers its claim, one in quarantine does not; two signatures disagree."""
    documents.through(documents.arrive("in/unsigned.pdf", [page(0)], claims=("Zoe",)))
    documents.through(documents.arrive("out/none.pdf", EmptyDocument("no bytes"), claims=("Yann",)))
    number = documents.through(documents.arrive("in/two.pdf", [page(0, marks=2)], claims=("Max",))).id
    with documents.sessions() as session:
        rows = session.execute(select(Verdict).where(Verdict.signer == "Max").order_by(Verdict.id)).scalars()
        for row, (outcome, probability) in zip(rows, (("genuine", 0.9), ("forged", 0.1)), strict=True):
            row.outcome, row.probability = outcome, probability

    listed = client.get("/documents").text
    page_of_it = client.get(f"/documents/{number}").text

    assert re.search(r"Zoe <span[^>]*>not found</span>", listed)
    assert re.search(r"Yann <span[^>]*>unread</span>", listed)
    assert re.search(r'Max <span[^>]*>genuine</span> <span class="pill bad">contradicted</span>', listed)
    assert re.search(r'Max <span[^>]*>genuine</span> <span class="pill bad">contradicted</span>', page_of_it)
    assert client.get(f"/v1/documents/{number}").json()["findings"][0] == "contradicted"


def test_marks_that_sign_come_first_and_the_other_signer_s_verdict_is_folded(
    client: TestClient, documents: World
) -> None:
    number = documents.through(documents.arrive("in/two.pdf", [page(0, marks=3)], claims=("Max", "Zoe"))).id
    with documents.sessions() as session:
        marks = session.execute(
            select(Region).join(Page).where(Page.document_id == number).order_by(Region.index)
        ).scalars()
        first = next(marks)
        first.signs = False
        verdicts = select(Verdict).join(Region).where(Region.index == 1, Region.page_id == first.page_id)
        for row in session.execute(verdicts).scalars():
            row.outcome, row.probability = ("genuine", 0.9) if row.signer == "Max" else ("forged", 0.1)

    answer = client.get(f"/documents/{number}").text

    order = [answer.index(words) for words in ("<h2>2 ", "<h2>3 ", "Does not sign (1)", "<h2>1 ")]
    assert order == sorted(order)
    assert "Were it another claimed signer’s" in answer
    assert "Zoe: forged, genuine with probability 0.100" in answer
    assert 'pill bad">forged' not in answer
