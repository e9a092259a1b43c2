"""The HTML report in a real browser, from a file: search, filters, enlarged pictures, and what axe says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.results import document, page, region, verdict
from worker.rendering.encoding import encode
from worker.report.beside import LikeReference
from worker.report.html import write_report
from worker.result import DocumentResult

PICTURE = encode(np.full((600, 400, 3), 255, np.uint8), lossy=False).data
MARKS = [region(0, label="handwritten_date"), region(1)]


def signed(name: str, outcome: str) -> DocumentResult:
    signature = verdict("Ann Kovacs", outcome, 0.9 if outcome == "genuine" else 0.1, place=1)
    return document(f"in/{name}.pdf", pages=[page(regions=MARKS), page(1)], verdicts=[signature])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = [
        signed("lease", "genuine"),
        signed("deed", "forged"),
        document("in/locked.pdf", status="failed", reason="encrypted_document", signed=None),
    ]
    apart = [row.model_copy(update={"sha256": f"{number}" * 64}) for number, row in enumerate(results)]
    return write_report(
        apart,
        tmp_path_factory.mktemp("report") / "report.html",
        load_image=lambda _: PICTURE,
        references=lambda _: {((0, 1), "Ann Kovacs"): [LikeReference(9, 2, "picture", 0.8, outlier=False)]},
    )


@pytest.fixture
def tab(browser: Browser, report: Path) -> Iterator[Page]:
    """A tab in which nothing may be refused or fail: no policy violated, no script broken."""
    with browser.new_context() as context:
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("console", lambda line: complaints.append(line.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(report.as_uri())
        yield opened
        assert complaints == []


def names(tab: Page) -> list[str]:
    """The documents in the table that can be seen."""
    links = tab.locator("tr[data-number] td.file").all()
    return [link.inner_text() for link in links if link.is_visible()]


def test_axe_finds_nothing_with_everything_unfolded_and_a_picture_enlarged(tab: Page) -> None:
    tab.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    violations = [wrong["id"] for wrong in Axe().run(tab).response["violations"]]
    tab.get_by_role("button", name="Enlarge: Page 1").first.click()
    violations += [wrong["id"] for wrong in Axe().run(tab).response["violations"]]

    assert violations == []


@pytest.mark.parametrize(
    ("words", "left"),
    [
        pytest.param("LEASE", ["lease.pdf"], id="a name in capitals"),
        pytest.param("kovacs ann", ["lease.pdf", "deed.pdf"], id="words of a signer"),
        pytest.param("encrypted_doc", ["locked.pdf"], id="a reason"),
        pytest.param("1" * 20, ["deed.pdf"], id="a digest"),
        pytest.param("nothing like it", [], id="nothing"),
    ],
)
def test_a_search_leaves_what_has_all_its_words(tab: Page, words: str, left: list[str]) -> None:
    tab.get_by_role("searchbox").fill(words)

    expect(tab.get_by_text(f"{len(left)} of 3 documents")).to_be_visible()
    assert names(tab) == left
    assert tab.locator("article:visible").count() == len(left)


def test_filters_go_together_and_hide_the_rest_everywhere(tab: Page) -> None:
    tab.get_by_label("Signed").select_option("signed")
    tab.get_by_label("Claim").select_option("forged")
    assert names(tab) == ["deed.pdf"]
    assert tab.locator(".first li:visible").count() == 1
    tab.get_by_label("Claim").select_option("")
    tab.get_by_label("to look at first").check()
    assert names(tab) == ["deed.pdf"]
    tab.get_by_label("Signed").select_option("")

    assert names(tab) == ["deed.pdf", "locked.pdf"]


def test_a_picture_is_enlarged_by_keys_alone_and_closed_again(tab: Page) -> None:
    tab.get_by_role("button", name="Enlarge: Reference 2, likeness 0.80").first.focus()
    tab.keyboard.press("Enter")
    picture = tab.locator("dialog img")
    width = picture.evaluate("image => image.clientWidth")
    tab.get_by_role("button", name="Larger").click()
    tab.get_by_role("button", name="Larger").click()

    assert picture.evaluate("image => image.clientWidth") == pytest.approx(2 * width, rel=0.02)
    expect(tab.get_by_text("200 %")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_be_hidden()


def test_without_scripts_everything_is_there_but_the_search(browser: Browser, report: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(report.as_uri())

        expect(opened.get_by_role("searchbox")).to_be_hidden()
        expect(opened.locator("tr[data-number]:visible")).to_have_count(3)
        opened.get_by_text("Does not sign: 1 × handwritten date").first.click()
        expect(opened.get_by_text("only signatures are compared").first).to_be_visible()


def test_a_phone_needs_no_scrolling_sideways(browser: Browser, report: Path) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        opened = context.new_page()
        opened.goto(report.as_uri())

        assert opened.evaluate("document.documentElement.scrollWidth") <= 360
