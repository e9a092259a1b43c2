"""Signers in a real browser: enrolled from a region, taken off file, merged, retired; copies and bundles."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from db.models import Duplicate
from tests.fakes import PartEncoder, page
from tests.web.consoles import clean_tab, served
from tests.world import World
from web.deps import WebDeps
from worker.enrolling import Enroller


@pytest.fixture
def tab(browser: Browser, world: World) -> Iterator[Page]:
    """Two documents that claim Zoe, with the same ink; Zoe Old with a reference."""
    world.encoder = PartEncoder()
    for number in range(2):
        world.through(world.arrive(f"in/{number}.pdf", [page(0, marks=1)], claims=("Zoe",)))
    for key, data in list(world.store.objects.items()):
        # What a picture shows that is put on file.
        world.renderer.documents[data] = [page(int("2.pdf" in key), marks=1)]
    world.renderer.documents[b"old"] = [page(2, marks=1)]
    world.enroll("Zoe Old", "old.png", b"old")
    enroller = Enroller(world.verify_deps, world.renderer)
    deps = WebDeps(world.sessions, world.store, enroller=lambda: enroller, logins=False)
    with served(deps) as url, clean_tab(browser, url) as opened:
        yield opened


def enroll_from_region(tab: Page) -> None:
    tab.goto("/documents/1")
    tab.get_by_text("Use as a reference").click()
    tab.get_by_role("button", name="Enroll").click()
    expect(tab.get_by_role("heading", name="Zoe", exact=True)).to_be_visible()


def test_a_region_becomes_a_reference_and_leaves_the_file_again(tab: Page) -> None:
    enroll_from_region(tab)
    expect(tab.get_by_alt_text("Reference 1")).to_be_visible()
    expect(tab.get_by_text("local")).not_to_have_count(0)

    tab.get_by_role("button", name="Take reference 1 off file").click()

    expect(tab.get_by_text("No reference is on file.")).to_be_visible()
    expect(tab.locator(".timeline")).to_contain_text("removed")


def test_two_names_become_one_person(tab: Page) -> None:
    enroll_from_region(tab)
    tab.goto("/signers")
    tab.get_by_role("link", name="Zoe Old").click()
    tab.get_by_text("Make this another name").click()
    tab.get_by_label("The signer whose name this is, too").fill("Zoe")
    tab.get_by_role("button", name="Merge").click()

    expect(tab.get_by_text("One person: Zoe, Zoe Old")).to_be_visible()
    expect(tab.get_by_alt_text("Reference 2")).to_be_visible()


def test_a_signer_is_retired_and_the_history_stays(tab: Page) -> None:
    enroll_from_region(tab)
    tab.get_by_text("Retire", exact=True).click()
    tab.get_by_role("button", name="Take all references off file").click()

    expect(tab.get_by_text("No reference is on file.")).to_be_visible()
    expect(tab.locator(".timeline")).to_contain_text("enrolled")


def test_copies_of_a_signer_s_ink_stand_on_the_page(tab: Page, world: World) -> None:
    with world.sessions() as session:
        if session.query(Duplicate).count() == 0:
            session.add(Duplicate(region_id=2, of_region_id=1, similarity=0.9, kind="ink"))
    enroll_from_region(tab)

    copies = tab.get_by_role("region", name="Copies")
    expect(copies.get_by_role("link", name="1.pdf")).to_be_visible()
    expect(copies.get_by_role("link", name="0.pdf")).to_have_count(0)


def test_the_bundle_of_a_document_is_downloaded(tab: Page) -> None:
    tab.goto("/documents/1")
    with tab.expect_download() as started:
        tab.get_by_role("link", name="bundle").click()

    with zipfile.ZipFile(started.value.path()) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist()
    assert started.value.suggested_filename == "document-1.zip"
