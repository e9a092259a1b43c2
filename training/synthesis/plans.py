"""Action plans: which target points, in which order, a hand means to visit when it signs a name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.synthesis.letters import Points, glyph

#: Pen-down components in the order of writing, in x-heights, y up, first letter's origin at (0, 0).
Plan = tuple[Points, ...]
_Rng = np.random.Generator


class _Script:
    """Joins glyphs into components, keeping dots and cross bars for the end of the word."""

    def __init__(self) -> None:
        self.done: list[list[tuple[float, float]]] = []
        self.later: list[list[tuple[float, float]]] = []
        self.x = 0.0
        self._open = False

    def add(
        self, character: str, shape: Callable[[float, float], tuple[float, float]], *, join: bool
    ) -> None:
        """Write one letter through a change of its shape; `join` allows the pen to run on into the next."""
        letter = glyph(character)
        origin = self.x

        def put(points: Points) -> list[tuple[float, float]]:
            moved = (shape(x, y) for x, y in points)
            return [(origin + x, y) for x, y in moved]

        if letter.before:
            self._open = False
        self.done += [put(points) for points in letter.before]
        if self._open:
            self.done[-1] += put(letter.body)
        else:
            self.done.append(put(letter.body))
        self.later += [put(points) for points in letter.after]
        self._open = join and letter.joins
        self.x = origin + shape(letter.advance, 0)[0]

    def end_word(self, gap: float) -> None:
        """Lift the pen, set the dots and bars, and leave a gap."""
        self.done += self.later
        self.later = []
        self.x += gap
        self._open = False

    def plan(self) -> Plan:
        """Everything written so far."""
        return tuple(tuple(component) for component in self.done + self.later)


def text_plan(text: str, rng: _Rng) -> Plan:
    """Plain handwriting of a text; characters without a skeleton are left out."""
    script = _Script()
    habits: dict[str, Callable[[float, float], tuple[float, float]]] = {}
    for character in text:
        if character == " ":
            script.end_word(0.7)
            continue
        try:
            glyph(character)
        except KeyError:
            continue
        script.add(character, habits.setdefault(character, _habit(rng, 0.05)), join=character.islower())
    return script.plan()


def _habit(rng: _Rng, strength: float, *, tall: float = 1.0) -> Callable[[float, float], tuple[float, float]]:
    """One writer's way to shape one letter: a fixed change of its skeleton."""
    wide, high = rng.normal(1, strength * 1.5), rng.normal(1, strength) * tall
    waves = rng.normal(0, strength, (2, 2))

    def shape(x: float, y: float) -> tuple[float, float]:
        return (
            wide * (x + waves[0, 0] * np.sin(2.2 * y) + waves[0, 1] * np.sin(3.1 * x)),
            high * (y + waves[1, 0] * np.sin(2.5 * x) + waves[1, 1] * np.sin(1.8 * y)),
        )

    return shape


def signature_plan(name: str, flourish: str, rng: _Rng) -> tuple[Plan, float]:
    """A signer's plan for their name, and how many x-heights wide it is.

    People shorten: initials instead of first names, letters that flatten towards the end of a word, a
    capital far larger than the rest.
    """
    script = _Script()
    tall, decay = rng.uniform(1.0, 1.7), rng.choice([1.0, 0.93, 0.86, 0.78])
    joined_capitals = rng.random() < 0.6
    for word in _wording(name, rng):
        _write_word(script, word, tall, float(decay), joined_capitals, rng)
        script.end_word(rng.uniform(-0.3, 0.35))
    plan = script.plan()
    extent = max(x for part in plan for x, _ in part)
    plan = _FLOURISH[flourish](plan, extent, rng)
    points = np.array([point for part in plan for point in part])
    return plan, float(np.ptp(points[:, 0]))


def _wording(name: str, rng: _Rng) -> list[str]:
    first, *_, last = name.split() if " " in name else (name, name)
    style = rng.choice(["full", "initial", "initial", "last", "initials", "first"])
    return {
        "full": [first, last],
        "initial": [first[0], last],
        "last": [last],
        "initials": [first[0], last[0]],
        "first": [first, last[0]],
    }[str(style)]


def _write_word(  # noqa: PLR0917 - private, called once
    script: _Script, word: str, tall: float, decay: float, joined: bool, rng: _Rng
) -> None:
    flat = 1.0
    for index, character in enumerate(word):
        if index == 0:
            script.add(character, _habit(rng, 0.09, tall=tall), join=joined)
            continue
        flat = max(flat * decay, 0.25)
        script.add(character.lower(), _habit(rng, 0.09, tall=flat), join=True)


def _bare(plan: Plan, extent: float, rng: _Rng) -> Plan:
    return plan


def _tail(plan: Plan, extent: float, rng: _Rng) -> Plan:
    """The last letter runs out in a long stroke."""
    x, y = plan[-1][-1]
    rise, length = rng.uniform(-0.5, 0.9), rng.uniform(1.5, 4.0)
    return (*plan[:-1], (*plan[-1], (x + length * 0.4, y - 0.1), (x + length, y + rise)))


def _underline(plan: Plan, extent: float, rng: _Rng) -> Plan:
    """A stroke under the name, written back and forth."""
    low = rng.uniform(-0.9, -0.45)
    left, right = extent * rng.uniform(-0.05, 0.25), extent * rng.uniform(0.85, 1.15)
    line = (
        (right, low + 0.25),
        (left, low - 0.1),
        (left - 0.2, low - 0.4),
        (right * 0.9, low - rng.uniform(0, 0.5)),
    )
    return (*plan, line)


def _loop(plan: Plan, extent: float, rng: _Rng) -> Plan:
    """A wide oval thrown around the name."""
    high, low = rng.uniform(1.6, 2.6), rng.uniform(-1.4, -0.8)
    middle = extent * rng.uniform(0.4, 0.6)
    oval = (
        (extent * 0.95, 0.4),
        (extent * 1.1, high * 0.5),
        (middle, high),
        (-0.6, 0.6),
        (middle * 0.7, low),
        (extent * 1.15, low * 0.35),
        (extent * 1.3, 0.3),
    )
    return (*plan, oval)


def _zigzag(plan: Plan, extent: float, rng: _Rng) -> Plan:
    """A paraph: quick turns below the end of the name."""
    x, y = extent * rng.uniform(0.6, 0.8), -0.4
    points = [(extent, 0.2)]
    for index in range(int(rng.integers(1, 4))):
        width = max(extent, 3.0) * rng.uniform(0.3, 0.5) * 0.85**index
        points += [(x - width, y - 0.5 * index), (x + width * 0.8, y - 0.12 - 0.5 * index)]
    return (*plan, tuple(points))


def _strike(plan: Plan, extent: float, rng: _Rng) -> Plan:
    """Two short dashes across a rising line."""
    start, end = extent * 0.1, extent * rng.uniform(0.9, 1.2)
    low = rng.uniform(-0.8, -0.4)
    line = ((start, low), (end, low + rng.uniform(0.2, 0.8)))
    dashes = tuple(
        ((end * share, low - 0.15), (end * share + 0.25, low + 0.75))
        for share in (0.72, rng.uniform(0.78, 0.84))
    )
    return (*plan, line, *dashes)


_FLOURISH: dict[str, Callable[[Plan, float, _Rng], Plan]] = {
    "none": _bare,
    "tail": _tail,
    "underline": _underline,
    "loop": _loop,
    "zigzag": _zigzag,
    "strike": _strike,
}
#: One entry per chance: plain endings are commoner than paraphs.
FLOURISHES = ("none", "none", "none", "tail", "tail", "underline", "underline", "loop", "zigzag", "strike")
