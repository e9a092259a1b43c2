"""Photographs of phones, where the extra `heic` is installed; `make heic` does that for these tests."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tests.inputs.expectations import LIMITS
from tests.sheets import encoded, is_upright, sheet
from worker.errors import PageError, UnreadableDocument
from worker.rendering.formats import sniff
from worker.rendering.pages import inspect, render
from worker.vision.images import decode
from worker.vision.values import RenderedPage

heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")


def photograph(image: Image.Image, **options: object) -> bytes:
    """The image as a phone stores it."""
    out = BytesIO()
    heif.from_pillow(image).save(out, **options)
    return out.getvalue()


def test_a_photograph_of_a_phone_is_read() -> None:
    data = photograph(sheet())

    (page,) = render(data, limits=LIMITS)

    assert sniff(data) == "heic"
    assert inspect(data, limits=LIMITS).pages == 1
    assert isinstance(page, RenderedPage)
    assert is_upright(decode(page.data))


def test_a_photograph_that_was_taken_on_its_side_is_turned() -> None:
    turned = Image.Exif()
    turned[274] = 6

    (page,) = render(photograph(sheet().rotate(90, expand=True), exif=turned.tobytes()), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert is_upright(decode(page.data))


def test_a_photograph_that_was_cut_off_is_not_read_as_a_page() -> None:
    data = photograph(sheet())

    try:
        pages = list(render(data[: len(data) // 2], limits=LIMITS))
    except UnreadableDocument:
        return
    assert all(isinstance(page, PageError) for page in pages)


def test_other_formats_are_read_as_before_once_the_decoder_is_loaded() -> None:
    list(render(photograph(sheet()), limits=LIMITS))

    (page,) = render(encoded(sheet(), "JPEG"), limits=LIMITS)

    assert isinstance(page, RenderedPage)
