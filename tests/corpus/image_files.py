"""Image files in codecs without checksums, whole, cut off and with holes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.corpus.codecs import TORN, cut, noise, zeros
from tests.corpus.jpeg_arithmetic import jpeg_in_arithmetic_codes
from tests.corpus.kind import Kind, lost
from tests.corpus.written import written
from tests.sheets import encoded

#: The format as Pillow names it, and what it is told, for each way to write the page.
WAYS: dict[str, tuple[str, dict[str, object]]] = {
    "webp": ("WEBP", {}),
    "webp-small": ("WEBP", {"quality": 30}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "jp2": ("JPEG2000", {}),
    "jp2-lossy": ("JPEG2000", {"quality_mode": "rates", "quality_layers": [80, 40], "irreversible": True}),
    "jp2-tiles": ("JPEG2000", {"tile_size": (256, 256), "codeblock_size": (32, 32)}),
    "j2k": ("JPEG2000", {"no_jp2": True}),
    "avif": ("AVIF", {"speed": 10}),
    "avif-small": ("AVIF", {"speed": 10, "quality": 30}),
}


def image_file(way: str, damage: Callable[[bytes], bytes] = bytes) -> bytes:
    """The page as such a file, damaged."""
    if way == "jpeg-arithmetic":
        return damage(jpeg_in_arithmetic_codes())
    name, options = WAYS[way]
    return damage(encoded(written("RGB"), name, **options))


def cut_and_ended(data: bytes) -> bytes:
    """The first half of a JPEG, and its end mark: what a scanner leaves that was stopped."""
    return cut(data) + b"\xff\xd9"


IMAGE_FILES = (
    *(Kind(f"{way}-sound", partial(image_file, way)) for way in (*WAYS, "jpeg-arithmetic")),
    *(
        lost(f"{way}-{damage.__name__}", partial(image_file, way, damage), TORN)
        for way in (*WAYS, "jpeg-arithmetic")
        for damage in (noise, zeros)
    ),
    *(
        lost(f"{way}-cut", partial(image_file, way, cut), TORN)
        for way in (*WAYS, "jpeg-arithmetic")
        if not way.startswith(("webp", "avif"))
    ),
    lost("avif-cut", partial(image_file, "avif", cut), "unreadable_document"),
    lost("jpeg-arithmetic-cut-and-ended", partial(image_file, "jpeg-arithmetic", cut_and_ended), TORN),
)
