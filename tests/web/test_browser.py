"""A real browser on a real server: pages, keys, forms, both colour schemes, and what axe says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.models import Decision, Review
from producer.services.keys import Right, make_key
from producer.services.run_folder import results_folder
from tests.web.consoles import clean_tab, filled, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as url:
        yield url


@pytest.fixture
def tab(browser: Browser, url: str) -> Iterator[Page]:
    with clean_tab(browser, url) as opened:
        yield opened


PAGES = (
    *("/documents", "/documents/1", "/documents/5", "/review", "/review/keys"),
    *("/signers", "/signers/1", "/search", "/overview", "/login", "/x"),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(base_url=url, color_scheme=scheme) as context:
        opened = context.new_page()
        violations = {}
        for path in PAGES:
            opened.goto(path)
            report = Axe().run(opened)
            violations[path] = [wrong["id"] for wrong in report.response["violations"]]

    assert {path: ids for path, ids in violations.items() if ids} == {}


def test_a_filter_is_a_link_and_a_document_shows_its_page(tab: Page) -> None:
    tab.goto("/documents")
    tab.get_by_role("link", name="failed").click()
    expect(tab.get_by_role("row")).to_have_count(2)
    tab.get_by_role("link", name="failed").click()
    tab.get_by_role("link", name="contract-0.pdf").click()

    expect(tab.get_by_role("img", name="Page 1 with 1 marked regions")).to_be_visible()
    tab.wait_for_load_state()
    assert tab.get_by_alt_text("Region 1 as scanned").evaluate("image => image.naturalWidth") > 0
    with tab.expect_navigation():
        tab.get_by_role("link", name="×2").click()
    width = tab.locator(".sheet svg").evaluate("svg => svg.clientWidth / svg.parentElement.clientWidth")
    assert width == pytest.approx(2, abs=0.1)


def test_one_key_decides_and_goes_on(tab: Page, folder: Path) -> None:
    tab.goto("/review")
    first = tab.get_by_role("link", name=re.compile("contract")).inner_text()
    tab.keyboard.press("c")
    tab.keyboard.type("a short stroke, 1 of 3")
    tab.keyboard.press("Escape")
    with tab.expect_navigation():
        tab.keyboard.press("2")
    second = tab.get_by_role("link", name=re.compile("contract")).inner_text()

    assert first != second
    with results_folder(folder) as opened, opened.sessions() as session:
        rows = session.execute(select(Decision.answer, Decision.comment, Decision.who)).all()
    assert [tuple(row) for row in rows] == [("forged", "a short stroke, 1 of 3", "local")]
    with tab.expect_navigation():
        tab.keyboard.press("p")
    assert "/documents/" in tab.url


def test_pages_work_without_scripts(browser: Browser, url: str) -> None:
    with browser.new_context(base_url=url, java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto("/documents")
        opened.get_by_label("Id, SHA-256").fill("in/contract-2")
        opened.get_by_role("button", name="Search").click()
        expect(opened.get_by_role("row")).to_have_count(2)
        opened.goto("/review")
        first = opened.get_by_role("link", name=re.compile("contract")).inner_text()
        opened.get_by_role("button", name="Cannot say").click()

        expect(opened.get_by_role("heading", name="Review")).to_be_visible()
        expect(opened.get_by_role("link", name=re.compile("contract"))).not_to_have_text(first)


def test_dark_is_dark_and_a_phone_needs_no_scrolling_sideways(browser: Browser, url: str) -> None:
    phone = {"width": 360, "height": 740}
    with browser.new_context(base_url=url, color_scheme="dark", viewport=phone) as context:
        opened = context.new_page()
        for path in PAGES:
            opened.goto(path)
            assert opened.evaluate("document.documentElement.scrollWidth") <= phone["width"], path
        background = opened.evaluate("getComputedStyle(document.body).backgroundColor")

    assert max(map(int, re.findall(r"\d+", background)[:3])) < 60


def test_a_document_is_submitted_on_the_page_and_its_answer_arrives(tab: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    tab.goto("/documents")
    tab.get_by_text("Submit a document").click()
    tab.get_by_label("PDF, TIFF or photo").set_input_files(tmp_path / "broken.pdf")
    tab.get_by_label("Who it says has signed it").fill("Zoe; Yann")
    tab.get_by_role("button", name="Submit").click()
    tab.wait_for_url(re.compile(r"/documents/\d+$"))
    number = tab.url.rpartition("/")[2]

    for _ in range(4):
        path, wait = f"/v1/documents/{number}", {"Prefer": "wait=30"}
        answer = tab.request.get(path, headers=wait, timeout=60_000).json()
        if answer["status"] == "failed":
            break
    tab.reload()
    assert answer["reason"] == "unreadable_document"
    expect(tab.get_by_text("Yann")).to_be_visible()


def test_four_eyes_are_two_people_who_log_in(browser: Browser, tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with results_folder(folder) as opened:
        keys = {name: make_key(opened.sessions, name, [Right.REVIEW], days=1) for name in ("ann", "bob")}

    with serving(folder, "--login", "--four-eyes") as url:
        decided = {name: decide_all(browser, url, name, secret) for name, secret in keys.items()}

    assert len(decided["ann"]) == 4
    assert decided["ann"] == decided["bob"]
    with results_folder(folder) as opened, opened.sessions() as session:
        rows = session.execute(select(Review.closed, Review.first_by, Review.second_by)).all()
    assert [tuple(row) for row in rows] == [(True, "ann", "bob")] * 4


def decide_all(browser: Browser, url: str, name: str, secret: str) -> list[str]:
    """Log in and decide by keys until nothing is left; the documents in their order."""
    decided: list[str] = []
    with browser.new_context(base_url=url) as context:
        tab = context.new_page()
        tab.goto("/review")
        tab.get_by_label("Key").fill(secret)
        tab.get_by_role("button", name="Log in").click()
        tab.get_by_role("button", name=f"Log out {name}").wait_for()
        tab.wait_for_load_state()
        while tab.get_by_text("Is this the signature of Zoe?").count():
            decided.append(tab.get_by_role("link", name=re.compile("contract")).inner_text())
            with tab.expect_navigation():
                tab.keyboard.press("1")
    return decided
