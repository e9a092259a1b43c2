"""Drawn signatures for tests: a looping line, the same for the same seed, with any pen and on any paper."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.values import Grey, Pixels


def signature(
    seed: int, *, wobble: int | None = None, scale: float = 1.0, pen: int = 4, ink: int = 30, paper: int = 240
) -> Grey:
    """The signature of a person (`seed`), written anew for each `wobble`; 360 by 150 pixels at scale 1."""
    image = np.full((round(150 * scale), round(360 * scale)), paper, np.uint8)
    points = np.round(_line(seed, wobble) * scale * 16).astype(np.int32)
    cv2.polylines(image, [points], False, ink, max(1, round(pen * scale)), cv2.LINE_AA, shift=4)
    return image


def coloured(image: Grey) -> Pixels:
    """The grey image as RGB."""
    return np.repeat(image[:, :, None], 3, axis=2)


def _line(seed: int, wobble: int | None) -> npt.NDArray[np.float64]:
    """Loops on a line from left to right: three waves whose pitch, height and phase are the person's."""
    rng = np.random.default_rng(seed)
    pitch, phase = rng.uniform([2, 4, 7], [4, 7, 11]), rng.uniform(0, 2 * np.pi, (2, 3))
    height, reach = rng.uniform([18, 12, 5], [30, 22, 10]), rng.uniform(8, 25, 3)
    if wobble is not None:
        hand = np.random.default_rng([seed, wobble])
        phase, height = phase + hand.normal(0, 0.08, (2, 3)), height * hand.normal(1, 0.04, 3)
    t = np.linspace(0, 1, 400)[:, None]
    waves = 2 * np.pi * pitch * t
    x = 45 + 270 * t[:, 0] + (reach * np.sin(waves + phase[0])).sum(axis=1) / 2
    y = 75 + (height * np.sin(waves + phase[1])).sum(axis=1) * 0.9
    return np.stack([np.clip(x, 8, 352), np.clip(y, 8, 142)], axis=1)
