"""What a PDF page says beside its look: the words of its text layer, the fields that ask for a mark.

Works on pymupdf's page objects and imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from worker.rendering.mupdf_types import PdfPage, Widget
from worker.slots.anchors import field_kind
from worker.slots.values import Area, FormField, PageLayout, Word

#: Words of a page beyond this many are not looked at: no form has so many.
MOST_WORDS = 5_000
#: Clip to the page, and boxes of the letters as they are drawn, not as the font claims.
_FLAGS = 64 | 512
#: How a widget calls a field for digital signatures.
_SIGNATURE = "Signature"


def page_layout(page: PdfPage, *, width: int) -> PageLayout:
    """Words and fields of a page, in pixels of its image that is so wide. Raises what MuPDF raises."""
    scale = width / page.rect.width
    widgets = [(widget, Area(**_box(widget.rect, page.rotation_matrix, scale))) for widget in page.widgets()]
    boxes = [box for _, box in widgets]
    words = [word for word in _words(page, scale) if not _is_inside(word, boxes)]
    fields = [field for widget, box in widgets for field in _field(widget, box)]
    return PageLayout(words=tuple(words), fields=tuple(fields))


def _words(page: PdfPage, scale: float) -> Iterator[Word]:
    turned = page.rotation_matrix
    for word in page.get_text("words", flags=_FLAGS)[:MOST_WORDS]:
        box = _box(word[:4], turned, scale)
        if box["width"] > 0 and box["height"] > 0:
            yield Word(**box, text=word[4], line=word[5] * 10_000 + word[6])


def _field(widget: Widget, box: Area) -> Iterator[FormField]:
    name, value = widget.field_name or "", widget.field_value
    if widget.field_type_string not in (_SIGNATURE, "Text"):
        return
    kind = field_kind(name, signature=widget.field_type_string == _SIGNATURE)
    if kind is not None and box.width > 0 and box.height > 0:
        yield FormField(
            **box.model_dump(), name=name, kind=kind, value=value if isinstance(value, str) else ""
        )


def _is_inside(word: Word, boxes: Sequence[Area]) -> bool:
    """Whether a word is what a field shows; underscores draw its line."""
    return bool(word.text.strip("_")) and any(word.share_in(box) > 0.5 for box in boxes)


def _box(rect: Sequence[float], turned: Sequence[float], scale: float) -> dict[str, float]:
    """Corner and size of a rectangle of the page before it was turned, in pixels of its image."""
    a, b, c, d, e, f = turned
    left, right = sorted(a * x + c * y + e for x, y in ((rect[0], rect[1]), (rect[2], rect[3])))
    top, bottom = sorted(b * x + d * y + f for x, y in ((rect[0], rect[1]), (rect[2], rect[3])))
    return {
        "x": left * scale,
        "y": top * scale,
        "width": (right - left) * scale,
        "height": (bottom - top) * scale,
    }
