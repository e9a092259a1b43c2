"""Made-up writers: a piece of one writer's signatures, then a piece of another's.

A few hundred writers were ever imitated for research; their pieces make tens of thousands of pairs. What is
genuine in both pieces is genuine, and where one piece or both are forged the whole is: so a hand has to be
told by its parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.common.pixels import resampled
from training.verifier.readers import CANVAS, SignerSpecimens, Specimen
from worker.vision.values import Grey

#: Share of a signature's width that a piece takes.
SHORTEST, LONGEST = 0.4, 0.85
#: Pieces are brought to boxes of this area before they are joined, in canvas pixels.
AREA = CANVAS[0] * CANVAS[1] / 8
#: Ratio of the pieces' sizes, gap and step between them in shares of their height, as a logarithm and limits.
RATIO, GAP, STEP = 0.3, (-0.1, 0.4), 0.3
#: How far the cuts of one specimen lie from those of another, as a share of its width.
JITTER = 0.015
#: Of the forged: both pieces, the first alone, the second alone.
FORGED_PIECES = ((True, True), (True, False), (False, True))
FORGED_SHARES = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class SplicePlan:
    """What all specimens of a made-up writer share: cuts as shares of the width, and how the pieces lie."""

    first: tuple[float, float]
    second: tuple[float, float]
    ratio: float
    gap: float
    step: float


@dataclass(frozen=True)
class Spliced:
    """A specimen of two pieces, drawn with one pen where they are drawn."""

    first: Specimen
    second: Specimen
    plan: SplicePlan
    seed: int

    def mask(self, pen: np.random.Generator | None = None) -> Grey:
        """The ink (255 on 0) of both pieces side by side."""
        rng = np.random.default_rng(self.seed)
        pens = [None, None] if pen is None else [np.random.default_rng(self.seed) for _ in range(2)]
        left = _piece(self.first.mask(pens[0]), self.plan.first, 1.0, rng)
        right = _piece(self.second.mask(pens[1]), self.plan.second, self.plan.ratio, rng)
        return _joined(left, right, self.plan)


def plan(rng: np.random.Generator) -> SplicePlan:
    """Draw a made-up writer's plan."""
    return SplicePlan(
        _window(rng),
        _window(rng),
        float(np.exp(rng.uniform(-RATIO, RATIO))),
        float(rng.uniform(*GAP)),
        float(rng.uniform(-STEP, STEP)),
    )


def spliced(a: SignerSpecimens, b: SignerSpecimens, count: int, rng: np.random.Generator) -> SignerSpecimens:
    """A made-up writer with up to `count` genuine and `count` forged specimens.

    No two genuine ones share a piece. Without forgeries of both writers there are none.
    """
    shared = plan(rng)
    made = SignerSpecimens(a.source, f"{a.name}+{b.name}")
    genuine = min(2 * count, len(a.genuine), len(b.genuine))
    firsts, seconds = (rng.permutation(len(one.genuine))[:genuine] for one in (a, b))
    for i, j in zip(firsts[:count], seconds[:count], strict=True):
        made.genuine.append(Spliced(a.genuine[i], b.genuine[j], shared, int(rng.integers(2**31))))
    kinds = rng.choice(len(FORGED_PIECES), size=min(count, len(a.forged), len(b.forged)), p=FORGED_SHARES)
    for number, kind in enumerate(kinds):
        pieces = [
            signer.forged[int(rng.integers(len(signer.forged)))]
            if forged
            else signer.genuine[int(order[(count + number) % genuine])]
            for signer, order, forged in zip((a, b), (firsts, seconds), FORGED_PIECES[kind], strict=True)
        ]
        made.forged.append(Spliced(pieces[0], pieces[1], shared, int(rng.integers(2**31))))
    return made


def _window(rng: np.random.Generator) -> tuple[float, float]:
    share = rng.uniform(SHORTEST, LONGEST)
    start = rng.uniform(0, 1 - share)
    return float(start), float(start + share)


def _piece(ink: Grey, window: tuple[float, float], ratio: float, rng: np.random.Generator) -> Grey:
    """Columns of the ink's box, scaled so that the whole box has the common area times the ratio's square."""
    x, y, width, height = cv2.boundingRect(ink)
    if not width:
        return ink[:1, :1]
    ends = [x + round(width * float(np.clip(end + rng.normal(0, JITTER), 0, 1))) for end in window]
    scale = ratio * (AREA / (width * height)) ** 0.5
    cut = ink[y : y + height, ends[0] : max(ends[1], ends[0] + 1)]
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    return resampled(cut, size)


def _joined(left: Grey, right: Grey, plan: SplicePlan) -> Grey:
    """Both on one field, the middle of the right one a step above or below that of the left one."""
    tall = max(len(left), len(right))
    gap, step = round(plan.gap * tall), round(plan.step * tall)
    height = tall + 2 * abs(step)
    start = max(1, left.shape[1] + gap)
    field = np.zeros((height, max(left.shape[1], start + right.shape[1])), np.uint8)
    for piece, x, offset in ((left, 0, 0), (right, start, step)):
        y = (height - len(piece)) // 2 + offset
        part = field[y : y + len(piece), x : x + piece.shape[1]]
        np.maximum(part, piece, out=part)
    return field
