"""Which words ask for a mark, in nine languages: read from `anchors.json`, matched by whole words."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from worker.slots.values import SlotKind

#: Words of the longest caption, and of the longest that ends with a full stop: what is longer is prose.
LONGEST_CAPTION, LONGEST_STOPPED = 12, 4
#: Letters at both ends of a text in which a word is sought, and the share of its threes of letters there.
_END, _IN_COMMON = 14, 0.34
_ANCHORS = Path(__file__).parent / "anchors.json"
_ADDED = re.compile(r"\([^()]*(?:\)|$)")
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Named:
    """What a caption asks for, and whose mark; `signing` says that the date of signing itself is meant."""

    kind: SlotKind
    party: str | None = None
    signing: bool = False


@dataclass(frozen=True)
class _Lexicon:
    kinds: dict[SlotKind, frozenset[tuple[str, ...]]]
    other: frozenset[str]
    parties: dict[str, str]
    #: These words alone name a slot; in a longer phrase they are any words.
    alone: frozenset[str]
    #: Letters that stand for the cross that marks a line.
    crosses: frozenset[str]
    #: Words of the names of form fields, by what they ask for; `dated` are those beside a date's.
    fields: dict[str, frozenset[str]]


def caption_meaning(text: str) -> Named | None:
    """What a short text beside a line asks for; None when it asks for no mark, or is no caption."""
    words = _bare_words(text)
    longest = LONGEST_STOPPED if text.rstrip().endswith(".") else LONGEST_CAPTION
    if not words or len(words) > longest or _lexicon().other & set(words):
        return None
    kinds = {kind for kind in SlotKind if _mentions(words, kind)}
    if not kinds:
        return None
    asks_date = SlotKind.DATE in kinds and _leads(words, SlotKind.DATE)
    kind = SlotKind.DATE if asks_date else next(kind for kind in _ORDER if kind in kinds)
    return Named(
        kind, party_of(normal_words(text)), signing=kind is SlotKind.DATE and SlotKind.SIGNATURE in kinds
    )


def may_ask(text: str) -> bool:
    """Whether a text that was hardly legible may ask for a mark: it begins or ends much like such a word."""
    letters = "".join(normal_words(text))
    ends = {letters[:_END], letters[-_END:]}
    threes = {end[start : start + 3] for end in ends for start in range(len(end) - 2)}
    return any(len(threes & known) >= least for known, least in _asking_threes())


@cache
def _asking_threes() -> tuple[tuple[frozenset[str], float], ...]:
    """Three letters in a row of each word that asks for a mark, and how many of them are enough."""
    words = {word for phrases in _lexicon().kinds.values() for phrase in phrases for word in phrase}
    threes = (frozenset(word[at : at + 3] for at in range(len(word) - 2)) for word in words if len(word) > 3)
    return tuple((known, max(_IN_COMMON * len(known), 2.0)) for known in threes)


def field_kind(name: str, *, signature: bool) -> SlotKind | None:
    """What a form field asks for, by its name in English and whether it is a field for signatures."""
    words, lexicon = set(field_words(name)), _lexicon()
    asked = {what for what, known in lexicon.fields.items() if known & words}
    other = bool(lexicon.other & words)
    if {"date", "dated"} <= asked and not other:
        return SlotKind.DATE
    if signature or ("signature" in asked and "date" not in asked):
        return SlotKind.SIGNATURE
    return SlotKind.INITIALS if "initials" in asked and not other else None


def field_words(name: str) -> list[str]:
    """The words of a form field's name, which may be written `tenant_signature` or `tenantSignature`."""
    return normal_words(_CAMEL_CASE.sub(" ", name))


def party_of(words: Iterable[str]) -> str | None:
    """Whose mark these words speak of, as `normal_words` gives them; None when they name nobody."""
    parties = _lexicon().parties
    return next((parties[word] for word in words if word in parties), None)


def _bare_words(text: str) -> list[str]:
    """The words of a caption without what it adds in brackets, and without the cross that marks its line."""
    words = normal_words(_ADDED.sub(" ", text)) or normal_words(text)
    return [word for word in words if word not in _lexicon().crosses] or words


def normal_words(text: str) -> list[str]:
    """The words of a text without case, punctuation and possessive endings."""
    plain = (
        unicodedata.normalize("NFKC", text).casefold().replace("’s", "").replace("ʼs", "").replace("'s", "")
    )
    return _NOT_LETTERS.sub(" ", plain).split()


def slots_version() -> str:
    """What finds slots: the method and the words."""
    return f"6+{hashlib.sha256(_ANCHORS.read_bytes()).hexdigest()[:12]}"


#: The first that a caption mentions is what it asks for.
_ORDER = (SlotKind.INITIALS, SlotKind.SIGNATURE, SlotKind.STAMP, SlotKind.DATE)


def _mentions(words: Sequence[str], kind: SlotKind) -> bool:
    phrases = _lexicon().kinds[kind]
    return any(run in phrases and _tells(words, start, run) for start, run in _runs(words))


def _tells(words: Sequence[str], start: int, run: tuple[str, ...]) -> bool:
    """Whether such words name what a caption asks for: they begin or end it, behind a number perhaps."""
    if run[0] in _lexicon().alone and len(run) == 1:
        return len(words) == 1
    numbered = start == 1 and (words[0].isdecimal() or len(words[0]) == 1)
    return start == 0 or numbered or start + len(run) == len(words)


def _leads(words: Sequence[str], kind: SlotKind) -> bool:
    """Whether such a word comes first: "date of signature" asks for a date."""
    phrases = _lexicon().kinds[kind]
    return any(tuple(words[:length]) in phrases for length in (1, 2))


def _runs(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for length in (1, 2, 3):
        yield from ((start, tuple(words[start : start + length])) for start in range(len(words) - length + 1))


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(_ANCHORS.read_text(encoding="utf-8"))
    kinds = {kind: frozenset(_phrases(data[kind].values())) for kind in SlotKind}
    other = frozenset(word for words in data["other"].values() for word in words)
    parties = {word: party for party, words in data["party"].items() for word in words}
    fields = {what: frozenset(words) for what, words in data["field"].items()}
    alone, crosses = frozenset(data["alone"]), frozenset(data["crosses"])
    return _Lexicon(kinds, other, parties, alone, crosses, fields)


def _phrases(languages: Iterable[Iterable[str]]) -> Iterator[tuple[str, ...]]:
    return (tuple(normal_words(phrase)) for phrases in languages for phrase in phrases)
