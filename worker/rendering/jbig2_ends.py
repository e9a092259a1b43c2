# mypy: disable-error-code="no-untyped-call"
"""Whether arithmetic codes in a JBIG2 image end where its pixels do: copies of it are drawn and compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from worker.rendering.engine import pymupdf
from worker.rendering.jbig2 import continued, ended_otherwise
from worker.vision.values import Grey, Pixels

_IMAGE = "<< /Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 1"


def check_ends(data: bytes, shared: bytes, drawn: Pixels | Grey) -> None:
    """Raise ValueError when an image, or what it shares with others, needs more data than there is, or less.

    `data` and `shared` are as PDF embeds them, `drawn` is how it shows them in two colours.
    """
    longer = continued(data), continued(shared)
    if longer == (data, shared):
        return
    height, width = drawn.shape[:2]
    ink = _ink(drawn)
    if not np.array_equal(ink, _drawn_ink(*longer, width=width, height=height)):
        raise ValueError("part of it is lost: a JBIG2 image needs more data than it has")
    for copy in ended_otherwise(data):
        if np.array_equal(ink, _drawn_ink(copy, shared, width=width, height=height)):
            raise ValueError("part of it is lost: the pixels of a JBIG2 image end before its data does")


def _ink(pixels: Pixels | Grey) -> npt.NDArray[np.bool_]:
    """Where a picture of two colours differs from its first pixel, whichever colours they are: (h, w)."""
    other = np.not_equal(pixels, pixels[0, 0])
    return np.asarray(other if other.ndim == 2 else other.any(axis=2))


def _drawn_ink(data: bytes, shared: bytes, *, width: int, height: int) -> npt.NDArray[np.bool_]:
    """The same of an image that is drawn in a document of its own."""
    with pymupdf.open() as document:
        symbols, image = document.get_new_xref(), document.get_new_xref()
        document.update_object(symbols, "<< >>")
        document.update_stream(symbols, shared, compress=False)
        document.update_object(image, f"{_IMAGE} /Width {width} /Height {height} >>")
        document.update_stream(image, data, compress=False)
        document.xref_set_key(image, "Filter", "/JBIG2Decode")
        if shared:
            document.xref_set_key(image, "DecodeParms", f"<< /JBIG2Globals {symbols} 0 R >>")
        pixmap = pymupdf.Pixmap(document, image)
        return _ink(np.frombuffer(pixmap.samples_mv, np.uint8).reshape(height, width))
