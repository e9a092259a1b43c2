"""Whether the pixels of a WebP are all there: a copy that lacks the last bytes of its data must not decode.

WebP has no checksum. Behind a hole, a decoder of arithmetic codes reads on in other steps, up to the end of
the data or not as far. libwebp refuses data that ends too early, and says nothing when some is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from PIL.Image import open as open_image

#: Bytes that are taken off the end. Encoders write up to 3 that no decoder needs.
_LEFT_OVER = 8
#: Chunks of pixels, and that of an animation's picture, which holds such chunks.
_PIXELS, _PICTURE = (b"VP8 ", b"VP8L"), b"ANMF"
#: Bytes of a file's head, and of a picture's place in an animation.
_HEAD, _PLACE = 12, 16


def check_webp(data: bytes) -> None:
    """Raise ValueError when data is left over behind the pixels of the first picture.

    A frame in several partitions, which encoders write when asked to, is judged by the last of them.
    """
    kind, body = next(_pixels(data[_HEAD:]), (b"", b""))
    if len(body) > _LEFT_OVER and _decodes(_file(kind, body[:-_LEFT_OVER])):
        raise ValueError("part of it is lost: the pixels of a WebP end before their data does")


def _pixels(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of the chunks of pixels, in order."""
    at = 0
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if kind in _PIXELS:
            yield kind, body
        elif kind == _PICTURE:
            yield from _pixels(body[_PLACE:])
        at += 8 + length + length % 2


def _file(kind: bytes, body: bytes) -> bytes:
    """A WebP of that chunk alone."""
    chunk = kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)
    return b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk


def _decodes(data: bytes) -> bool:
    try:
        with open_image(BytesIO(data), formats=("WEBP",)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True
