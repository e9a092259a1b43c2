"""What must hold for any bytes at the decoders' entry, in this process; the fuzzer and a test ask it."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from worker.errors import DamagedImage, DocumentError, PageError
from worker.rendering.complaints import Meaning, first
from worker.rendering.engine import faxed_rows
from worker.rendering.formats import sniff
from worker.rendering.overheard import overhear
from worker.rendering.pages import inspect, render
from worker.rendering.raster import readable_tags
from worker.vision.choices import Limits
from worker.vision.images import decode
from worker.vision.values import RenderedPage

#: Small, so that a second holds many documents.
LIMITS = Limits(max_bytes=200_000, max_pages=4, max_pixels=400_000, render_dpi=50)
#: Ends of the names of kinds that only the renderer's clock ends; there is none in this process.
SLOW = ("never-ending", "bomb")
#: Share of its rows that a fax which passed has at least.
FEWEST = 0.96


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
    if len(pages) == 1 and isinstance(pages[0], RenderedPage):
        _check_rows(data)


def _check(index: int, page: RenderedPage | PageError) -> None:
    """What later stages rely on."""
    if isinstance(page, PageError):
        assert page.page == index and page.reason
        return
    assert page.index == index
    # Pixels that are not square are stretched after the check of the size, which bounds that too.
    assert 0 < page.width * page.height <= LIMITS.max_pixels * 1.01
    assert 0 < page.dpi < float("inf")
    with overhear() as heard:
        try:
            shape = decode(page.data).shape
        except DamagedImage:
            # A scan's own JPEG is stored as it came; detection decodes it and fails the page.
            return
    assert shape == (page.height, page.width, 3)
    # A page that passed is one of which no decoder says that something is lost.
    assert first(heard.words, Meaning.LOST) is None, heard.words


def _check_rows(data: bytes) -> None:
    """A fax in a TIFF of one page that passed has about as many rows as its directory says."""
    if sniff(data) != "tiff":
        return
    with Image.open(BytesIO(data)) as image:
        tags = readable_tags(image)
    if tags.get(259) not in {3, 4} or tags.get(266, 1) != 1 or 273 not in tags:
        return
    k = -1 if tags[259] == 4 else int(tags.get(292, 0)) & 1
    strips = zip(tags[273], tags[279], strict=False)
    rows = [faxed_rows(data[at : at + size], k=k, columns=tags[256])[0] for at, size in strips]
    assert sum(rows) >= FEWEST * tags[257], f"{sum(rows)} rows of {tags[257]}"
