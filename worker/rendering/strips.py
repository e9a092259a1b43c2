"""Whether the strips and tiles of a TIFF page are whole, where its decoder does not say so.

libtiff fills in what a fax or a JPEG lacks, and reads deflated data only as far as it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.rendering.fax import Fax, check_fax
from worker.rendering.jpeg import check_jpeg
from worker.rendering.streams import check_flate

_WIDTH, _HEIGHT, _COMPRESSION, _FILL_ORDER = 256, 257, 259, 266
_STRIPS, _ROWS_PER_STRIP, _SIZES, _FAX_OPTIONS = 273, 278, 279, 292
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_SIZES, _JPEG_TABLES = 322, 323, 324, 325, 347
_FAX_RLE, _FAX_3, _FAX_4, _JPEG = 2, 3, 4, 7
_DEFLATE = frozenset({8, 32_946})
#: Every byte with its bits in reverse, for the other fill order.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

Tags = Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The data of a strip or tile, and its size in pixels."""

    data: bytes
    width: int
    height: int


def check_strips(data: bytes, tags: Tags) -> None:
    """Raise ValueError when part of a page with this directory is lost in the file."""
    check = _CHECKS.get(tags.get(_COMPRESSION, 1))
    if check:
        for piece in _pieces(data, tags):
            check(piece, tags)


def _pieces(data: bytes, tags: Tags) -> Iterator[_Piece]:
    tiled = _TILES in tags
    offsets, sizes = (
        _numbers(tags, _TILES if tiled else _STRIPS),
        _numbers(tags, _TILE_SIZES if tiled else _SIZES),
    )
    width = int(tags[_TILE_WIDTH if tiled else _WIDTH])
    height = int(
        tags[_TILE_HEIGHT] if tiled else min(tags.get(_ROWS_PER_STRIP, tags[_HEIGHT]), tags[_HEIGHT])
    )
    rest = int(tags[_HEIGHT])
    for offset, size in zip(offsets, sizes, strict=False):
        rows = height if tiled else max(1, min(height, rest))
        rest -= rows
        if offset + size > len(data):
            raise ValueError("part of it is lost: the file ends before its pixels do")
        yield _Piece(data[offset : offset + size], width, rows)


def _numbers(tags: Tags, tag: int) -> Sequence[int]:
    value = tags.get(tag, ())
    return value if isinstance(value, tuple) else (value,)


def _fax(piece: _Piece, tags: Tags) -> None:
    compression, options = tags[_COMPRESSION], int(tags.get(_FAX_OPTIONS, 0))
    k = -1 if compression == _FAX_4 else 1 if compression == _FAX_3 and options & 1 else 0
    data = piece.data.translate(_MIRRORED) if tags.get(_FILL_ORDER, 1) == 2 else piece.data
    check_fax(data, Fax(k, piece.width, piece.height, aligned=compression == _FAX_RLE))


def _jpeg(piece: _Piece, tags: Tags) -> None:
    """The tables that all pieces share stand in a file of their own, without pixels."""
    tables = bytes(tags.get(_JPEG_TABLES, b""))
    check_jpeg(tables[:-2] + piece.data[2:] if tables else piece.data)


def _deflated(piece: _Piece, tags: Tags) -> None:
    check_flate(piece.data)


_CHECKS: dict[int, Callable[[_Piece, Tags], None]] = {
    _FAX_RLE: _fax,
    _FAX_3: _fax,
    _FAX_4: _fax,
    _JPEG: _jpeg,
    **dict.fromkeys(_DEFLATE, _deflated),
}
