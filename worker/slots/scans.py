"""The words of a scan, as far as slots ask for them: what may name a place on a line is read, and no more."""

from __future__ import annotations

from worker.slots.finder import is_last
from worker.slots.places import find_places
from worker.slots.print_runs import find_runs
from worker.slots.ruling import Ruling
from worker.slots.values import Area, Word
from worker.vision.reading import LINE_HEIGHT, LineReader
from worker.vision.values import Grey

#: Runs wider than so many times their height are prose.
_PROSE = 45.0
#: Pixels, as the reader takes them, that are read of one page at most: a tenth of the pages needs more.
_MOST_PIXELS = 24_000
#: What stands for a letter that was not read; its width, as a share of its height.
_UNREAD, _LETTER = "?", 0.5
#: Share of its height by which a picture of a run is wider on every side.
_MARGIN = 0.15


def read_words(page: Grey, ruling: Ruling, *, dpi: float, reader: LineReader) -> list[Word]:
    """The runs of print of an upright page. Those that may name a place are read, the lowest first."""
    runs = [_unread(area, number) for number, area in enumerate(find_runs(page, dpi=dpi))]
    known = _Known(page, reader)
    for place in sorted(find_places(runs, ruling, dpi=dpi), key=lambda place: -place.area.bottom):
        for side, caption in place.captions:
            if is_last(side, " ".join(known.text(run) for run in caption.words)):
                break
    return [run.model_copy(update={"text": known.texts.get(run, run.text)}) for run in runs]


def _unread(area: Area, number: int) -> Word:
    letters = max(1, round(area.width / area.height / _LETTER))
    return Word(**area.model_dump(), text=_UNREAD * letters, line=number)


class _Known:
    """What was read of a page."""

    def __init__(self, page: Grey, reader: LineReader) -> None:
        self.texts: dict[Word, str] = {}
        self._page, self._reader = page, reader
        self._left = float(_MOST_PIXELS)

    def text(self, run: Word) -> str:
        """The text of a run; as it was where it is prose, where nothing is legible, or enough was read."""
        if run not in self.texts and run.width < _PROSE * run.height and self._left > 0:
            self._left -= LINE_HEIGHT * run.width / run.height
            self.texts[run] = self._reader.read(_picture(self._page, run)) or run.text
        return self.texts.get(run, run.text)


def _picture(page: Grey, area: Area) -> Grey:
    margin = _MARGIN * area.height
    rows = slice(max(int(area.y - margin), 0), int(area.bottom + margin) + 1)
    return page[rows, max(int(area.x - margin), 0) : int(area.right + margin) + 1]
