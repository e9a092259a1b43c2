# mypy: disable-error-code="no-untyped-call"
"""MuPDF, loaded lean and silent: the only module that imports pymupdf.

MuPDF is not thread-safe: one process, one thread.
"""

from __future__ import annotations

import sys

# pymupdf imports its layout analysis where it finds it, and that brings onnxruntime and networkx: 0.9 s and
# 270 MB per renderer instead of 0.2 s and 90 MB. Rendering needs none of it.
for _unused in ("pymupdf.layout", "pymupdf4llm"):
    sys.modules.setdefault(_unused, None)  # type: ignore[arg-type]

# It stands below the lines above, which have to run before pymupdf is imported (E402).
import pymupdf  # noqa: E402

__all__ = ["FAULTS", "faxed_rows", "jpx_complaints", "mupdf_complaints", "pymupdf"]

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

#: pymupdf raises MuPDF's classes, RuntimeErrors, and plain Python ones for arguments that damage produced.
FAULTS: tuple[type[Exception], ...] = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    OSError,
)


def mupdf_complaints() -> str:
    """What MuPDF has warned of since it was last asked, a line each; asking forgets it."""
    return str(pymupdf.TOOLS.mupdf_warnings())


def faxed_rows(data: bytes, *, k: int, columns: int, rows: int = 0, aligned: bool = False) -> tuple[int, str]:
    """How many rows of that many pixels a fax decodes to, and what was complained of on the way.

    `k` is that of PDF: negative for group 4, 0 for group 3 in one dimension, positive for two. `rows` of 0
    decodes up to the end mark; `aligned` says that every row begins on a byte. Complaints of before are
    forgotten.
    """
    mupdf_complaints()
    source = pymupdf.mupdf.fz_open_buffer(pymupdf.mupdf.fz_new_buffer_from_copied_data(data))
    decoder = pymupdf.mupdf.fz_open_faxd(source, k, 0, int(aligned), columns, rows, 1, 0)
    try:
        size = pymupdf.mupdf.fz_buffer_storage(pymupdf.mupdf.fz_read_all(decoder, 1 << 16))[0]
    except FAULTS as error:
        return 0, f"{mupdf_complaints()}\n{error}".strip()
    return size // ((columns + 7) // 8), mupdf_complaints()


def jpx_complaints(data: bytes) -> str:
    """What OpenJPEG complains of while it decodes this JPEG 2000; complaints of before are forgotten."""
    mupdf_complaints()
    try:
        pymupdf.Pixmap(data)
    except FAULTS:
        # Colours that MuPDF cannot show are no damage; of damage OpenJPEG has complained.
        return mupdf_complaints()
    return mupdf_complaints()
