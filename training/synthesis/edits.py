"""What happens to a finished page: passages blacked or whited out, and notes in its free places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.synthesis import prose
from training.synthesis.ink import Pixels
from training.synthesis.layouts import Slot

_Rng = np.random.Generator
_NOTES = (
    "please call",
    "ok",
    "see page 2",
    "to file",
    "paid",
    "copy sent",
    "check",
    "urgent",
    "agreed",
    "no",
)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Whole pixels of a page: left, top, right, bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def hull(self) -> tuple[tuple[float, float], ...]:
        """The corners, in order."""
        return (
            (float(self.left), float(self.top)),
            (float(self.right), float(self.top)),
            (float(self.right), float(self.bottom)),
            (float(self.left), float(self.bottom)),
        )

    def near(self, other: Rectangle, margin: int) -> bool:
        """Whether the two come closer than `margin` pixels."""
        return (
            self.left - margin < other.right
            and other.left - margin < self.right
            and self.top - margin < other.bottom
            and other.top - margin < self.bottom
        )


def redact(pixels: Pixels, rng: _Rng, *, count: int, keep: Sequence[Rectangle] = ()) -> list[Rectangle]:
    """Cover up to `count` passages of print, in place; return what was covered, its frame included.

    Bars are black, at times grey, or white with a thin frame. What lies in `keep` stays uncovered.
    """
    done: list[Rectangle] = []
    inked = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) < 140
    for _ in range(count * 6):
        if len(done) == count:
            break
        bar = _passage(inked, rng)
        if bar is not None and not any(bar.near(other, 4) for other in (*keep, *done)):
            _cover(pixels, bar, rng)
            done.append(bar)
    return done


def _passage(inked: npt.NDArray[np.bool_], rng: _Rng) -> Rectangle | None:
    """A random passage with print on it: a word, most of a line, or several lines."""
    height, width = inked.shape
    rows = int(rng.choice([1, 1, 1, 2, 4, 8]))
    tall = max(4, round(height * rng.uniform(0.011, 0.017) * rows))
    wide = round(width * (rng.uniform(0.04, 0.3) if rows == 1 else rng.uniform(0.2, 0.7)))
    left = int(rng.integers(round(0.08 * width), max(round(0.92 * width) - wide, round(0.08 * width) + 1)))
    top = int(rng.integers(round(0.05 * height), height - tall - round(0.04 * height)))
    bar = Rectangle(left, top, left + wide, top + tall)
    return bar if inked[bar.top : bar.bottom, bar.left : bar.right].mean() > 0.04 else None


def _cover(pixels: Pixels, bar: Rectangle, rng: _Rng) -> None:
    kind = rng.random()
    corners = (bar.left, bar.top), (bar.right - 1, bar.bottom - 1)
    if kind < 0.75:
        tone = int(rng.integers(0, 40)) if kind < 0.68 else int(rng.integers(90, 170))
        cv2.rectangle(pixels, *corners, (tone,) * 3, -1)
    else:
        cv2.rectangle(pixels, *corners, (255,) * 3, -1)
        cv2.rectangle(pixels, *corners, (int(rng.integers(0, 120)),) * 3, 1)


def margin_notes(pixels: Pixels, rng: _Rng, *, dpi: float, count: int) -> list[tuple[Slot, str]]:
    """Up to `count` places that are nearly empty, in points, with words to write there."""
    inked = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) < 160
    scale, notes = dpi / 72, list[tuple[Slot, str]]()
    for _ in range(count * 8):
        if len(notes) == count:
            break
        width, height = float(rng.uniform(40, 170)), float(rng.uniform(12, 26))
        x = float(rng.uniform(12, pixels.shape[1] / scale - width - 12))
        y = float(rng.uniform(40, pixels.shape[0] / scale - 20))
        spot = inked[int((y - height) * scale) : int(y * scale), int(x * scale) : int((x + width) * scale)]
        if spot.size and spot.mean() < 0.02:
            notes.append((Slot("handwriting", x, y, width, height), added_words(rng)))
            inked[int((y - height) * scale) : int(y * scale), int(x * scale) : int((x + width) * scale)] = (
                True
            )
    return notes


def added_words(rng: _Rng) -> str:
    """A note: a phrase, a number or a few words of a letter."""
    kind = rng.random()
    if kind < 0.4:
        return prose.pick(_NOTES, rng)
    if kind < 0.6:
        return prose.number(rng, int(rng.integers(3, 9)))
    added_words = prose.paragraphs(rng)[0].split()
    start = int(rng.integers(max(1, len(added_words) - 4)))
    return " ".join(added_words[start : start + int(rng.integers(2, 5))])
