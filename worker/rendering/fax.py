"""Whether a fax is all there: its codes, its rows and its end. MuPDF decodes it once more, in milliseconds.

A fax decoder stops at the first code that it does not know, and at an end mark wherever that stands. libtiff
and jbig2dec then go on with white or black rows and say little.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.rendering.complaints import check
from worker.rendering.engine import faxed_rows

#: Scanners often declare a few rows too many: this share may be missing where the data has its end mark.
_ROWS_TOO_MANY = 0.03
#: So many rows may be missing in any case: encoders lose the last one.
_LAST_ROWS = 2
#: Zeros between rows are fill in group 3, and never so many; group 4 has no code with a byte of them.
_HOLE = {True: bytes(8), False: bytes(100)}
#: The end mark of group 4 in bits, and a row's end in group 3, of which six close a page.
_END_OF_BLOCK, _END_OF_ROW = "000000000001" * 2, "000000000001"


@dataclass(frozen=True, slots=True)
class Fax:
    """How a fax is coded: `k` is negative for group 4, 0 for group 3 in one dimension, positive for two."""

    k: int
    columns: int
    rows: int
    #: Every row begins on a byte.
    aligned: bool = False


def check_fax(data: bytes, fax: Fax) -> None:
    """Raise ValueError when a code is wrong, data is missing, or rows are."""
    packed = data.rstrip(b"\0")
    if _HOLE[fax.k < 0] in packed:
        raise ValueError("part of it is lost: there is a hole in the data of a fax")
    rows, complaints = faxed_rows(data, k=fax.k, columns=fax.columns, rows=fax.rows, aligned=fax.aligned)
    check(complaints)
    check_rows(rows, fax, data)


def check_rows(rows: int, fax: Fax, data: bytes) -> None:
    """Raise ValueError when that many decoded rows are too few."""
    missing = fax.rows - rows
    if missing > _LAST_ROWS and (missing > _ROWS_TOO_MANY * fax.rows or not has_end(data, fax.k)):
        raise ValueError(f"part of it is lost: {missing} of {fax.rows} rows of a fax are missing")


def has_end(data: bytes, k: int) -> bool:
    """True when the data of a fax ends with its end mark, fill aside."""
    tail = data.rstrip(b"\0\r\n")[-12:]
    bits = f"{int.from_bytes(tail, 'big'):0{8 * len(tail)}b}"
    place = bits.rfind(_END_OF_BLOCK if k < 0 else _END_OF_ROW)
    return place >= 0 and len(bits) - place <= len(_END_OF_BLOCK) + 8
