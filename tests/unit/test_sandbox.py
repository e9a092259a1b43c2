"""A document that spins, swells or crashes costs its page; the next one renders."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image

from tests.inputs.cases import CASES
from tests.inputs.expectations import LIMITS, Case
from tests.inputs.pdfs import bomb_of_forms, broken_in_the_middle, encrypted
from tests.inputs.scan_builders import scan
from tests.sheets import FULL, Page, jpeg_picture, pdf
from worker.errors import (
    DocumentError,
    EncryptedDocument,
    PageError,
    PageTimeout,
    PageTooLarge,
    UnreadablePage,
)
from worker.rendering.formats import DocumentInfo
from worker.rendering.pages import render
from worker.rendering.sandbox import RenderPool
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage

# Pillow warns of the damaged TIFF directories that some of the cases are about.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")

TIMEOUT = 30.0
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def pool() -> Iterator[RenderPool]:
    with RenderPool(size=2) as pool:
        yield pool


def three_scans() -> bytes:
    return pdf(*[Page(FULL, (jpeg_picture(),))] * 3)


def many_large_scans() -> bytes:
    """More bytes of pages than a pipe holds, so that the renderer is at work until the last is read."""
    noise = Image.effect_noise((1000, 1400), 80)
    return pdf(*[Page(FULL, (jpeg_picture(noise),))] * 8)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def renders(pool: RenderPool) -> bool:
    """True when an ordinary document comes through."""
    (page,) = pool.render(scan(), limits=LIMITS, timeout=TIMEOUT)
    return isinstance(page, RenderedPage)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_the_sandbox_answers_as_the_plain_functions_do(pool: RenderPool, case: Case) -> None:
    data = case.build()

    try:
        plain = [repr(page) for page in render(data, limits=case.limits)]
    except DocumentError as error:
        with pytest.raises(type(error)) as caught:
            list(pool.render(data, limits=case.limits, timeout=TIMEOUT))
        assert caught.value.args == error.args
    else:
        assert [repr(page) for page in pool.render(data, limits=case.limits, timeout=TIMEOUT)] == plain


def test_inspecting_in_the_sandbox_counts_the_pages(pool: RenderPool) -> None:
    assert pool.inspect(three_scans(), limits=LIMITS, timeout=TIMEOUT) == DocumentInfo("pdf", 3)


def test_only_the_asked_range_is_rendered(pool: RenderPool) -> None:
    pages = list(pool.render(three_scans(), limits=LIMITS, first=1, last=2, timeout=TIMEOUT))

    assert [page.index for page in pages if isinstance(page, RenderedPage)] == [1]


def test_a_page_that_never_ends_times_out_and_its_neighbour_renders(pool: RenderPool) -> None:
    bomb, scanned = pool.render(bomb_of_forms(), limits=LIMITS, timeout=2)

    assert isinstance(bomb, PageTimeout)
    assert bomb.page == 0
    assert isinstance(scanned, RenderedPage)
    assert renders(pool)


def test_a_page_that_takes_too_much_processor_time_ends_its_renderer_only() -> None:
    with RenderPool(cpu_seconds=1) as pool:
        bomb, scanned = pool.render(bomb_of_forms(), limits=LIMITS, timeout=TIMEOUT)

    assert isinstance(bomb, UnreadablePage)
    assert "died" in bomb.reason
    assert isinstance(scanned, RenderedPage)


def test_a_page_that_takes_too_much_memory_fails_alone() -> None:
    huge = pdf(Page(b"0 0 9 9 re f", box="[0 0 3500 3500]"), Page(FULL, (jpeg_picture(),)))

    with RenderPool(memory_bytes=600 * MEGABYTE) as pool:
        swollen, scanned = pool.render(huge, limits=Limits(), timeout=TIMEOUT)

    assert isinstance(swollen, PageTooLarge)
    assert isinstance(scanned, RenderedPage)


def test_a_renderer_killed_while_idle_costs_nothing(pool: RenderPool) -> None:
    assert renders(pool)
    for child in children():
        os.kill(child, signal.SIGKILL)

    assert renders(pool)


def test_a_renderer_killed_at_work_costs_nothing_either() -> None:
    before = children()

    with RenderPool() as pool:
        pages = pool.render(many_large_scans(), limits=Limits(), timeout=TIMEOUT)
        first = next(pages)
        (child,) = children() - before
        os.kill(child, signal.SIGKILL)
        rest = list(pages)

    assert [page.index for page in [first, *rest] if isinstance(page, RenderedPage)] == list(range(8))


def test_a_refused_document_leaves_its_renderer_in_service(pool: RenderPool) -> None:
    assert renders(pool)
    before = children()

    with pytest.raises(EncryptedDocument):
        list(pool.render(encrypted("secret"), limits=LIMITS, timeout=TIMEOUT))

    assert renders(pool)
    assert children() == before


def test_an_abandoned_document_does_not_speak_into_the_next(pool: RenderPool) -> None:
    pages = pool.render(three_scans(), limits=LIMITS, timeout=TIMEOUT)
    next(pages)
    pages.close()

    after = list(pool.render(broken_in_the_middle(), limits=LIMITS, timeout=TIMEOUT))

    assert [isinstance(page, PageError) for page in after] == [False, True, False]


def test_a_renderer_is_replaced_after_its_share_of_documents() -> None:
    with RenderPool(documents_per_child=1) as pool:
        assert renders(pool)
        before = children()
        assert renders(pool)
        assert children() != before


def test_a_renderer_sees_no_environment_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    before = children()

    with RenderPool() as pool:
        assert renders(pool)
        (child,) = children() - before
        assert "AWS_SECRET_ACCESS_KEY" not in psutil.Process(child).environ()


def test_a_closed_pool_leaves_no_process_behind() -> None:
    before = children()

    with RenderPool() as pool:
        assert renders(pool)
        assert len(children() - before) == 1

    assert children() == before


def test_threads_share_the_pool_and_each_gets_its_own_pages(pool: RenderPool) -> None:
    answers: dict[int, list[str]] = {}

    def work(last: int) -> None:
        pages = pool.render(three_scans(), limits=LIMITS, last=last, timeout=TIMEOUT)
        answers[last] = [type(page).__name__ for page in pages]

    threads = [threading.Thread(target=work, args=(last,)) for last in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)

    assert answers == {last: ["RenderedPage"] * last for last in (1, 2, 3)}
