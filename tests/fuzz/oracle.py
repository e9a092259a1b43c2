"""What must hold for any bytes at the decoders' entry, in this process; the fuzzer and a test ask it."""

from __future__ import annotations

from worker.errors import DamagedImage, DocumentError, PageError
from worker.rendering.pages import inspect, render
from worker.vision.choices import Limits
from worker.vision.images import decode
from worker.vision.values import RenderedPage

#: Small, so that a second holds many documents.
LIMITS = Limits(max_bytes=200_000, max_pages=4, max_pixels=400_000, render_dpi=50)
#: Ends of the names of kinds that only the renderer's clock ends; there is none in this process.
SLOW = ("never-ending", "bomb")


def read(data: bytes) -> None:
    """A document ends in pages that can be decoded, or in errors of ours; anything else raises."""
    try:
        pages = list(render(data, limits=LIMITS))
        assert inspect(data, limits=LIMITS).pages == len(pages)
    except DocumentError as error:
        assert error.reason
        return
    for index, page in enumerate(pages):
        _check(index, page)


def _check(index: int, page: RenderedPage | PageError) -> None:
    """What later stages rely on."""
    if isinstance(page, PageError):
        assert page.page == index and page.reason
        return
    assert page.index == index
    # Pixels that are not square are stretched after the check of the size, which bounds that too.
    assert 0 < page.width * page.height <= LIMITS.max_pixels * 1.01
    assert 0 < page.dpi < float("inf")
    try:
        shape = decode(page.data).shape
    except DamagedImage:
        # A scan's own JPEG is stored as it came; detection decodes it and fails the page.
        return
    assert shape == (page.height, page.width, 3)
