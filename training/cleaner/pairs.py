"""Pairs to learn from and to measure on: clean signatures with varied pens, made dirty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.cleaner.dirt import Pair, soil
from training.cleaner.settings import CleanerSettings
from training.common.pixels import decoded_grey
from training.verifier import readers, sets
from training.verifier.readers import CANVAS, Drawn, Scanned, SignerSpecimens, Specimen
from worker.vision.cleaning.cleaner import whiten
from worker.vision.cleaning.learned import fitted
from worker.vision.crops import dark_pixels, grey, ink_mask
from worker.vision.values import Grey

#: Streams of chance that never meet: training, validation, measuring, the picture of the manual.
TRAIN, VALIDATE, MEASURE, PICTURE = 11, 12, 13, 14
#: Of a user's own images every so many-th is held out.
HELD_OUT_EVERY = 10
#: Share of signatures that get a flourish.
FLOURISHES = 0.2
#: Names of files that are taken for signatures in a user's own folder.
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class Clean:
    """Clean signatures by source, each source with its share; one that is empty gives its share away."""

    sources: Sequence[tuple[Sequence[Specimen], float]]

    def draw(self, rng: np.random.Generator) -> Specimen:
        """One signature by lot."""
        filled = [(specimens, share) for specimens, share in self.sources if specimens]
        shares = np.array([share for _, share in filled])
        specimens, _ = filled[int(rng.choice(len(filled), p=shares / shares.sum()))]
        return specimens[int(rng.integers(len(specimens)))]


def invented_signatures() -> list[Specimen]:
    """Synthetic signatures, to train on."""
    return _specimens(sets.drawn_for_training())


def published(data: Path, invented: Sequence[Specimen], settings: CleanerSettings) -> tuple[Clean, Clean]:
    """To train: BHSig writers 1-100, tablet signers but for those held out, synthetic signers.

    To choose the checkpoint: BHSig writers 101-120.
    """
    training = Clean(
        (
            (_specimens(sets.scanned_for_training(data)), settings.scanned_share),
            (_specimens(sets.online_for_training(data)), settings.online_share),
            (invented, settings.drawn_share),
        )
    )
    held_out = readers.bhsig(data / "verification" / "bhsig_hindi", "validation")
    return training, Clean(((_specimens(held_out), 1.0),))


def own_images(folder: Path) -> list[Path]:
    """The images of a user's own folder, sorted; ValueError when there are fewer than ten."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    if len(files) < HELD_OUT_EVERY:
        kinds = ", ".join(sorted(IMAGES))
        raise ValueError(f"{folder} holds {len(files)} images of signatures ({kinds}); ten are the least")
    return files


def own_signatures(
    folder: Path, invented: Sequence[Specimen], settings: CleanerSettings
) -> tuple[Clean, Clean]:
    """A user's own clean signatures, one an image, in any folders below `folder`, beside synthetic signers.

    Every tenth image chooses the checkpoint instead of training. ValueError when there are fewer than ten.
    """
    scans = [Scanned(_ink(path)) for path in own_images(folder)]
    held_out = scans[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    training = [scan for i, scan in enumerate(scans) if i % HELD_OUT_EVERY != HELD_OUT_EVERY - 1]
    share = settings.scanned_share + settings.online_share
    return Clean(((training, share), (invented, settings.drawn_share))), Clean(((held_out, 1.0),))


def pair(specimen: Specimen, rng: np.random.Generator) -> Pair:
    """The specimen made dirty, after it got another pen, other proportions and, at times, a flourish."""
    ink = _drawn(specimen, rng) if isinstance(specimen, Drawn) else _another_pen(specimen.mask(), rng)
    if rng.random() < FLOURISHES:
        ink = _flourished(ink, rng)
    return soil(cv2.resize(ink, None, fx=float(rng.uniform(0.8, 1.25)), fy=1.0).astype(np.uint8), rng)


def batch(clean: Clean, size: int, seed: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Darkness, strokes and "is dark", each (size, 1, 192, 384) float32; the seed decides all."""
    rows = []
    for index in range(size):
        rng = np.random.default_rng((*seed, index))
        rows.append(example(pair(clean.draw(rng), rng)))
    columns = zip(*rows, strict=True)
    darkness, strokes, dark = (torch.from_numpy(np.stack(column))[:, None] for column in columns)
    return darkness, strokes, dark


def example(soiled: Pair) -> tuple[npt.NDArray[np.float32], ...]:
    """Darkness, strokes and "is dark" in the network's field, each (192, 384) float32."""
    whitened = whiten(grey(soiled.dirty))
    field = fitted(whitened)
    strokes = fitted(cv2.bitwise_not(soiled.strokes).astype(np.uint8)) < 128
    return (
        (1 - field.astype(np.float32) / 255).astype(np.float32),
        strokes.astype(np.float32),
        (dark_pixels(field) > 0).astype(np.float32),
    )


def _specimens(signers: Iterable[SignerSpecimens]) -> list[Specimen]:
    """Genuine and forged alike: a forger's strokes are strokes."""
    return [specimen for signer in signers for specimen in (*signer.genuine, *signer.forged)]


def _drawn(specimen: Drawn, rng: np.random.Generator) -> Grey:
    """The recorded path with a pen from hairline to felt tip."""
    canvas = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    corners = [np.round(path * 16).astype(np.int32) for path in specimen.paths]
    cv2.polylines(canvas, corners, False, 255, int(rng.integers(2, 9)), cv2.LINE_AA, shift=4)
    return canvas


def _flourished(ink: Grey, rng: np.random.Generator) -> Grey:
    """With a long sweep that is part of the signature: nearly level, slightly bent, no rule."""
    room = ink.shape[1] // 3
    canvas = cv2.copyMakeBorder(ink, room // 2, room // 2, room, room, cv2.BORDER_CONSTANT, value=0)
    x, y, width, height = cv2.boundingRect(canvas)
    t = np.linspace(0, 1, 40)[:, None]
    start = np.array([x + rng.uniform(0, 1) * width, y + rng.uniform(0.3, 1.0) * height])
    sweep = np.array([rng.choice((-1, 1)) * rng.uniform(0.3, 0.9) * width, rng.normal(0, 0.12) * width])
    bend = np.array([0.0, rng.normal(0, 0.06) * width])
    path = start + t * sweep + 4 * t * (1 - t) * bend
    corners = np.round(path * 16).astype(np.int32)
    cv2.polylines(canvas, [corners], False, 255, int(rng.integers(2, 7)), cv2.LINE_AA, shift=4)
    return np.asarray(canvas, np.uint8)


def _another_pen(ink: Grey, rng: np.random.Generator) -> Grey:
    """Thicker or thinner by blurring and cutting elsewhere; a hairline that would break stays as it is."""
    soft = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(1.0, 2.5)))
    changed = np.where(soft > rng.uniform(50, 150), np.uint8(255), np.uint8(0))
    return ink if cv2.countNonZero(changed) < 0.5 * np.count_nonzero(ink > 127) else changed


def _ink(path: Path) -> Grey:
    return ink_mask(decoded_grey(path.read_bytes(), str(path)))
