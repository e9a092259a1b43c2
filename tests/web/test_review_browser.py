"""The review desk in a real browser: laid over, one after the other, own keys, back, parts of the queue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from producer.services.review import list_decisions
from producer.services.run_folder import results_folder
from tests.web.consoles import clean_tab, filled, serving
from tests.web.reviewers import ANN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as url:
        yield url


@pytest.fixture
def tab(browser: Browser, url: str) -> Iterator[Page]:
    with clean_tab(browser, url) as opened:
        yield opened


def opacity(tab: Page, layer: str) -> str:
    return str(tab.locator(f".stack .{layer}").evaluate("layer => getComputedStyle(layer).opacity"))


def test_the_signature_is_laid_over_a_reference_as_strongly_as_one_wants(tab: Page) -> None:
    tab.goto("/review")
    expect(tab.get_by_role("group", name="Laid over reference 1")).to_be_visible()
    assert (opacity(tab, "under"), opacity(tab, "over.raw")) == ("1", "1")

    tab.keyboard.press("o")
    expect(tab.get_by_label("75 %")).to_be_checked()
    expect(tab.locator(".stack .under")).to_have_css("opacity", "0.4")
    tab.get_by_label("0 %", exact=True).check()
    expect(tab.locator(".stack .over.raw")).to_have_css("opacity", "0")
    tab.keyboard.press("f")
    expect(tab.locator(".stack .over.raw")).to_have_css("animation-name", "flicker")


def test_the_overlay_shows_the_cleaned_signature_until_one_wants_it_raw(tab: Page) -> None:
    tab.goto("/review")
    expect(tab.locator(".stack .over.clean")).to_be_visible()
    expect(tab.locator(".stack .over.raw")).to_be_hidden()

    tab.keyboard.press("r")

    expect(tab.locator(".stack .over.raw")).to_be_visible()
    expect(tab.locator(".stack .over.clean")).to_be_hidden()


def test_a_person_chooses_keys_and_they_are_kept(tab: Page, folder: Path) -> None:
    tab.goto("/review/keys")
    tab.get_by_label("Forged").fill("x")
    tab.get_by_label("One after the other").fill("2")
    tab.get_by_role("button", name="Keep").click()
    expect(tab.get_by_label("Forged")).to_have_value("x")
    tab.goto("/review")
    link = tab.get_by_role("link", name=re.compile("contract"))
    first = link.inner_text()
    tab.keyboard.press("2")
    expect(tab.get_by_label("one after the other")).to_be_checked()
    tab.keyboard.press("x")
    expect(link).not_to_have_text(first)

    with results_folder(folder) as opened:
        answers = [
            row.answer for number in range(1, 5) for row in list_decisions(opened.sessions, number, ANN)
        ]
    assert answers == ["forged"]


@pytest.mark.parametrize("key", ["1", " "])
def test_keys_that_cannot_be_told_apart_are_refused(browser: Browser, url: str, key: str) -> None:
    with browser.new_context(base_url=url) as context:
        tab = context.new_page()
        tab.goto("/review/keys")
        tab.get_by_label("Forged").fill(key)
        tab.get_by_role("button", name="Keep").click()

        expect(tab.get_by_text("wrong_use")).to_be_visible()


def test_a_wrong_key_is_taken_back_with_one_more(tab: Page, folder: Path) -> None:
    tab.goto("/review")
    link = tab.get_by_role("link", name=re.compile("contract"))
    first = link.inner_text()
    tab.keyboard.press("1")
    expect(link).not_to_have_text(first)
    tab.keyboard.press("b")
    expect(tab.get_by_role("heading", name="Your last answer")).to_be_visible()
    expect(link).to_have_text(first)
    tab.keyboard.press("2")
    expect(tab.get_by_role("heading", name="Review")).to_be_visible()

    with results_folder(folder) as opened:
        rows = [row for number in range(1, 5) for row in list_decisions(opened.sessions, number, ANN)]
    assert [(row.answer, row.revision) for row in rows] == [("genuine", 0), ("forged", 1)]


def test_a_part_of_the_queue_is_a_link_and_stays_chosen(tab: Page) -> None:
    tab.goto("/review")
    tab.get_by_role("link", name=re.compile("inconclusive")).click()
    expect(tab).to_have_url(re.compile(r"/review\?why=inconclusive$"))
    tab.keyboard.press("1")
    expect(tab).to_have_url(re.compile(r"/review\?why=inconclusive$"))
    expect(tab.get_by_role("link", name=re.compile("inconclusive"))).to_have_attribute("aria-current", "true")
    tab.get_by_role("link", name="even").click()

    expect(tab).to_have_url(re.compile("why=inconclusive&band=even"))


def test_the_queue_is_emptied_by_keys_alone(tab: Page) -> None:

    tab.goto("/review")
    for key in ("1", "2", "3", "s"):
        heading = tab.get_by_role("link", name=re.compile("contract"))
        before = heading.inner_text()
        tab.keyboard.press(key)
        expect(tab.get_by_text(before, exact=True)).to_have_count(0)

    expect(tab.get_by_text("Nothing is left for you to decide.")).to_be_visible()
