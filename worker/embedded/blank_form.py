"""A blank form becomes a template: its pages are drawn, and the places that they ask for are found."""

from __future__ import annotations

from worker.errors import PageError, UnreadableDocument
from worker.rendering.renderer import SandboxRenderer
from worker.settings import Reading
from worker.slots.page import Means, page_slots
from worker.slots.template_files import TemplateFile, TemplatePage, TemplateSlot
from worker.slots.templates import make_page
from worker.slots.values import PageLayout, PageSlot
from worker.vision.images import darkest_channel, decode
from worker.vision.reading import load_line_reader
from worker.vision.values import RenderedPage


class BlankForms:
    """Reads blank forms. Close it: it keeps processes that read files."""

    def __init__(self, reading: Reading) -> None:
        reading = reading.model_copy(update={"slots": "on"})
        self._limits = reading.limits
        self._renderer = SandboxRenderer(reading)
        self._means = Means(load_line_reader() if reading.reads_scans else None)

    def learn(self, data: bytes, name: str) -> TemplateFile:
        """The template of a form. DocumentError when it cannot be read, or one of its pages."""
        pages = []
        for number, page in enumerate(self._renderer.open(data, limits=self._limits), start=1):
            if isinstance(page, PageError):
                raise UnreadableDocument(f"page {number}: {page.reason}")
            pages.append(self._page(page))
        return TemplateFile(countersign_template=1, name=name, pages=tuple(pages))

    def _page(self, page: RenderedPage) -> TemplatePage:
        grey = darkest_channel(decode(page.data))
        layout = PageLayout() if page.layout is None else PageLayout.model_validate_json(page.layout)
        states = page_slots(grey, layout, (), dpi=page.dpi, means=self._means)
        slots = (_in_points(state.slot, page.dpi) for state in states)
        return make_page(grey, dpi=page.dpi, slots=slots)

    def close(self) -> None:
        """End the processes that read files."""
        self._renderer.close()


def _in_points(slot: PageSlot, dpi: float) -> TemplateSlot:
    edges = {edge: round(getattr(slot, edge) * 72 / dpi, 1) for edge in ("x", "y", "width", "height")}
    return TemplateSlot(**edges, kind=slot.kind, party=slot.party, text=slot.anchor.text[:300])
