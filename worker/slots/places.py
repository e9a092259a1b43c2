"""Free places above ruled lines, and the captions to the left, above and beneath: lines and words in."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby, pairwise

from worker.slots.ruling import RuledLine, Ruling
from worker.slots.values import Area, Word

#: Points, 72 to the inch. A place on a line is at most so high, and so is a box; either is at least so high
#: and wide.
_HIGHEST, _HIGHEST_BOX, _LOWEST, _NARROWEST = 36.0, 90.0, 8.0, 34.0
#: The least room beneath the words of a box for a mark to stand there.
_ROOM = 13.0
#: Words whose lower edge is within this of a line stand on it.
_STANDS = 10.0
#: A gap between two words of one caption is at most this many times the height of their line.
_WORD_GAP = 1.0
#: Points: how far a caption may be to the left of its place, and beneath its line.
_LEFT, _BENEATH = 48.0, 15.0
#: How far the left edges of two lines of one caption may miss each other.
_ALIGNED = 30.0
#: How far a cross may stand on its line.
_CROSS = 20.0
#: Points between the day, the month and the year of a date: lines that a slash parts.
_SLASH_GAP = 12.0
#: A line closes a place at its top when it spans so much of it: a shorter one has a caption of its own.
_SPANS = 0.7
#: What stands before, behind or between lines that letters draw, as in "Signature:______".
_BESIDE_DRAWN = re.compile(r"(?:(?!_{2}|…{2}|\.{4}).)+")
#: Points by which edges that belong together may miss each other.
_SLACK = 3.0
#: Points within which captions beneath a line share it out, and the share of the line before the first of
#: them from which they stand in the middle of their parts.
_SHARES_OUT, _MIDDLE = 9.0, 0.12
#: Points within which a caption touches its line.
_TOUCHES = 12.0
#: Points from which a line does not reach the next line down: it is a blank, and no edge of a box.
_APART = 1.2


@dataclass(frozen=True, slots=True)
class Caption:
    """Words that stand together, mostly on one line of text."""

    area: Area
    text: str
    words: tuple[Word, ...]


class Relation(IntEnum):
    """Where a caption stands to its place, what names it most surely first."""

    LEFT = 0  # the line begins behind it
    CELL = 1  # at the top of a box
    UNDER_BOX = 2  # beneath a box in which nothing is printed
    UNDER_BLANK = 3  # just beneath a line that ends at no other
    BEHIND = 4  # in a box, with room only behind it
    BENEATH = 5
    INSIDE = 6  # it stands on the line itself
    ABOVE = 7
    CROSS = 8  # it only marks where to sign


#: Where a caption stands in the place itself: what is printed beneath names another one.
_IN_PLACE = frozenset({Relation.CELL, Relation.BEHIND, Relation.INSIDE})


@dataclass(frozen=True, slots=True)
class FreePlace:
    """A free place above a line, with the captions that may name it, the likeliest first."""

    area: Area
    captions: tuple[tuple[Relation, Caption], ...]
    #: What is typed on the line.
    typed: str = ""


def find_places(words: Sequence[Word], ruling: Ruling, *, dpi: float) -> list[FreePlace]:
    """Where something can be written above a line of the page; all in pixels of the page image."""
    page = _Page(words, ruling, dpi / 72)
    return [place for rule in page.ruling.across for place in page.above(rule)]


def captions_of(words: Iterable[Word]) -> list[Caption]:
    """Words joined to what stands together on a line of text, in their order."""
    return [
        caption for _, line in groupby(words, key=lambda word: word.line) for caption in _parts(list(line))
    ]


def _parts(line: Sequence[Word]) -> Iterator[Caption]:
    """A line parted where it leaves a wide gap."""
    widest = _WORD_GAP * max(word.height for word in line)
    part = [line[0]]
    for word in line[1:]:
        if not -widest < word.x - part[-1].right < widest:
            yield _caption(part)
            part = []
        part.append(word)
    yield _caption(part)


def _caption(words: Sequence[Word]) -> Caption:
    return Caption(around(words), " ".join(word.text for word in words), tuple(words))


def around(areas: Sequence[Area]) -> Area:
    """The smallest area that holds all of these."""
    left, top = min(area.x for area in areas), min(area.y for area in areas)
    right, bottom = max(area.right for area in areas), max(area.bottom for area in areas)
    return Area(x=left, y=top, width=right - left, height=bottom - top)


def _cut(area: Area, top: float) -> Area:
    """The part of an area beneath that height."""
    return Area(x=area.x, y=top, width=area.width, height=max(area.bottom - top, 0.0))


def _without_drawn(word: Word) -> Iterator[Word]:
    """The parts of a word beside the line that it draws, all its characters taken to be as wide."""
    if _BESIDE_DRAWN.fullmatch(word.text):
        yield word
        return
    step = word.width / max(len(word.text), 1)
    for part in _BESIDE_DRAWN.finditer(word.text):
        start, end = part.span()
        yield word.model_copy(
            update={"text": part[0], "x": word.x + start * step, "width": (end - start) * step}
        )


def _is_blank(word: Word) -> bool:
    """Underscores and dots draw a line, and so does a slash between them; they are no words."""
    return not word.text.strip("_.…-–—·:* ") or (_is_slash(word) and "_" in word.text)


def _is_slash(word: Word) -> bool:
    return word.text.strip("_ ") == "/"


def is_typed(text: str) -> bool:
    """How a typed signature begins."""
    return text.casefold().startswith(("/s", "s/"))


class _Page:
    """Words and lines of one page, asked for what surrounds a line."""

    def __init__(self, words: Sequence[Word], ruling: Ruling, unit: float) -> None:
        parts = [part for word in words for part in _without_drawn(word)]
        captions = captions_of(part for part in parts if not _is_blank(part))
        #: A cross marks where to sign and takes no room.
        self.crosses = [caption for caption in captions if len(caption.text) == 1]
        self.captions = [caption for caption in captions if len(caption.text) > 1]
        self.unit = unit
        across = (rule for rule in ruling.across if not self._is_struck(rule))
        joined = self._joined(across, [part for part in parts if _is_slash(part)])
        self.ruling = Ruling(joined, ruling.down)

    def _is_struck(self, rule: RuledLine) -> bool:
        """Whether what looks like a line is a part of print."""
        return any(
            caption.area.y + 0.1 * caption.area.height < rule.place < caption.area.bottom
            and min(caption.area.right, rule.end) - max(caption.area.x, rule.start) > 0.8 * rule.length
            for caption in self.captions
        )

    def _joined(self, rules: Iterable[RuledLine], slashes: Sequence[Word]) -> tuple[RuledLine, ...]:
        """The lines, those that a slash parts made one."""
        joined: list[RuledLine] = []
        for rule in sorted(rules, key=lambda rule: rule.start):
            before = next((other for other in joined if self._is_parted(other, rule, slashes)), None)
            if before is None:
                joined.append(rule)
            else:
                joined[joined.index(before)] = RuledLine(before.start, rule.end, before.place)
        return tuple(sorted(joined, key=lambda rule: rule.place))

    def _is_parted(self, left: RuledLine, right: RuledLine, slashes: Sequence[Word]) -> bool:
        """Whether two lines are one but for a slash between them."""
        slack = _SLACK * self.unit
        if abs(left.place - right.place) > slack or not 0 <= right.start - left.end <= _SLASH_GAP * self.unit:
            return False
        return any(
            left.end - slack <= slash.x + slash.width / 2 <= right.start + slack
            and slash.y < left.place < slash.bottom + slack
            for slash in slashes
        )

    def above(self, rule: RuledLine) -> Iterator[FreePlace]:
        """The free places on a line, from left to right."""
        for start, end, walls in self._pieces(rule):
            ceiling, top = self._ceiling(rule, start, end)
            closed = ceiling is not None and self._is_bounded(rule, ceiling, (start, end), walls)
            if not closed:
                top = max(top, rule.place - _HIGHEST * self.unit)
            standing = self._standing(rule, start, end, top)
            for left, right in self._gaps(start, end, standing):
                for part in self._parts(rule, (left, right), top):
                    yield from self._place(rule, part, top, closed=closed)

    def _pieces(self, rule: RuledLine) -> Iterator[tuple[float, float, tuple[float, float]]]:
        """The line cut where lines down reach it; how near such lines are to the ends of a piece."""
        slack = _SLACK * self.unit
        cuts = sorted(
            wall.place
            for wall in self.ruling.down
            if rule.start - slack <= wall.place <= rule.end + slack
            and wall.start < rule.place - 2 * slack
            and wall.end > rule.place - 2 * slack
        )
        edges = [rule.start, *(cut for cut in cuts if rule.start + slack < cut < rule.end - slack), rule.end]
        for start, end in pairwise(edges):
            nearest = [min((abs(cut - edge) for cut in cuts), default=math.inf) for edge in (start, end)]
            yield start, end, (nearest[0], nearest[1])

    def _is_bounded(
        self, rule: RuledLine, ceiling: RuledLine, span: tuple[float, float], walls: tuple[float, float]
    ) -> bool:
        """Whether a piece is a box: walls on both sides, or on one where tables are open at their edges."""
        ends = zip((rule.start, rule.end), (ceiling.start, ceiling.end), span, strict=True)
        slack = 2 * _SLACK * self.unit
        if max(walls) <= slack:
            return True
        is_open = [max(abs(line - edge), abs(over - edge)) <= slack for line, over, edge in ends]
        return min(walls) <= slack / 4 and is_open[walls.index(max(walls))]

    def _ceiling(self, rule: RuledLine, start: float, end: float) -> tuple[RuledLine | None, float]:
        """The line that closes the place at its top, if one does; and how far up the place may reach."""
        over = [
            (other.place, min(other.end, end) - max(other.start, start), other)
            for other in self.ruling.across
            if other.place < rule.place - _LOWEST * self.unit / 2
            and min(other.end, end) - max(other.start, start) > 0.5 * (end - start)
        ]
        nearest = max(over, key=lambda line: line[:2], default=None)
        if nearest is None or nearest[0] < rule.place - _HIGHEST_BOX * self.unit:
            return None, max(rule.place - _HIGHEST * self.unit, 0.0)
        return nearest[2] if nearest[1] >= _SPANS * (end - start) else None, nearest[0]

    def _parts(self, rule: RuledLine, span: tuple[float, float], top: float) -> Iterator[tuple[float, float]]:
        """A free part of a line, shared out among the captions just beneath it: they name a part each."""
        left, right = span
        area = Area(x=left, y=top, width=right - left, height=max(rule.place - top, 0.0))
        feet = [
            foot for foot in self._feet(rule, area) if foot.area.y - rule.place <= _SHARES_OUT * self.unit
        ]
        row = sorted(
            (foot for foot in feet if abs(foot.area.bottom - feet[0].area.bottom) <= _SLACK * self.unit),
            key=lambda foot: foot.area.x,
        )
        named = any(
            self._is_beside(caption, area, rule, within=_SLACK, reach=_TOUCHES) for caption in self.captions
        )
        if len(row) < 2 or named or self._over(rule, span, top):
            yield span
            return
        centred = row[0].area.x - left > _MIDDLE * (right - left)
        cuts = [
            (foot.area.right + following.area.x) / 2 if centred else following.area.x - self.unit
            for foot, following in pairwise(row)
        ]
        edges = [left, *cuts, right]
        if all(end - start >= _NARROWEST * self.unit for start, end in pairwise(edges)):
            yield from pairwise(edges)
        else:
            yield span

    def _standing(self, rule: RuledLine, start: float, end: float, top: float) -> list[Caption]:
        """What is printed on the line itself."""
        reach = _STANDS * self.unit
        return [
            caption
            for caption in self.captions
            if caption.area.right > start
            and caption.area.x < end
            and caption.area.y + caption.area.height / 2 > top
            and rule.place - reach < caption.area.bottom < rule.place + caption.area.height / 2
            and caption.area.y < rule.place - caption.area.height / 3
        ]

    def _gaps(self, start: float, end: float, standing: Sequence[Caption]) -> Iterator[tuple[float, float]]:
        """What the printed words leave free of a line."""
        left = start
        for caption in sorted(standing, key=lambda caption: caption.area.x):
            if is_typed(caption.text):
                continue
            if caption.area.x - left >= _NARROWEST * self.unit:
                yield left, caption.area.x
            left = max(left, caption.area.right + self.unit)
        if end - left >= _NARROWEST * self.unit:
            yield left, end

    def _place(
        self, rule: RuledLine, span: tuple[float, float], top: float, *, closed: bool
    ) -> Iterator[FreePlace]:
        over = self._over(rule, span, top)
        area = self._free(rule, span, top, over if closed else ())
        if not closed and over:
            area = _cut(area, max(caption.area.bottom for caption in over))
        if area.width >= _NARROWEST * self.unit and area.height >= _LOWEST * self.unit:
            heads = over if closed else [caption for caption in over if caption.area.bottom > area.y - 1]
            captions = self._ranked(rule, area, heads, closed=closed)
            yield FreePlace(area, tuple(captions), self._typed(rule, area))

    def _over(self, rule: RuledLine, span: tuple[float, float], top: float) -> list[Caption]:
        """What is printed above a line without standing on it."""
        left, right = span
        return [
            caption
            for caption in self.captions
            if caption.area.right > left + self.unit
            and caption.area.x < right - self.unit
            and caption.area.y + caption.area.height / 2 > top
            and caption.area.bottom <= rule.place - _STANDS * self.unit
        ]

    def _free(self, rule: RuledLine, span: tuple[float, float], top: float, heads: Sequence[Caption]) -> Area:
        """What the words of a box leave free: beneath them, or behind where there is little room beneath."""
        left, right = span
        area = Area(x=left, y=top, width=right - left, height=rule.place - top)
        if not heads:
            return area
        beneath = _cut(area, max(caption.area.bottom for caption in heads))
        if beneath.height >= _ROOM * self.unit:
            return beneath
        behind = max(caption.area.right for caption in heads)
        return Area(x=behind, y=top, width=max(right - behind, 0.0), height=area.height)

    def _ranked(
        self, rule: RuledLine, area: Area, heads: Sequence[Caption], *, closed: bool
    ) -> list[tuple[Relation, Caption]]:
        """The captions that may name a place, the likeliest first."""
        head = Relation.ABOVE
        if closed:
            beneath = all(caption.area.bottom <= area.y + self.unit for caption in heads)
            head = Relation.CELL if beneath else Relation.BEHIND
        captions = [*self._sides(area, rule, closed=closed), *((head, caption) for caption in heads)]
        if not any(relation in _IN_PLACE for relation, _ in captions):
            is_empty_box = closed and not heads and not self._standing(rule, area.x, area.right, area.y)
            feet = self._feet(rule, area)
            captions += ((self._foot(foot, rule, box=is_empty_box), foot) for foot in feet)
        crosses = (cross for cross in self.crosses if self._is_beside(cross, area, rule, within=_CROSS))
        captions += ((Relation.CROSS, cross) for cross in crosses)
        return sorted(captions, key=lambda named: named[0])

    def _foot(self, foot: Caption, rule: RuledLine, *, box: bool) -> Relation:
        """How a caption beneath a line stands to the place above it."""
        if box:
            return Relation.UNDER_BOX
        near = foot.area.y - rule.place <= _SHARES_OUT * self.unit
        return Relation.UNDER_BLANK if near and self._is_blank(rule) else Relation.BENEATH

    def _is_blank(self, rule: RuledLine) -> bool:
        """Whether a line meets none that leads up or down at its ends: it is no edge of a box."""
        apart, slack = _APART * self.unit, _SLACK * self.unit
        return not any(
            wall.start - slack <= rule.place <= wall.end + slack
            and min(abs(wall.place - rule.start), abs(wall.place - rule.end)) <= apart
            for wall in self.ruling.down
        )

    def _typed(self, rule: RuledLine, area: Area) -> str:
        standing = self._standing(rule, area.x, area.right, area.y)
        return " ".join(caption.text for caption in standing if is_typed(caption.text))

    def _sides(self, area: Area, rule: RuledLine, *, closed: bool) -> list[tuple[Relation, Caption]]:
        """Captions that end just before the place, on its line; behind each what its lines say together."""
        beside = [caption for caption in self.captions if self._is_beside(caption, area, rule, within=_SLACK)]
        beside.sort(key=lambda caption: -caption.area.right)
        beside += [block for caption in beside[:1] for block in self._block(caption)]
        edge, inside = rule.start + _SLACK * self.unit, Relation.BEHIND if closed else Relation.INSIDE
        return [(Relation.LEFT if caption.area.right <= edge else inside, caption) for caption in beside]

    def _is_beside(
        self, caption: Caption, area: Area, rule: RuledLine, *, within: float, reach: float = _LEFT
    ) -> bool:
        """Whether a caption ends just before the place, or so far inside it, at the height of its line."""
        height = caption.area.height
        middle = caption.area.y + height / 2
        ends = -reach * self.unit <= caption.area.right - area.x <= within * self.unit
        return ends and -1.6 * height - _STANDS * self.unit < middle - rule.place < 0.5 * height

    def _block(self, caption: Caption) -> Iterator[Caption]:
        """The caption with the line above it, where the two stand together."""
        near = _ALIGNED * self.unit
        for other in self.captions:
            gap = caption.area.y - other.area.bottom
            if -1 <= gap < 0.6 * caption.area.height and abs(other.area.x - caption.area.x) < near:
                yield _caption([*other.words, *caption.words])

    def _feet(self, rule: RuledLine, area: Area) -> list[Caption]:
        """Captions just beneath the line, the nearest first, those that begin under it before others."""
        slack = _SLACK * self.unit
        under = [
            caption
            for caption in self.captions
            if caption.area.right > area.x
            and caption.area.x < area.right
            and -slack <= caption.area.y - rule.place <= _BENEATH * self.unit
        ]
        return sorted(under, key=lambda foot: (round((foot.area.y - rule.place) / slack), foot.area.x))
