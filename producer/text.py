"""Text from outside, fit to be shown."""

from __future__ import annotations

import unicodedata


def visible(text: str, *, most: int = 120) -> str:
    """Text from outside, fit for a log line or an event: one line, nothing that steers a terminal."""
    short = text if len(text) <= most else f"{text[:most]}…"
    return "".join(sign if _harmless(sign) else f"\\u{ord(sign):04x}" for sign in short)


def _harmless(sign: str) -> bool:
    return sign == " " or unicodedata.category(sign)[0] not in "CZ"
