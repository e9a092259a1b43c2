"""Whether a document is in good order: its slots against the rules of its type, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.rules.expressions import holds
from worker.rules.reading import Rules
from worker.rules.schema import Need
from worker.slots.values import SlotKind, SlotStatus

#: Statuses that leave open whether the mark is there.
_OPEN = frozenset({SlotStatus.LOW_EVIDENCE, SlotStatus.COVERED, SlotStatus.UNKNOWN})
#: Slot heights within which a date stands beside a mark.
_BESIDE = 3.0


class Completeness(StrEnum):
    """Whether a document is in good order."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot of a document, as far as rules ask for it. Pages are numbered from 0."""

    page: int
    kind: SlotKind
    status: SlotStatus
    reason: str
    party: str | None = None
    y: float = 0.0
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask of a document. `signed` is None where it is open; `unread` numbers pages from 0."""

    key: str
    pages: int
    signed: bool | None
    slots: tuple[FilledSlot, ...] = ()
    unread: tuple[int, ...] = ()

    def for_expressions(self) -> dict[str, object]:
        """The same as CEL takes it; what is not known is left out, so that no expression can rest on it."""
        slots = [
            {
                "page": slot.page + 1,
                "kind": slot.kind.value,
                "party": slot.party or "",
                "status": slot.status.value,
            }
            for slot in self.slots
        ]
        known = {} if self.signed is None else {"signed": self.signed}
        return {"slots": slots, "pages": self.pages, "key": self.key, **known}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer: what is missing, and what a person should look at, in sentences."""

    completeness: Completeness
    unmet: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """One sentence; `open` where nobody can say."""

    sentence: str
    open: bool = False


def judge_document(facts: Facts, rules: Rules | None) -> Judgement:
    """Whether the document has what its type needs; without rules, every slot that it has is wanted."""
    findings = list(_every_slot(facts) if rules is None else _needs(facts, rules.file.needs))
    findings += [_Finding(f"page {page + 1} could not be read", open=True) for page in facts.unread]
    unmet = tuple(dict.fromkeys(finding.sentence for finding in findings if not finding.open))
    doubts = tuple(dict.fromkeys(finding.sentence for finding in findings if finding.open))
    if unmet:
        return Judgement(Completeness.INCOMPLETE, unmet, doubts)
    return Judgement(Completeness.REVIEW if doubts else Completeness.COMPLETE, (), doubts)


def _every_slot(facts: Facts) -> Iterator[_Finding]:
    if not facts.slots:
        yield _Finding("no place that asks for a mark was found", open=True)
    for slot in facts.slots:
        if not _fills(slot, typed=False):
            yield _missing(slot)


def _needs(facts: Facts, needs: Iterable[Need]) -> Iterator[_Finding]:
    for need in needs:
        asked = True if need.when is None else holds(need.when, facts.for_expressions())
        if asked is None:
            yield _Finding(f"whether {need.when} cannot be said", open=True)
        elif asked:
            yield from _checked(facts, need) if need.check is not None else _marks(facts, need)


def _checked(facts: Facts, need: Need) -> Iterator[_Finding]:
    answer = holds(need.check or "", facts.for_expressions())
    if not answer:
        yield _Finding(need.says or "", open=answer is None)


def _marks(facts: Facts, need: Need) -> Iterator[_Finding]:
    pages: Sequence[int | None] = range(facts.pages) if need.every_page else [None]
    for page in pages:
        if page not in facts.unread:
            slots = [slot for slot in facts.slots if slot.kind is need.kind and page in (None, slot.page)]
            yield from _of_parties(slots, need, page) if need.of else _of_one(slots, need, page)
    if need.dated:
        yield from _undated(facts, need)


def _of_one(slots: Sequence[FilledSlot], need: Need, page: int | None) -> Iterator[_Finding]:
    """Marks of one party, or of anybody."""
    asked = [slot for slot in slots if need.party in (None, slot.party)]
    filled = [slot for slot in asked if _fills(slot, typed=need.typed)]
    if len(filled) >= need.least:
        return
    empty = [slot for slot in asked if slot not in filled]
    if len(filled) + len(empty) < need.least:
        yield _Finding(_nowhere(need, page), open=True)
    for finding in map(_missing, empty):
        yield _Finding(need.says or finding.sentence, finding.open)


def _of_parties(slots: Sequence[FilledSlot], need: Need, page: int | None) -> Iterator[_Finding]:
    """Marks of so many among several parties; a place that was not found leaves open whether it is filled."""
    given = {slot.party for slot in slots if slot.party in need.of and _fills(slot, typed=need.typed)}
    if len(given) >= need.least:
        return
    nowhere = [party for party in need.of if party not in {slot.party for slot in slots}]
    may_be = {slot.party for slot in slots if slot.party in need.of and slot.status in _OPEN}
    where = "" if page is None else f"page {page + 1}: "
    sentence = f"{where}{need.least} of {', '.join(need.of)} must give a {need.kind.value}; {len(given)} did"
    if nowhere:
        sentence = f"{sentence}, and no place was found for {', '.join(nowhere)}"
    yield _Finding(need.says or sentence, open=len(given | may_be | set(nowhere)) >= need.least)


def _undated(facts: Facts, need: Need) -> Iterator[_Finding]:
    """Marks that are there without a date beside them."""
    dates = [slot for slot in facts.slots if slot.kind is SlotKind.DATE]
    for slot in facts.slots:
        if slot.kind is need.kind and need.party in (None, slot.party) and _fills(slot, typed=need.typed):
            beside = [date for date in dates if date.page == slot.page and _is_beside(date, slot)]
            if not any(_fills(date, typed=True) for date in beside):
                sentence = f"{_mark(slot.kind, slot.party)} has no date beside it"
                yield _Finding(f"page {slot.page + 1}: {sentence}", open=not beside)


def _is_beside(date: FilledSlot, slot: FilledSlot) -> bool:
    return abs(date.y + date.height - slot.y - slot.height) <= _BESIDE * max(slot.height, date.height)


def _fills(slot: FilledSlot, *, typed: bool) -> bool:
    if slot.status is SlotStatus.TYPED:
        return typed or slot.kind is SlotKind.DATE
    return slot.status is SlotStatus.SIGNED


def _missing(slot: FilledSlot) -> _Finding:
    is_open, verb = slot.status in _OPEN, "are" if slot.kind is SlotKind.INITIALS else "is"
    state = "cannot be vouched for" if is_open else f"{verb} missing"
    return _Finding(f"page {slot.page + 1}: {_mark(slot.kind, slot.party)} {state}; {slot.reason}", is_open)


def _nowhere(need: Need, page: int | None) -> str:
    where = "" if page is None else f"page {page + 1}: "
    return f"{where}no place for {_mark(need.kind, need.party)} was found"


def _mark(kind: SlotKind, party: str | None) -> str:
    """A mark of that kind as a sentence names it."""
    if party:
        return f"the {party}’s {kind.value}"
    return kind.value if kind is SlotKind.INITIALS else f"a {kind.value}"
