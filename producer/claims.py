"""Who a document says signed it: from object metadata, a sidecar file or the object key; pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header, make_header
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote

from db.documents import NOTHING_SAID, Particulars
from db.states import ClaimSource, Priority
from producer.text import plain_name, visible
from worker.errors import WrongUse

_Value = TypeVar("_Value")
#: Largest sidecar that is read, in bytes.
LARGEST_SIDECAR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that was there but is no name of a signer."""

    source: ClaimSource
    reason: str


@dataclass(frozen=True, slots=True)
class Claims:
    """The signers that a document claims, with where that stands, and what was refused on the way."""

    signers: Mapping[str, ClaimSource] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    #: What is said of the document beside them.
    particulars: Particulars = NOTHING_SAID


def from_metadata(value: str) -> list[str]:
    """Names in the metadata value `signer`, separated by `;`; non-ASCII as RFC 2047 or percent-encoded.

    A `;` inside a name is written %3B. ValueError when the encoding is broken.
    """
    try:
        plain = str(make_header(decode_header(_as_sent(value))))
        return [unquote(part, errors="strict") for part in plain.split(";")]
    except (LookupError, MessageError, ValueError) as error:
        raise ValueError(f"an encoding that cannot be read: {visible(value)}") from error


def _as_sent(value: str) -> str:
    """Undo what HTTP libraries make of raw UTF-8 in a header: they read it as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def to_metadata(names: Iterable[str]) -> str:
    """The metadata value that says these names, in ASCII."""
    return "; ".join("".join(map(_escaped, name)) for name in names)


def _escaped(sign: str) -> str:
    plain = sign.isascii() and sign.isprintable() and sign not in "%;=?"
    return sign if plain else "".join(f"%{byte:02X}" for byte in sign.encode())


def from_sidecar(data: bytes) -> list[object]:
    """Names in a sidecar: {"signer": "…"} or {"signers": ["…"]}. ValueError when it is something else."""
    content = sidecar_content(data)
    several = content.get("signers", [])
    if not isinstance(several, list):
        raise ValueError("signers is not a list")
    return [*([content["signer"]] if "signer" in content else []), *several]


def sidecar_content(data: bytes) -> Mapping[str, object]:
    """The object in a sidecar. ValueError when it is something else."""
    if len(data) > LARGEST_SIDECAR:
        raise ValueError(f"a sidecar of more than {LARGEST_SIDECAR} bytes")
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError("a sidecar that is not JSON") from error
    if not isinstance(content, dict):
        raise ValueError("a sidecar that is not a JSON object")
    return content


_PLACEHOLDERS = {"{signer}": "(?P<signer>[^/]+?)", "{name}": "[^/]+"}


@lru_cache(maxsize=16)
def compile_pattern(pattern: str, *, prefix: str = "") -> Callable[[str], str | None]:
    """What finds the signer in keys, from a pattern such as `{signer}/{name}`. WrongUse when it is none.

    The pattern matches whole parts at the end of the key, below `prefix`. `{signer}` and `{name}` stand for
    text within one part, `{signer}` for as little as possible; everything else stands for itself.
    """
    parts = re.split(r"(\{[^{}]*\})", pattern.lstrip("/"))
    _check(pattern, parts)
    body = "".join(_PLACEHOLDERS.get(part) or re.escape(part) for part in parts)
    expression = re.compile(rf"(?:^|/){body}\Z", re.DOTALL)

    def find(key: str) -> str | None:
        match = expression.search(key.removeprefix(prefix))
        return match["signer"] if match else None

    return find


def _check(pattern: str, parts: Sequence[str]) -> None:
    unknown = [part for part in parts if part.startswith("{") and part not in _PLACEHOLDERS]
    if unknown or any(sign in "".join(parts[::2]) for sign in "{}"):
        raise WrongUse(f"key pattern {pattern!r}: only {{signer}} and {{name}} may stand in braces")
    if parts.count("{signer}") != 1:
        raise WrongUse(f"key pattern {pattern!r}: {{signer}} must stand in it once")
    if "}{" in pattern:
        raise WrongUse(f"key pattern {pattern!r}: text must part the braces, or nobody knows where one ends")


def particulars_from(content: Mapping[str, object]) -> tuple[Particulars, list[str]]:
    """What metadata or a sidecar say of a document beside its claims, and why a value is none."""
    reasons: list[str] = []

    def value(name: str, read: Callable[[object], _Value]) -> _Value | None:
        try:
            return None if content.get(name) is None else read(content[name])
        except ValueError as error:
            reasons.append(f"{name}: {error}")
            return None

    priority, kind = value("priority", _priority), value("type", plain_name)
    return Particulars(priority or Priority.NORMAL, kind, value("amount", _amount)), reasons


def _priority(text: object) -> Priority:
    return Priority(str(text).strip().lower())


def _amount(text: object) -> float:
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError("an amount is a number")
    amount = float(text)
    if not 0 <= amount < math.inf:
        raise ValueError(f"no amount: {visible(str(text))}")
    return amount


#: What one source says: its names, not yet checked; ValueError when they cannot be read.
Reader = Callable[[], Sequence[object]]


def first_of(readers: Iterable[tuple[ClaimSource, Reader]]) -> Claims:
    """The claims of the first source that gives any. Malformed values are refused, never fatal."""
    refused: list[Refused] = []
    for source, reader in readers:
        signers: dict[str, ClaimSource] = {}
        for name in _accepted(source, reader, refused):
            signers[name] = source
        if signers:
            return Claims(signers, tuple(refused))
    return Claims({}, tuple(refused))


def _accepted(source: ClaimSource, reader: Reader, refused: list[Refused]) -> Iterator[str]:
    try:
        values = reader()
    except ValueError as error:
        refused.append(Refused(source, str(error)))
        return
    for value in values:
        try:
            yield plain_name(value)
        except ValueError as error:
            refused.append(Refused(source, str(error)))
