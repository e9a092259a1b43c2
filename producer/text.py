"""Text from outside: names as they are compared, and what is fit to be shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

#: Characters of the longest name.
LONGEST_PLAIN_NAME = 200
#: What is said where a command would have to write into a results folder and may not.
FOLDER_IS_READ_ONLY = (
    "this results folder cannot be written: copy it to where you may write, and work on the copy"
)
#: Signs that reorder the text around them: a name must read as it is stored.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_name(text: object) -> str:
    """A name, of a signer or a key, as it is compared: NFC, no space around it.

    ValueError with the reason when it is none.
    """
    if not isinstance(text, str):
        raise ValueError("a name is a text")
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise ValueError("an empty name")
    if len(name) > LONGEST_PLAIN_NAME:
        raise ValueError(f"a name of {len(name)} characters; {LONGEST_PLAIN_NAME} are allowed")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in _REORDERING for sign in name):
        raise ValueError(f"a name with control characters: {visible(name)}")
    return name


def counted(number: int, noun: str) -> str:
    """How many there are of what the noun calls: `1 document`, `2 documents`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, sorted and each in quotes; `nobody` where there is none."""
    return ", ".join(map(repr, sorted(names))) or "nobody"


def visible(text: str, *, most: int = 120) -> str:
    """Text from outside, fit for a log line or an event: one line, nothing that steers a terminal."""
    short = text if len(text) <= most else f"{text[:most]}…"
    return "".join(sign if _harmless(sign) else f"\\u{ord(sign):04x}" for sign in short)


def _harmless(sign: str) -> bool:
    return sign == " " or unicodedata.category(sign)[0] not in "CZ"
