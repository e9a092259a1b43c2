"""A clean signature made dirty as paper, forms, offices and scanners do it, with the strokes known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.cleaner.layers import (
    SoiledSheet,
    draw_bleed,
    draw_frame,
    draw_label,
    draw_print,
    draw_rules,
    draw_stamp,
    soft_noise,
)
from training.common.degradations import blurred, compressed, one_bit, skewed
from training.common.pixels import cut_to_ink, in_grey, resampled, to_pixels
from training.synthesis.ink import Colour, Coverage, stain
from worker.vision.values import Grey, Pixels

_Rng = np.random.Generator

DPI, DPI_SHARES = (100, 150, 200, 300), (0.15, 0.35, 0.35, 0.15)
#: Width of a signature in millimetres, and its greatest height.
WIDTH_MM, MAX_HEIGHT_MM = (38.0, 75.0), 32.0
#: Coverage from which a pixel counts as stroke.
STROKE = 0.35
#: Share of pairs that are only placed, inked and scanned: what is clean must stay.
UNSOILED = 0.12

_PENS: tuple[Colour, ...] = (
    *((24, 24, 30), (28, 52, 140), (44, 78, 190)),
    *((20, 30, 84), (50, 50, 56), (90, 90, 95)),
)
_PRINTS: tuple[Colour, ...] = (
    *((15, 15, 15), (40, 40, 40), (90, 90, 90)),
    *((140, 140, 140), (30, 60, 130), (150, 30, 40)),
)
_STAMPS: tuple[Colour, ...] = (
    *((80, 80, 85), (130, 130, 130), (90, 50, 150)),
    *((180, 40, 40), (30, 80, 155), (30, 110, 70)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A crop as a detector would cut it, and which of its pixels (255) are strokes."""

    dirty: Pixels
    strokes: Grey


def soil(ink: Grey, rng: _Rng) -> Pair:
    """Place a mask of ink (255 on 0, soft edges allowed) on a sheet, soil it, scan it; `rng` decides all."""
    sheet, strokes = _placed(ink, rng)
    pixels = _paper(sheet)
    layers = _layers(sheet) if rng.random() >= UNSOILED else []
    over = [rng.random() < 0.25 for _ in layers]
    for (cover, colour), is_over in zip(layers, over, strict=True):
        if not is_over:
            stain(pixels, cover, colour)
    stain(pixels, strokes * _pressure(sheet), _pick(_PENS, rng))
    for (cover, colour), is_over in zip(layers, over, strict=True):
        if is_over:
            stain(pixels, cover, colour)
    truth = np.where(strokes >= STROKE, np.uint8(255), np.uint8(0))
    return Pair(_scanned(pixels, sheet), truth)


def _placed(ink: Grey, rng: _Rng) -> tuple[SoiledSheet, Coverage]:
    """The strokes at a document's resolution, a little turned, with the room that detectors leave."""
    mm = float(rng.choice(DPI, p=DPI_SHARES)) / 25.4
    inner = cut_to_ink(ink)
    height, width = inner.shape
    scale = min(rng.uniform(*WIDTH_MM), MAX_HEIGHT_MM * width / height) * mm / width
    size = max(8, round(width * scale)), max(4, round(height * scale))
    small = resampled(inner, size, enlarging=cv2.INTER_CUBIC)
    room = 0.35 * min(size) + 4 * mm
    left, top, right, bottom = (int(edge) for edge in rng.uniform(0.1, 1.0, 4) ** 2 * room + 2)
    placed = np.pad(small, ((top, bottom), (left, right)))
    strokes = skewed(placed, float(rng.uniform(-3, 3)), paper=0).astype(np.float32) / np.float32(255)
    shape = placed.shape[0], placed.shape[1]
    return SoiledSheet(shape, mm, (left, top, *size), rng), strokes


def _layers(sheet: SoiledSheet) -> list[tuple[Coverage, Colour]]:
    """One to four kinds of dirt, each with its colour."""
    rng = sheet.rng
    kinds: list[tuple[Callable[[SoiledSheet], Grey], float, tuple[Colour, ...]]] = [
        (draw_rules, 0.5, _PRINTS),
        (draw_frame, 0.2, _PRINTS),
        (draw_print, 0.5, _PRINTS),
        (draw_label, 0.25, _PRINTS),
        (draw_stamp, 0.25, _STAMPS),
    ]
    chosen = [(draw, shades) for draw, share, shades in kinds if rng.random() < share] or [
        (draw_rules, _PRINTS)
    ]
    layers: list[tuple[Coverage, Colour]] = []
    for draw, shades in chosen:
        cover = draw(sheet).astype(np.float32) * np.float32(rng.uniform(0.7, 1.0) / 255)
        layers.append((cover.astype(np.float32), _pick(shades, rng)))
    if rng.random() < 0.15:
        layers.append((draw_bleed(sheet), (60, 60, 60)))
    return layers


def _paper(sheet: SoiledSheet) -> npt.NDArray[np.float32]:
    """Tinted, unevenly lit, slightly cloudy paper: (height, width, 3) in [0, 255]."""
    rng = sheet.rng
    tint = 255 - rng.uniform(0, 1) ** 2 * np.array([30, 38, 60]) * rng.uniform(0.3, 1.0, 3)
    light = 1 + soft_noise(sheet.shape, rng, grain=0.02) * np.float32(rng.uniform(0, 0.06))
    if rng.random() < 0.3:
        slope = np.linspace(0, 1, sheet.shape[1], dtype=np.float32)[None, :] ** 2
        slope = slope if rng.random() < 0.5 else slope[:, ::-1]
        light = light * (1 - slope * np.float32(rng.uniform(0, 0.35)))
    return np.clip(light[..., None] * tint, 0, 255).astype(np.float32)


def _pressure(sheet: SoiledSheet) -> Coverage:
    """How well the pen wrote, from place to place."""
    level, spread = sheet.rng.uniform(0.6, 1.0), sheet.rng.uniform(0, 0.25)
    wrote = np.clip(level + spread * soft_noise(sheet.shape, sheet.rng, grain=0.08), 0.35, 1.0)
    return np.asarray(wrote, np.float32)


def _scanned(pixels: npt.NDArray[np.float32], sheet: SoiledSheet) -> Pixels:
    """Blur, noise and dust; then colour, grey or one bit; then JPEG at times."""
    rng = sheet.rng
    kind = str(rng.choice(("colour", "grey", "bit"), p=(0.35, 0.35, 0.3)))
    soft = blurred(pixels, float(rng.uniform(0.25, 0.4 + 0.08 * sheet.mm)))
    # What is cut to one bit was noisy: faint strokes break, and specks remain.
    noise, specks = (
        (rng.uniform(0, 28), rng.random() ** 4 * 0.02) if kind == "bit" else (rng.uniform(0, 7), 1e-4)
    )
    grain = rng.standard_normal((*sheet.shape, 1), np.float32) * np.float32(noise)
    levels = soft + grain
    levels[rng.random(sheet.shape) < specks] = rng.uniform(0, 120)
    seen = to_pixels(levels)
    if kind != "colour":
        seen = in_grey(seen)
    if kind == "bit":
        return one_bit(seen, rng.uniform(0.5, 0.8) * np.median(seen))
    if rng.random() < 0.6:
        # Red and blue stand swapped, as they did when the shipped weights were trained.
        seen = compressed(seen[..., ::-1], int(rng.integers(35, 95)))[..., ::-1]
    return np.ascontiguousarray(seen)


def _pick(colours: tuple[Colour, ...], rng: _Rng) -> Colour:
    return colours[int(rng.integers(len(colours)))]
