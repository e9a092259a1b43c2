"""Signers and their specimens, read from the public verification sets.

Two kinds of specimen answer alike: a scanned one holds its ink as a mask, a drawn one holds the pen's path
and is drawn anew, with another pen, every time it is asked for.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from training.common.pixels import cut_to_ink, decoded_grey, resampled
from training.synthesis import strokes
from worker.errors import WrongUse
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.crops import HEIGHT, WIDTH, ink_mask
from worker.vision.values import Grey

#: Training masks are kept at twice the encoder's size, so that pens can be thickened and thinned.
CANVAS = (2 * WIDTH, 2 * HEIGHT)
#: Points per unit of canvas width after resampling by arc length; corner spacing would tell the label.
STEP = 6.0


class Specimen(Protocol):
    """One signature that can be asked for its ink."""

    def mask(self, pen: np.random.Generator | None = None) -> Grey:
        """The ink (255 on 0) about CANVAS in size; `pen` draws drawn specimens with a random width."""
        ...


@dataclass(frozen=True)
class Scanned:
    """A specimen from an image."""

    ink: Grey

    def mask(self, pen: np.random.Generator | None = None) -> Grey:
        """The ink as scanned, whatever the pen."""
        return self.ink


@dataclass(frozen=True)
class Drawn:
    """A specimen from a tablet: pen-down paths of (n, 2) float32 points in canvas pixels, y downwards."""

    paths: tuple[npt.NDArray[np.float32], ...]

    def mask(self, pen: np.random.Generator | None = None) -> Grey:
        """The path drawn with a pen of 2 to 7 canvas pixels, 4 without `pen`."""
        width = 4 if pen is None else int(pen.integers(2, 8))
        canvas = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
        corners = [np.round(path * 16).astype(np.int32) for path in self.paths]
        cv2.polylines(canvas, corners, False, 255, width, cv2.LINE_AA, shift=4)
        return canvas


@dataclass
class SignerSpecimens:
    """One writer of one set with genuine specimens and skilled forgeries of them."""

    source: str
    name: str
    genuine: list[Specimen] = field(default_factory=list)
    forged: list[Specimen] = field(default_factory=list)

    def add(self, specimen: Specimen, *, genuine: bool) -> None:
        """Put the specimen where it belongs."""
        (self.genuine if genuine else self.forged).append(specimen)


def bhsig(folder: Path, split: str, *, shrink: bool = True) -> list[SignerSpecimens]:
    """The signers of one split ("train", "validation", "test") of BHSig260-Hindi, exact duplicates dropped.

    `shrink` reduces masks to CANVAS for training; evaluation asks for the images as they are.
    """
    rows = [row for row in _rows(folder / "manifest.csv") if row["split"] == split]
    with zipfile.ZipFile(folder / "images.zip") as images:
        specimens = (
            (row["writer"], row["label"] == "genuine", _scan(images.read(row["file"]), shrink=shrink))
            for row in _distinct(rows)
        )
        return _grouped("bhsig", specimens)


def read_cedar(folder: Path, *, shrink: bool = False) -> list[SignerSpecimens]:
    """All 55 signers of CEDAR, for evaluation alone."""
    specimens = (
        (row["writer"], row["label"] == "genuine", _scan((folder / row["file"]).read_bytes(), shrink=shrink))
        for row in _rows(folder / "manifest.csv")
    )
    return _grouped("cedar", specimens)


def read_dutch(folder: Path, *, shrink: bool = False) -> list[SignerSpecimens]:
    """The Dutch signers of SigComp2011, for evaluation alone."""
    with zipfile.ZipFile(folder / "images.zip") as images:
        specimens = (
            (row["writer"], row["label"] == "genuine", _scan(images.read(row["file"]), shrink=shrink))
            for row in _rows(folder / "manifest.csv")
        )
        return _grouped("dutch", specimens)


def crossmedia(folder: Path) -> list[SignerSpecimens]:
    """The 100 volunteers of the cross-media set, one signer per volunteer and name; genuine alone."""
    with zipfile.ZipFile(folder / "images.zip") as images:
        specimens = (
            (f"{row['volunteer']}/{row['name_prompt']}", True, _scan(images.read(row["file"]), shrink=True))
            for row in _rows(folder / "manifest.csv")
        )
        return _grouped("crossmedia", specimens)


def tobacco(folder: Path) -> list[SignerSpecimens]:
    """Authors of Tobacco800 with two signatures or more, cut from their pages and cleaned; genuine alone."""
    pages = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    cleaner = load_cleaner(Cleaning.CLASSICAL)
    rows = (
        (box["author_id"], True, Scanned(_shrunk(ink)))
        for page in pages
        for box in page["boxes"]
        if box["label"] == "signature" and box.get("author_id")
        for ink in [ink_mask(cleaner.clean(_cut(folder / page["image"], box)))]
        if ink.any()
    )
    return [signer for signer in _grouped("tobacco800", rows) if len(signer.genuine) > 1]


def online(path: Path) -> list[SignerSpecimens]:
    """The signers of SVC2004 or SUSIG, resampled by arc length and smoothed."""
    with np.load(path) as archive:
        data = {name: archive[name] for name in archive.files}
    corpora = data.get("corpus", np.full(len(data["writer"]), path.stem))
    writers = [f"{corpus}/{writer}" for corpus, writer in zip(corpora, data["writer"], strict=True)]
    paths = (_drawn(data, i) for i in range(len(writers)))
    rows = ((w, bool(g), p) for w, g, p in zip(writers, data["genuine"], paths, strict=True) if p is not None)
    return _grouped(path.stem, rows)


def folders(root: Path, *, shrink: bool = True) -> list[SignerSpecimens]:
    """A user's own signers: images in ROOT/NAME/genuine and, where there are any, ROOT/NAME/forged.

    Raises WrongUse when a signer has no genuine specimen, or a file cannot be read as an image.
    """
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    signers = [_folder(root, name, shrink=shrink) for name in names]
    lacking = [signer.name for signer in signers if not signer.genuine]
    if lacking or not signers:
        where = ", ".join(lacking) or root
        raise WrongUse(f"{root} needs folders NAME/genuine with images; there are none in: {where}")
    return signers


def _folder(root: Path, name: str, *, shrink: bool) -> SignerSpecimens:
    signer = SignerSpecimens("own", name)
    for kind in ("genuine", "forged"):
        for path in sorted((root / name / kind).glob("*")):
            try:
                signer.add(_scan(path.read_bytes(), shrink=shrink), genuine=kind == "genuine")
            except ValueError as error:
                raise WrongUse(f"{path} cannot be read as an image") from error
    return signer


def invented(seeds: Iterable[int], *, specimens: int = 12) -> list[SignerSpecimens]:
    """Synthetic signers, one a seed, with genuine specimens and imitations."""
    return [_invented(seed, specimens) for seed in seeds]


def _invented(seed: int, specimens: int) -> SignerSpecimens:
    hand, rng = strokes.InventedSigner.from_seed(seed), np.random.default_rng([seed, 1])
    signer = SignerSpecimens("drawn", str(seed))
    for act, genuine in ((strokes.sign, True), (strokes.forge, False)):
        for _ in range(specimens):
            signer.add(Drawn(on_canvas([trace[:, :2] for trace in act(hand, rng).traces])), genuine=genuine)
    return signer


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _distinct(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Rows without the second and later members of a group of exact duplicates."""
    seen: set[str] = set()
    for row in rows:
        group = row["duplicate_group"]
        if group and group in seen:
            continue
        seen.add(group)
        yield row


def _grouped(source: str, specimens: Iterable[tuple[str, bool, Specimen]]) -> list[SignerSpecimens]:
    signers: dict[str, SignerSpecimens] = {}
    for writer, genuine, specimen in specimens:
        signers.setdefault(writer, SignerSpecimens(source, writer)).add(specimen, genuine=genuine)
    return sorted(signers.values(), key=lambda signer: _natural(signer.name))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name) if part]


def _scan(data: bytes, *, shrink: bool) -> Scanned:
    image = decoded_grey(data)
    return Scanned(_shrunk(ink_mask(image)) if shrink else image)


def _shrunk(mask: Grey) -> Grey:
    """The mask's content, brought down to CANVAS where it is larger."""
    inner = cut_to_ink(mask)
    height, width = inner.shape
    scale = min(CANVAS[0] / width, CANVAS[1] / height, 1.0)
    return resampled(inner, (max(1, round(width * scale)), max(1, round(height * scale))))


def _cut(page: Path, box: dict[str, float]) -> Grey:
    """The part of a page that lies in a box."""
    with Image.open(page) as image:
        left, top = round(box["x"]), round(box["y"])
        right, bottom = round(box["x"] + box["width"]), round(box["y"] + box["height"])
        return np.asarray(image.convert("L").crop((left, top, right, bottom)), np.uint8)


def _drawn(data: dict[str, npt.NDArray[np.generic]], index: int) -> Drawn | None:
    """Signature `index` on the canvas, or None where the tablet recorded next to nothing."""
    a, b = int(data["offset"][index]), int(data["offset"][index + 1])
    points = np.stack([data["x"][a:b], -data["y"][a:b].astype(np.float64)], axis=1).astype(np.float64)
    if b - a < 10 or not np.ptp(points, axis=0).all():
        return None
    ends = np.flatnonzero(~data["pen_down"][a:b].astype(bool)) + 1
    parts = [part for part in np.split(points, ends) if len(part) > 1]
    return Drawn(on_canvas(parts)) if parts else None


def on_canvas(parts: list[npt.NDArray[np.float64]]) -> tuple[npt.NDArray[np.float32], ...]:
    """Strokes fitted to the canvas, resampled."""
    points = np.concatenate(parts)
    low, extent = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
    margin = 16
    scale = min((CANVAS[0] - 2 * margin) / extent[0], (CANVAS[1] - 2 * margin) / extent[1])
    return tuple(_resampled(margin + (part - low) * scale) for part in parts)


def _resampled(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Points at equal distances along the path, smoothed so that no sampling rate shows."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(2, int(lengths[-1] / STEP * 3))
    at = np.linspace(0, lengths[-1], count)
    even = np.stack([np.interp(at, lengths, points[:, axis]) for axis in (0, 1)], axis=1)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.4) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(even, ((4, 4), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(padded[:, axis], kernel, mode="valid") for axis in (0, 1)], axis=1)
    return smooth.astype(np.float32)
