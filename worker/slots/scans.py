"""The slots of a scan: it is laid straight, and what may name a place on a line is read, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from worker.slots.anchors import caption_meaning, may_ask
from worker.slots.finder import find_slots, is_last
from worker.slots.handwriting import without_handwriting
from worker.slots.places import find_places
from worker.slots.print_runs import find_runs
from worker.slots.ruling import RuledLine, Ruling, find_ruling
from worker.slots.status import BY_HAND, judge_slots
from worker.slots.turned import as_it_lay, straight
from worker.slots.values import AnchorSource, Area, Mark, PageLayout, SlotState, Word
from worker.vision.detection.skew import Straightened, skew_degrees
from worker.vision.reading import LINE_HEIGHT, LineReader
from worker.vision.values import Grey

#: Degrees from which a scan is laid straight, and how many times as clear its rows must be then.
_LEAST, _CLEARER = 0.25, 1.05
#: Share of a line that lies within a mark of which it is a stroke, and its length as a share of the mark's.
_WITHIN, _STROKE = 0.8, 0.7
#: Share of a mark's height at its edges in which a longer line is no stroke: marks stand on lines.
_EDGE = 0.2
#: Runs wider than so many times their height are prose.
_PROSE = 45.0
#: Runs wider than so many times their height are lines of a paragraph where others like them are near.
_LINE = 16.0
#: Pixels, as the reader takes them, that are read of one page at most: a tenth of the pages needs more.
_MOST_PIXELS = 24_000
#: Runs wider than so many times their height are long; how much narrower letters are looked at, and read.
_LONG, _GLANCED, _NARROWED = 11.0, 0.45, 0.75
#: What stands for a letter that was not read; its width, as a share of its height.
_UNREAD, _LETTER = "?", 0.5
#: What is no wider than so many times its height may be the cross that marks a line.
_CROSS = 1.3
#: Points of the height of what is a line in dashes, and no print.
_DASHES = 4.0
#: Share of its height by which a picture of a run is wider on every side.
_MARGIN = 0.15


def on_scan(
    page: Grey, known: Sequence[Word], marks: Sequence[Mark], *, dpi: float, reader: LineReader
) -> list[SlotState]:
    """The slots of a page that says little of itself, and what stands there; in pixels of the page.

    `known` are the words that it has beside those that have to be read.
    """
    turn = Straightened.by(page, skew_degrees(page, least=_LEAST, clearer=_CLEARER))
    marks = [straight(mark, turn) for mark in marks]
    by_hand = [mark for mark in marks if mark.label in BY_HAND]
    ruling = _printed(find_ruling(turn.page, dpi=dpi, worn=True), by_hand)
    bare = without_handwriting(turn.page, by_hand, dpi=dpi)
    known = [straight(word, turn) for word in known]
    words = tuple(read_words(bare, ruling, known, dpi=dpi, reader=reader))
    slots = find_slots(turn.page, PageLayout(words=words), dpi=dpi, source=AnchorSource.OCR, ruling=ruling)
    return [as_it_lay(state, turn) for state in judge_slots(turn.page, slots, marks)]


def _printed(ruling: Ruling, marks: Sequence[Mark]) -> Ruling:
    """The lines without those that are strokes of a hand: these end within its mark."""
    across = (rule for rule in ruling.across if not any(_is_stroke(rule, mark) for mark in marks))
    down = (rule for rule in ruling.down if not any(_is_upright_stroke(rule, mark) for mark in marks))
    return Ruling(tuple(across), tuple(down))


def _is_stroke(rule: RuledLine, mark: Mark) -> bool:
    inside = min(rule.end, mark.right) - max(rule.start, mark.x) > _WITHIN * rule.length
    edge = 0.0 if rule.length < _STROKE * mark.width else _EDGE * mark.height
    return inside and mark.y + edge < rule.place < mark.bottom - edge


def _is_upright_stroke(rule: RuledLine, mark: Mark) -> bool:
    """A digit such as 1 or 7 is as long as a line that parts two cells."""
    inside = min(rule.end, mark.bottom) - max(rule.start, mark.y) > _WITHIN * rule.length
    return inside and mark.x < rule.place < mark.right


def read_words(
    page: Grey, ruling: Ruling, known_words: Sequence[Word], *, dpi: float, reader: LineReader
) -> list[Word]:
    """The runs of print of an upright page. Those that may name a place are read, the lowest first."""
    print_runs = (area for area in find_runs(page, dpi=dpi) if not _is_torn_line(area, ruling, dpi / 72))
    unread = (area for area in print_runs if not any(word.share_in(area) > 0.5 for word in known_words))
    runs = [*known_words, *(_unread(area, -1 - number) for number, area in enumerate(unread))]
    known = _Known(page, reader, [run for run in runs if not _is_in_a_paragraph(run, runs)])
    known.texts.update((word, word.text) for word in known_words)
    for place in sorted(find_places(runs, ruling, dpi=dpi), key=lambda place: -place.area.bottom):
        for side, caption in place.captions:
            if is_last(side, " ".join(known.text(run) for run in caption.words)):
                break
    return [run.model_copy(update={"text": known.texts.get(run, run.text)}) for run in runs]


def _is_torn_line(area: Area, ruling: Ruling, unit: float) -> bool:
    """Whether a run of print is the dashes that a fax left of a line."""
    slack = unit
    return area.height <= _DASHES * unit and any(
        area.y - slack <= rule.place <= area.bottom + slack
        and min(area.right, rule.end) - max(area.x, rule.start) > 0.5 * area.width
        for rule in ruling.across
    )


def _is_in_a_paragraph(run: Word, runs: Sequence[Word]) -> bool:
    """Whether a run is prose: too long for a caption, or long with one like it close above or beneath."""
    if run.width > _PROSE * run.height:
        return True
    return run.width > _LINE * run.height and any(
        -0.3 * run.height <= max(other.y - run.bottom, run.y - other.bottom) <= 0.5 * run.height
        and 0.8 * run.height <= other.height <= 1.25 * run.height
        and other.width > 0.6 * run.width
        and min(other.right, run.right) - max(other.x, run.x) > 0.5 * run.width
        for other in runs
        if other is not run
    )


def _unread(area: Area, number: int) -> Word:
    is_cross = area.width <= _CROSS * area.height
    letters = 1 if is_cross else max(2, round(area.width / area.height / _LETTER))
    return Word(**area.model_dump(), text=_UNREAD * letters, line=number)


class _Known:
    """What was read of a page."""

    def __init__(self, page: Grey, reader: LineReader, legible: Iterable[Word]) -> None:
        self.texts: dict[Word, str] = {}
        self._page, self._reader, self._legible = page, reader, frozenset(legible)
        self._left = float(_MOST_PIXELS)

    def text(self, run: Word) -> str:
        """The text of a run; as it was where it is prose, where nothing is legible, or enough was read.

        Letters are narrowed first, which costs less. What then looks like a caption is read as it stands.
        """
        if run not in self.texts and run in self._legible and self._left > 0:
            is_long = run.width > _LONG * run.height
            text = self._read(run, _GLANCED if is_long else _NARROWED)
            names_a_place = caption_meaning(text) is not None
            if (is_long and names_a_place) or (may_ask(text) and (is_long or not names_a_place)):
                text = self._read(run, _NARROWED if is_long else 1.0)
            self.texts[run] = text or run.text
        return self.texts.get(run, run.text)

    def _read(self, run: Word, narrowed: float) -> str:
        self._left -= narrowed * LINE_HEIGHT * run.width / run.height
        picture = _picture(self._page, run)
        height, width = picture.shape
        size = (max(1, round(narrowed * width)), height)
        seen = picture if narrowed == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return self._reader.read(np.asarray(seen, np.uint8))


def _picture(page: Grey, area: Area) -> Grey:
    margin = _MARGIN * area.height
    rows = slice(max(int(area.y - margin), 0), int(area.bottom + margin) + 1)
    return page[rows, max(int(area.x - margin), 0) : int(area.right + margin) + 1]
