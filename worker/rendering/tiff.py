"""What is peculiar to TIFF: which of its images are pages, and JPEGs of the old style in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from PIL import Image

# The function itself: ultralytics, where it shares the process, replaces the name `Image.open` by a version
# that installs packages when it meets a file it cannot read.
from PIL.Image import open as open_image

_SUBFILE, _OLD_SUBFILE, _COMPRESSION = 254, 255, 259
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_STRIPS, _SIZES, _JPEG_START, _JPEG_LENGTH = 273, 279, 513, 514
_OLD_JPEG = 6
#: A copy has at most this part of the pixels; fax machines flag shorter pages as reduced, too.
_SMALLER = 3
#: One before its page has at most this part of the pixels, and the page's shape but for this share.
_THUMBNAIL, _SHAPE = 9, 0.05

Tags = Mapping[int, Any]


def full_pages(frames: Sequence[tuple[int, Tags]]) -> list[int]:
    """The frames that are pages: smaller copies and masks of the one before are left out.

    Copies before the first page are told by their shape, too: no page is to be lost for its flag.
    """
    pages: list[int] = []
    largest = 0
    for number, tags in frames[_leading(frames) :]:
        size = _size(tags)
        if pages and (_is_mask(tags) or (_is_copy(tags) and size * _SMALLER <= largest)):
            continue
        pages.append(number)
        largest = size
    return pages


def _leading(frames: Sequence[tuple[int, Tags]]) -> int:
    """How many frames before the first page are thumbnails of it."""
    first = next((n for n, (_, tags) in enumerate(frames) if not _is_copy(tags)), 0)
    page = frames[first][1] if frames else {}
    return first if all(_is_thumbnail(tags, page) for _, tags in frames[:first]) else 0


def _is_thumbnail(tags: Tags, page: Tags) -> bool:
    """True for a frame of the page's shape and far fewer pixels."""
    across, down = (int(page.get(side, 0)) / max(1, int(tags.get(side, 0))) for side in (256, 257))
    return _size(tags) * _THUMBNAIL <= _size(page) and abs(across - down) <= _SHAPE * across


def _size(tags: Tags) -> int:
    return int(tags.get(256, 0)) * int(tags.get(257, 0))


def _is_copy(tags: Tags) -> bool:
    return bool(int(tags.get(_SUBFILE, 0)) & _REDUCED) or tags.get(_OLD_SUBFILE) == _OLD_REDUCED


def _is_mask(tags: Tags) -> bool:
    return bool(int(tags.get(_SUBFILE, 0)) & _MASK)


def old_jpeg(data: bytes, tags: Tags) -> Image.Image | None:
    """The JPEG of the old style that is a page's pixels, opened; None for any other page.

    libtiff trusts the tags beside it, which writers of the time got wrong; the JPEG itself knows better.
    """
    start = tags.get(_JPEG_START)
    if tags.get(_COMPRESSION) != _OLD_JPEG or not isinstance(start, int):
        return None
    stream = data[start : start + int(tags.get(_JPEG_LENGTH, 0)) or None]
    if not stream.startswith(b"\xff\xd8"):
        return None
    if b"\xff\xda" not in stream:
        return None
    if b"\xff\xd9" not in stream[-16:]:
        stream += b"".join(_strips(data, tags))
    return open_image(BytesIO(stream), formats=("JPEG",))


def _strips(data: bytes, tags: Tags) -> list[bytes]:
    offsets, sizes = (
        value if isinstance(value, tuple) else (value,) for value in (tags[_STRIPS], tags[_SIZES])
    )
    return [data[offset : offset + size] for offset, size in zip(offsets, sizes, strict=False)]
