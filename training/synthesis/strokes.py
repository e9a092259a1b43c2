"""Synthetic signers and the way they sign: genuine signatures, skilled forgeries and plain handwriting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.synthesis.ink import INKS, Colour, PenStrokes, draw_strokes
from training.synthesis.kinematics import RATE, Motor, Targets, Trace, move, speed
from training.synthesis.plans import FLOURISHES, Plan, signature_plan, text_plan

__all__ = ["InventedSigner", "Pen", "PenStrokes", "draw_strokes", "forge", "sign", "write_text"]

# fmt: off
_FIRST = (
    "Ada", "Agnes", "Albert", "Amelia", "Anton", "Beatrice", "Benno", "Carla", "Cedric", "Clara",
    "Conrad", "Dalia", "Edgar", "Elena", "Emil", "Esther", "Felix", "Flora", "Gilda", "Greta", "Hanna",
    "Hugo", "Ines", "Ivo", "Jonas", "Judith", "Karl", "Kira", "Leonie", "Louis", "Magda", "Marius",
    "Nadia", "Nestor", "Olga", "Oscar", "Paula", "Quentin", "Rosa", "Rufus", "Selma", "Silas", "Tamar",
    "Theo", "Ursula", "Victor", "Wanda", "Xenia", "Yara", "Zeno",
)
_LAST = (
    "Abel", "Ashford", "Barlow", "Bergmann", "Calder", "Castell", "Delgado", "Drummond", "Eberle",
    "Farrow", "Fontane", "Gallagher", "Hallam", "Holt", "Ibarra", "Jansen", "Keller", "Kimball",
    "Lindqvist", "Lorimer", "Marsh", "Mulvaney", "Nilsson", "Norwood", "Okafor", "Ostrander",
    "Pellegrin", "Quimby", "Ransome", "Rowley", "Sandoval", "Sterling", "Tamura", "Thornbury",
    "Underhill", "Vance", "Varga", "Whitlock", "Yates", "Zimmer",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Pen:
    """What a signer holds: tip width in millimetres, ink, and how much a fast line thins."""

    width: float
    ink: Colour
    contrast: float


@dataclass(frozen=True, slots=True)
class InventedSigner:
    """An invented person's hand. The plan is what they mean to write; every signature carries it out anew.

    `size` is the x-height in millimetres; `slant` the tangent of the letters' lean; `width` stretches them;
    `speed` scales the tempo (1 is usual, more is faster); `roundness` is the overlap of strokes in time;
    `steadiness` scales how much one signature differs from the next (1 is usual).
    """

    name: str
    seed: int
    size: float
    slant: float
    width: float
    speed: float
    roundness: float
    steadiness: float
    flourish: str
    pen: Pen
    plan: Plan

    @property
    def slug(self) -> str:
        """The name as an identifier: lower case, words joined by hyphens."""
        return "-".join(self.name.lower().split())

    @classmethod
    def from_seed(cls, seed: int, *, name: str | None = None) -> InventedSigner:
        """The signer of that seed; the same seed and name give the same hand for ever."""
        rng = np.random.default_rng([seed, 0x51])
        invented = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        name = name or invented
        flourish = FLOURISHES[int(rng.integers(len(FLOURISHES)))]
        plan, extent = signature_plan(name, flourish, rng)
        width = rng.uniform(0.8, 1.35)
        # Signatures are 40 to 80 mm wide whatever the length of the name.
        narrowest = min(42 / (extent * width), 6.5)
        widest = max(rng.uniform(55, 80) / (extent * width), narrowest)
        size = float(np.clip(rng.uniform(2.4, 4.8), narrowest, widest))
        return cls(
            name=name,
            seed=seed,
            size=size,
            slant=float(np.clip(rng.normal(0.32, 0.28), -0.35, 0.95)),
            width=width,
            speed=rng.uniform(0.8, 1.35),
            roundness=rng.uniform(0.34, 0.5),
            steadiness=rng.uniform(0.7, 1.3),
            flourish=flourish,
            pen=Pen(rng.uniform(0.38, 0.75), INKS[rng.integers(len(INKS))], rng.uniform(0.25, 0.6)),
            plan=plan,
        )


@dataclass(frozen=True, slots=True)
class _Hand:
    """How one act of writing moves: size and tremor in millimetres, other lengths in x-heights."""

    size: float
    slant: float
    width: float
    motor: Motor
    jitter: float
    drift: float
    turn: float
    contrast: float
    tremor: float = 0.0
    lift: float = 0.0


def sign(signer: InventedSigner, rng: np.random.Generator) -> PenStrokes:
    """A genuine signature: the signer's own plan and habits, with the variation of a practised hand."""
    loose = signer.steadiness
    hand = _Hand(
        size=signer.size * rng.normal(1, 0.04 * loose),
        slant=signer.slant + rng.normal(0, 0.035 * loose),
        width=signer.width * rng.normal(1, 0.04 * loose),
        motor=Motor(0.085 / signer.speed * rng.normal(1, 0.04), signer.roundness * rng.normal(1, 0.03)),
        jitter=0.055 * loose,
        drift=0.07 * loose,
        turn=rng.normal(0, 0.025 * loose),
        contrast=signer.pen.contrast,
    )
    return _carry_out(signer.plan, hand, rng)


def forge(signer: InventedSigner, rng: np.random.Generator) -> PenStrokes:
    """A skilled forgery: somebody who practised from pictures of the signature draws it.

    The shapes are known, the movement is not: slower and less fluent strokes, tremor, hesitations and pen
    lifts where the writer has none, an even pressure, and proportions that lean towards the forger's own.
    """
    skill = rng.uniform(0.6, 1.4)
    hand = _Hand(
        size=signer.size * rng.normal(1, 0.08 / skill),
        slant=signer.slant * rng.uniform(0.7, 1.0) + rng.normal(0, 0.08),
        width=signer.width * rng.normal(1.02, 0.09),
        motor=Motor(0.2 * rng.uniform(0.8, 1.4), min(rng.uniform(0.31, 0.38), signer.roundness), 0.9),
        jitter=0.055 / skill,
        drift=0.15 / skill,
        turn=rng.normal(0, 0.03),
        contrast=0.12,
        tremor=0.035 * rng.uniform(0.4, 1.6) / skill,
        lift=0.05,
    )
    return _carry_out(signer.plan, hand, rng)


def write_text(text: str, signer: InventedSigner, rng: np.random.Generator) -> PenStrokes:
    """A line of handwriting (a date, a name, initials) in the signer's hand, without the haste of signing.

    Characters without a skeleton are left out, as blanks are.
    """
    hand = _Hand(
        size=signer.size * 0.7,
        slant=signer.slant * 0.7,
        width=min(signer.width, 1.1),
        motor=Motor(0.11, min(signer.roundness, 0.38)),
        jitter=0.04,
        drift=0.05,
        turn=rng.normal(0, 0.01),
        contrast=signer.pen.contrast,
    )
    return _carry_out(text_plan(text, np.random.default_rng([signer.seed, 0x7E])), hand, rng)


def _carry_out(plan: Plan, hand: _Hand, rng: np.random.Generator) -> PenStrokes:
    wave = _Drift(rng, hand.drift)
    traces: list[Trace] = []
    for component in plan:
        for part in _lifted(np.asarray(component, float), hand.lift, rng):
            traces.append(_component(part, hand, wave, rng))
    cos, sin = np.cos(hand.turn), np.sin(hand.turn)
    turn = np.array([[cos, sin], [-sin, cos]])
    return PenStrokes(tuple(np.column_stack([trace[:, :2] @ turn, trace[:, 2:]]) for trace in traces))


class _Drift:
    """A slow distortion: proportions differ a little along the line from one writing to the next."""

    def __init__(self, rng: np.random.Generator, strength: float) -> None:
        self._phase = rng.uniform(0, 2 * np.pi, (3, 2))
        self._wave = np.array([[0.35], [0.8], [1.6]]) * rng.uniform(0.8, 1.25, (3, 2))
        self._strength = strength * rng.normal(1, 0.3, 2)

    def __call__(self, targets: Targets) -> Targets:
        waves = np.sin(targets[None, :, :1] * self._wave[:, None, :] + self._phase[:, None, :]).sum(axis=0)
        shift: Targets = targets + waves * self._strength
        return shift


def _lifted(targets: Targets, chance: float, rng: np.random.Generator) -> list[Targets]:
    """The component cut where a hesitating writer lifts the pen and starts again beside the end."""
    parts, start = [], 0
    for index in range(3, len(targets) - 3):
        if index - start > 3 and rng.random() < chance:
            parts.append(targets[start : index + 1])
            start = index
    parts.append(targets[start:])
    return parts


def _component(targets: Targets, hand: _Hand, drift: _Drift, rng: np.random.Generator) -> Trace:
    lengths = np.hypot(*np.diff(targets, axis=0).T)
    # Small movements are missed by little: the noise of a target follows the strokes that meet there.
    reach = np.clip((np.append(lengths, lengths[-1]) + np.insert(lengths, 0, lengths[0])) / 2, 0.25, 1.2)
    aim = drift(targets) + rng.normal(0, hand.jitter, targets.shape) * reach[:, None]
    aim += rng.normal(0, hand.jitter, 2)
    x = hand.size * (aim[:, 0] * hand.width + aim[:, 1] * hand.slant)
    y = -hand.size * aim[:, 1]
    spread = np.clip(rng.normal(1, 0.05 + hand.jitter, len(aim) - 1), 0.75, 1.3)
    trace = move(np.column_stack([x, y]), hand.motor, spread=spread)
    if hand.tremor:
        trace[:, :2] += _tremor(len(trace), rng) * hand.tremor
    trace[:, 3] = _pressure(trace, hand.contrast, rng)
    return trace


def _tremor(samples: int, rng: np.random.Generator) -> Targets:
    """The 6 to 11 Hz shake of a hand that draws slowly, of unit strength."""
    time = np.arange(samples)[:, None] / RATE
    rate, phase = rng.uniform(6, 11, (4, 2)), rng.uniform(0, 2 * np.pi, (4, 2))
    waves: Targets = np.sin(2 * np.pi * rate[:, None, :] * time + phase[:, None, :]).sum(axis=0) / 1.4
    return waves


def _pressure(trace: Trace, contrast: float, rng: np.random.Generator) -> Targets:
    """Less when the pen is fast, and less where a fast pen lands and takes off."""
    velocity = speed(trace)
    fast = velocity / max(float(np.quantile(velocity, 0.95)), 1e-6)
    fast = np.convolve(np.pad(fast, 4, mode="edge"), np.ones(9) / 9, "valid")
    level: Targets = 1.05 - contrast * np.clip(fast, 0, 1.3) + rng.normal(0, 0.03)
    ramp = np.minimum(np.arange(len(trace)) + 1, np.arange(len(trace))[::-1] + 1) / (10 * contrast + 1)
    return np.clip(level * (0.45 + 0.55 * np.clip(ramp, 0, 1)), 0.15, 1.2)
