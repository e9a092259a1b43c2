"""Documents of every kind become upright pages, or say why they do not."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.evaluation_data import DATA
from tests.inputs.cases import CASES
from tests.inputs.expectations import LIMITS, Case
from tests.inputs.images import exif_jpeg
from tests.inputs.scan_builders import scan
from tests.inputs.tiffs import tiff
from tests.sheets import FULL, Page, encoded, is_upright, jpeg_picture, pdf, sheet
from worker.errors import DamagedImage, DocumentError, PageError
from worker.rendering.encoding import encode
from worker.rendering.pages import inspect, render
from worker.vision.choices import Limits
from worker.vision.images import decode
from worker.vision.values import RenderedPage

# Pillow warns of the damaged TIFF directories that some of the cases are about.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")

#: A folder of real scans, for those who have one.
DOCUMENTS = DATA / "documents"
WHOLE = {
    "pdf": scan(),
    "tiff": tiff(sheet((200, 300)), sheet((200, 300)), compression="tiff_lzw"),
    "png": encoded(sheet((200, 300)), "PNG"),
}
PAGED = [pytest.param(case, id=case.id) for case in CASES if case.code is None]
REFUSED = [pytest.param(case, id=case.id) for case in CASES if case.code is not None]


@pytest.mark.parametrize("case", PAGED)
def test_every_page_of_a_document_comes_out_as_expected(case: Case) -> None:
    data = case.build()

    pages = list(render(data, limits=case.limits))

    assert inspect(data, limits=case.limits).pages == len(pages) == len(case.pages)
    for index, (page, want) in enumerate(zip(pages, case.pages, strict=True)):
        if isinstance(page, PageError):
            assert (page.page, page.code) == (index, want.code), str(page)
            continue
        assert want.code is None
        assert (page.index, page.width, page.height) == (index, *want.size)
        assert page.dpi == pytest.approx(want.dpi, abs=0.5)
        assert page.source == want.source


@pytest.mark.parametrize("case", PAGED)
def test_the_stored_image_is_the_page_upright_on_white(case: Case) -> None:
    pages = render(case.build(), limits=case.limits)

    for page, want in zip(pages, case.pages, strict=True):
        if isinstance(page, RenderedPage):
            pixels = decode(page.data)
            assert pixels.shape == (page.height, page.width, 3)
            assert pixels.dtype == np.uint8
            assert is_upright(pixels) or not want.upright


@pytest.mark.parametrize("case", REFUSED)
def test_a_document_that_cannot_be_read_says_why(case: Case) -> None:
    with pytest.raises(DocumentError) as caught:
        inspect(case.build(), limits=case.limits)

    assert caught.value.code == case.code
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("case", [case for case in PAGED if case.id.startswith("pdf-scan")])
def test_an_extracted_scan_is_what_a_viewer_draws(case: Case) -> None:
    data = case.build()

    for page in render(data, limits=case.limits):
        if isinstance(page, RenderedPage) and page.source == "embedded":
            assert _difference(decode(page.data), _viewed(data, page.index)) < 3


def test_a_plain_jpeg_is_stored_as_it_came() -> None:
    data = encoded(sheet(), "JPEG")

    (page,) = render(data, limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert page.data == data


def test_the_jpeg_of_a_scanned_page_is_stored_as_it_came() -> None:
    picture = jpeg_picture()

    (page,) = render(scan(picture=picture), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert page.data == picture.data


def test_a_turned_jpeg_carries_no_tag_that_would_turn_it_again() -> None:
    (page,) = render(exif_jpeg(6), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    with Image.open(BytesIO(page.data)) as stored:
        assert stored.getexif().get(274, 1) == 1


@pytest.mark.parametrize(
    ("first", "last", "indices"), [(0, 2, [0, 1]), (2, None, [2]), (1, 99, [1, 2]), (3, 9, [])]
)
def test_a_range_of_pages_is_half_open(first: int, last: int | None, indices: list[int]) -> None:
    data = pdf(*[Page(FULL, (jpeg_picture(),))] * 3)

    pages = list(render(data, limits=LIMITS, first=first, last=last))

    assert [page.index for page in pages if isinstance(page, RenderedPage)] == indices


def test_points_are_those_of_the_page_as_it_is_shown() -> None:
    (page,) = render(pdf(Page(box="[0 0 200 100]", entries="/Rotate 90 /UserUnit 2")), limits=LIMITS)

    assert isinstance(page, RenderedPage)
    assert page.points == (200, 400)


@pytest.mark.parametrize(
    ("image", "lossy", "suffix", "mode"),
    [
        pytest.param(sheet(mode="L"), True, "png", "1", id="two-valued"),
        pytest.param(Image.linear_gradient("L"), False, "png", "L", id="grey"),
        pytest.param(Image.linear_gradient("L"), True, "jpg", "L", id="grey from a jpeg"),
        pytest.param(Image.linear_gradient("L").convert("RGB"), True, "jpg", "L", id="colour without colour"),
        pytest.param(sheet(ink="navy"), False, "jpg", "RGB", id="colour"),
    ],
)
def test_a_page_is_stored_in_the_smallest_fitting_form(
    image: Image.Image, lossy: bool, suffix: str, mode: str
) -> None:
    stored = encode(np.asarray(image), lossy=lossy)

    with Image.open(BytesIO(stored.data)) as opened:
        assert (stored.suffix, opened.mode) == (suffix, mode)


def test_what_is_stored_without_loss_comes_back_unchanged() -> None:
    grey = np.asarray(Image.linear_gradient("L"))

    assert np.array_equal(decode(encode(grey, lossy=False).data)[..., 1], grey)


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff"])
def test_bytes_that_are_no_image_do_not_decode(data: bytes) -> None:
    with pytest.raises(DamagedImage):
        decode(data)


@settings(max_examples=60, deadline=None)
@given(
    where=st.floats(0, 1),
    junk=st.binary(min_size=1, max_size=40),
    kind=st.sampled_from(["pdf", "tiff", "png"]),
)
@pytest.mark.filterwarnings("ignore")
def test_damage_anywhere_ends_in_pages_or_in_errors_of_ours(where: float, junk: bytes, kind: str) -> None:
    data = bytearray(WHOLE[kind])
    place = int(where * (len(data) - len(junk)))
    data[place : place + len(junk)] = junk

    try:
        pages = list(render(bytes(data), limits=LIMITS))
    except DocumentError:
        return

    assert all(isinstance(page, RenderedPage | PageError) for page in pages)


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="needs the evaluation data")
def test_real_scans_are_read_completely() -> None:
    files = sorted(path for path in DOCUMENTS.iterdir() if path.suffix in {".pdf", ".tif"})

    pages = {path.name: list(render(path.read_bytes(), limits=Limits(render_dpi=50))) for path in files}

    assert sorted(map(len, pages.values())) == [4, 5, 11, 12, 13, 16]
    assert all(isinstance(page, RenderedPage) for document in pages.values() for page in document)


def _viewed(data: bytes, index: int) -> np.ndarray:
    """The page as MuPDF draws it."""
    pixmap = pymupdf.open(stream=data)[index].get_pixmap(dpi=50)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def _difference(page: np.ndarray, viewed: np.ndarray) -> float:
    """Mean grey levels between two pictures of different sizes."""
    small = cv2.resize(page, (viewed.shape[1], viewed.shape[0]), interpolation=cv2.INTER_AREA)
    return float(np.abs(small.astype(float) - viewed).mean())
