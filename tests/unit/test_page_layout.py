"""Words and fields of a PDF page, in pixels of its image."""

from __future__ import annotations

from typing import Any

import pymupdf
import pytest

from worker.rendering.layout import page_layout
from worker.rendering.renderer import SandboxRenderer
from worker.settings import Reading
from worker.slots.values import PageLayout, SlotKind
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage


def form(rotation: int = 0) -> Any:
    page = pymupdf.open().new_page(width=600, height=400)
    page.insert_text((100, 200), "Signature of tenant")
    for name, kind, rect in (
        ("tenant_signature", pymupdf.PDF_WIDGET_TYPE_TEXT, (250, 180, 450, 205)),
        ("address", pymupdf.PDF_WIDGET_TYPE_TEXT, (250, 230, 450, 255)),
        ("agree", pymupdf.PDF_WIDGET_TYPE_CHECKBOX, (250, 280, 265, 295)),
    ):
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type, widget.rect = name, kind, pymupdf.Rect(rect)
        widget.field_value = "/s/ Jane Doe" if name.endswith("signature") else widget.field_value
        page.add_widget(widget)
    page.set_rotation(rotation)
    return page


def read(page: Any) -> PageLayout:
    return page_layout(page, width=round(2 * page.rect.width))


def test_words_are_told_in_pixels_and_line_by_line() -> None:
    words = read(form()).words

    assert [word.text for word in words] == ["Signature", "of", "tenant"]
    assert len({word.line for word in words}) == 1
    assert words[0].x == pytest.approx(200, abs=3)
    assert 380 < words[0].y < words[0].bottom < 408


def test_fields_that_ask_for_a_mark_are_told_with_what_was_typed() -> None:
    (field,) = read(form()).fields

    assert (field.name, field.kind, field.value) == ("tenant_signature", SlotKind.SIGNATURE, "/s/ Jane Doe")
    assert (field.x, field.y, field.width, field.height) == pytest.approx((500, 360, 400, 50), abs=1)


def test_a_renderer_tells_words_where_it_is_asked_for_them() -> None:
    data = form().parent.tobytes()
    renderer = SandboxRenderer(Reading())

    (asked,) = renderer.open(data, limits=Limits(layout=True))
    (unasked,) = renderer.open(data, limits=Limits())
    renderer.close()

    assert isinstance(asked, RenderedPage) and isinstance(unasked, RenderedPage)
    assert unasked.layout is None
    layout = PageLayout.model_validate_json(asked.layout or "")
    assert layout.fields[0].x == pytest.approx(250 * asked.width / 600, abs=2)


def test_a_turned_page_is_told_as_it_is_seen() -> None:
    layout = read(form(rotation=90))

    (field,) = layout.fields
    assert field.width < field.height
    assert layout.words[0].width < layout.words[0].height
    assert field.x < layout.words[0].right < field.right + 60
