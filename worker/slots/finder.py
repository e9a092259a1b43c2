"""Slots of a page: from the fields of its form, and from words that stand beside lines and boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from worker.slots.anchors import Named, caption_meaning, field_words, party_of
from worker.slots.places import Caption, FreePlace, Relation, find_places
from worker.slots.ruling import Ruling, find_ruling
from worker.slots.values import Anchor, AnchorSource, Area, FormField, PageLayout, PageSlot, SlotKind
from worker.vision.values import Grey

#: Points within which a date stands beside the signature that it dates.
_BESIDE = 45.0
#: Two slots that share more of the smaller one are the same.
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A slot with how its caption stands to it."""

    slot: PageSlot
    side: Relation
    signing: bool
    #: Another caption that asks for the same of the same place: it names no other one less surely.
    also: Anchor | None = None


def find_slots(
    page: Grey,
    layout: PageLayout,
    *,
    dpi: float,
    source: AnchorSource = AnchorSource.TEXT_LAYER,
    ruling: Ruling | None = None,
) -> list[PageSlot]:
    """The slots of a page, from top to bottom; in pixels of the page image.

    `source` says how the words of the layout became known, and `ruling` the lines of the page, where they are
    known. Fields of a form go before what lines and words say of the same place.
    """
    from_fields = [_of_field(field) for field in layout.fields]
    if ruling is None:
        ruling = find_ruling(page, dpi=dpi) if layout.words else Ruling((), ())
    places = find_places(layout.words, ruling, dpi=dpi)
    named = _dated(_each_label_once(_named(places, source)), from_fields, reach=_BESIDE * dpi / 72)
    slots = _distinct([*from_fields, *named])
    return sorted(slots, key=lambda slot: (slot.y, slot.x))


def _of_field(field: FormField) -> PageSlot:
    area = field.model_dump(include={"x", "y", "width", "height"})
    anchor = Anchor(**area, text=field.name, source=AnchorSource.FORM_FIELD)
    party = party_of(field_words(field.name))
    return PageSlot(**area, kind=field.kind, anchor=anchor, party=party, typed=field.value)


def _named(places: Iterable[FreePlace], source: AnchorSource) -> Iterator[_Candidate]:
    """Places whose captions ask for a mark."""
    for place in places:
        for number, (side, words) in enumerate(place.captions):
            meaning = caption_meaning(words.text)
            if meaning is not None:
                also = _also(place.captions[number + 1 :], meaning)
                yield _Candidate(
                    _slot(place, meaning, _anchor(words.area, words.text, source)),
                    side,
                    meaning.signing,
                    None if also is None else _anchor(also.area, also.text, source),
                )
            if is_last(side, words.text):
                break


def _also(captions: Sequence[tuple[Relation, Caption]], meaning: Named) -> Caption | None:
    """The caption under a box that asks for what another one asks for more surely."""
    under = (words for side, words in captions if side is Relation.UNDER_BOX)
    return next((words for words in under if _asks(words.text, meaning.kind)), None)


def _asks(text: str, kind: SlotKind) -> bool:
    meaning = caption_meaning(text)
    return meaning is not None and meaning.kind is kind


def is_last(side: Relation, text: str) -> bool:
    """Whether the captions after this one say nothing of its place: it asks for a mark, or names it."""
    return caption_meaning(text) is not None or (side is Relation.LEFT and text.endswith(":"))


def _anchor(area: Area, text: str, source: AnchorSource) -> Anchor:
    return Anchor(**area.model_dump(), text=text, source=source)


def _slot(place: FreePlace, meaning: Named, anchor: Anchor) -> PageSlot:
    return PageSlot(
        **place.area.model_dump(), kind=meaning.kind, party=meaning.party, anchor=anchor, typed=place.typed
    )


def _each_label_once(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """A caption names one place: the one that it stands to most surely, then the nearest."""
    best: dict[Anchor, _Candidate] = {}
    candidates = list(candidates)
    also = {candidate.also for candidate in candidates}
    for candidate in candidates:
        anchor = candidate.slot.anchor
        if anchor in also and candidate.side > Relation.UNDER_BOX:
            continue
        if anchor not in best or _order(candidate) < _order(best[anchor]):
            best[anchor] = candidate
    return list(best.values())


def _order(candidate: _Candidate) -> tuple[int, float]:
    slot, anchor = candidate.slot, candidate.slot.anchor
    return candidate.side, abs(slot.bottom - anchor.bottom) + max(0.0, slot.x - anchor.right)


def _dated(candidates: Sequence[_Candidate], fields: Sequence[PageSlot], *, reach: float) -> list[PageSlot]:
    """The slots without dates that nobody signs: on pages with signatures they stand beside none."""
    slots = [candidate.slot for candidate in candidates]
    signed = [slot for slot in (*slots, *fields) if slot.kind is not SlotKind.DATE]
    return [
        candidate.slot
        for candidate in candidates
        if candidate.slot.kind is not SlotKind.DATE
        or candidate.signing
        or not signed
        or any(abs(candidate.slot.bottom - other.bottom) < reach for other in signed)
    ]


def _distinct(slots: Iterable[PageSlot]) -> list[PageSlot]:
    """Of slots that lie on each other the first."""
    kept: list[PageSlot] = []
    for slot in slots:
        if all(max(slot.share_in(other), other.share_in(slot)) <= _SAME for other in kept):
            kept.append(slot)
    return kept
