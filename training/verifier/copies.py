"""How rarely two acts of writing are taken for one, and how often a copy is found."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from training.common.console import Notice
from training.common.degradations import blurred, compressed, noisy, one_bit, skewed
from training.common.pixels import scaled
from training.common.shares import Share
from training.provenance import commit
from training.verifier import readers
from training.verifier.readers import Drawn, SignerSpecimens, Specimen
from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.copies.likeness import SAME_INK, likeness
from worker.vision.copies.outlines import nearest, outline
from worker.vision.copies.skeleton import Skeleton, fingerprint, skeleton
from worker.vision.crops import ink_mask
from worker.vision.values import Grey, Pixels

_Rng = np.random.Generator

#: Width in pixels of a signature scanned as it is: 5 cm at 200 dpi.
SCANNED_WIDTH = 400
#: Candidates that a worker lays over a query; the search is measured with as many.
CANDIDATES = 8


@dataclass(frozen=True)
class Pairs:
    """Pairs of one signer's genuine specimens in a set: how many look like one act, and which."""

    false_alarms: Share
    #: Pairs in which one has too little ink to tell; they are never flagged.
    too_little: int
    #: 50, 99 and 99.9 % quantiles and the maximum of the similarity.
    similarity: tuple[float, ...]
    flagged: list[tuple[str, int, int, float]]


@dataclass(frozen=True)
class Rescan:
    """What happened to a signature between two scans; angles in degrees, `loose` in shares of its size."""

    scale: float = 1.0
    turn: float = 0.0
    loose: float = 0.05
    #: `grey`, `jpeg` or `1bit`, the last with its threshold between ink (0) and paper (1).
    mode: str = "grey"
    threshold: float = 0.5
    line: bool = False
    print: bool = False


#: What is measured, by name; `anything` draws all of it at random.
CONDITIONS: dict[str, Rescan | None] = {
    "scanned again": Rescan(),
    "at 70 %": Rescan(scale=0.7),
    "at 140 %": Rescan(scale=1.4),
    "turned 3°": Rescan(turn=3.0),
    "turned 8°": Rescan(turn=-8.0),
    "JPEG": Rescan(mode="jpeg"),
    "1 bit, thin": Rescan(mode="1bit", threshold=0.35),
    "1 bit, thick": Rescan(mode="1bit", threshold=0.75),
    "cropped loosely": Rescan(loose=0.25),
    "ruled line through it": Rescan(line=True, loose=0.15),
    "print through it": Rescan(print=True, loose=0.15),
    "anything of these": None,
}


@dataclass(frozen=True)
class CopiesReport:
    """Both rates, with what must be known to repeat the measurement."""

    date: str
    commit: str
    cleaner: str
    threshold: float
    pairs: dict[str, Pairs] = field(default_factory=dict)
    copies: dict[str, Share] = field(default_factory=dict)
    #: Copies of the last condition whose original is among the first candidates of so many signatures.
    searched: Share | None = None
    among: int = 0


def measure_copies(
    data: Path, cleaner: Cleaner, *, pairs: bool = True, notice: Notice = lambda stage: None
) -> CopiesReport:
    """Measure all genuine pairs of the known sets, and copies of one specimen of every test signer.

    Without `pairs` only the copies, sought among CEDAR's specimens in place of all.
    """
    judged: dict[str, Pairs] = {}
    gallery: list[bytes] = []
    for name, read in _sets(data / "verification").items():
        if not pairs and name != "CEDAR":
            continue
        notice(name)
        signers = read()
        prepared = [[_strokes(specimen) for specimen in signer.genuine] for signer in signers]
        if pairs:
            judged[name] = genuine_pairs([signer.name for signer in signers], prepared)
        gallery += [outline(one) for signer in prepared for one in signer]
    shares, searched = _copies(data / "verification", gallery, cleaner, notice)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return CopiesReport(today, commit(), cleaner.version, SAME_INK, judged, shares, searched, len(gallery))


def genuine_pairs(names: Sequence[str], prepared: Sequence[Sequence[Skeleton]]) -> Pairs:
    """Lay every two genuine specimens of a signer over each other."""
    similarities: list[float] = []
    flagged = []
    too_little = 0
    for name, specimens in zip(names, prepared, strict=True):
        for (i, first), (j, second) in combinations(enumerate(specimens), 2):
            similarity = likeness(first, second).similarity
            similarities.append(similarity)
            too_little += not (first.enough and second.enough)
            if similarity >= SAME_INK:
                flagged.append((name, i, j, round(similarity, 3)))
    quantiles = np.quantile(similarities, (0.5, 0.99, 0.999, 1.0))
    alarms = Share(len(flagged), len(similarities))
    return Pairs(alarms, too_little, tuple(round(float(one), 3) for one in quantiles), flagged)


def rescanned(ink: Grey, how: Rescan, rng: _Rng) -> Pixels:
    """A signature (dark on white) as a scanner delivers it: (h, w, 3) uint8, cut out about its box.

    Paper, ink, blur, noise and the place between two pixels are drawn anew for every scan.
    """
    page, dark, light = _toned(_placed(ink, how, rng), rng)
    rows, columns = np.nonzero(page < light - 0.5 * (light - dark))
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    if how.line:
        level = int(top + (bottom - top) * rng.uniform(0.4, 0.95))
        end = (page.shape[1], level + int(rng.integers(-2, 3)))
        cv2.line(page, (0, level), end, dark, int(rng.integers(1, 4)))
    if how.print:
        place = (int(left + rng.integers(-20, 20)), int(top + (bottom - top) * rng.uniform(0.3, 1.1)))
        cv2.putText(page, "Name of the signatory", place, cv2.FONT_HERSHEY_DUPLEX, 0.55, dark, 1, cv2.LINE_AA)
    down, across = (max(4, int(how.loose * extent)) for extent in (bottom - top, right - left))
    before, after = rng.integers(2, across + 1, 2)
    cut = page[max(0, top - down) : bottom + down + 1, max(0, left - before) : right + after + 1]
    return np.repeat(_delivered(cut, how, dark + how.threshold * (light - dark), rng)[..., None], 3, axis=2)


def anything(rng: _Rng) -> Rescan:
    """Every change at once, each as strong as chance will have it."""
    return Rescan(
        scale=float(rng.uniform(0.7, 1.4)),
        turn=float(rng.uniform(-3, 3)),
        loose=float(rng.uniform(0, 0.25)),
        mode=str(rng.choice(["grey", "jpeg", "1bit"])),
        threshold=float(rng.uniform(0.35, 0.75)),
        line=bool(rng.random() < 0.25),
        print=bool(rng.random() < 0.25),
    )


def _copies(
    folder: Path, gallery: Sequence[bytes], cleaner: Cleaner, notice: Notice
) -> tuple[dict[str, Share], Share]:
    """The share of copies found per condition, and of the last one's originals among the candidates."""
    originals = [_white(signer.genuine[0]) for signer in _test_signers(folder)]
    rng = np.random.default_rng(1)
    shares: dict[str, Share] = {}
    ranked = 0
    for name, how in CONDITIONS.items():
        notice(f"copies: {name}")
        hits = 0
        for ink in originals:
            first = _read(rescanned(ink, Rescan(), rng), cleaner)
            second = _read(rescanned(ink, how or anything(rng), rng), cleaner)
            hits += likeness(second, first).similarity >= SAME_INK
            if how is None:
                original = len(gallery)
                ranked += original in nearest(second, [*gallery, outline(first)], top=CANDIDATES)
        shares[name] = Share(hits, len(originals))
    return shares, Share(ranked, len(originals))


def _sets(folder: Path) -> dict[str, Callable[[], list[SignerSpecimens]]]:
    bhsig, online = folder / "bhsig_hindi", ("susig", "svc2004")
    return {
        "CEDAR": lambda: readers.read_cedar(folder / "cedar"),
        "cross-media, by name": lambda: readers.crossmedia(folder / "crossmedia_cn"),
        **{name: partial(readers.online, folder / f"{name}.npz") for name in online},
        **{
            f"BHSig260-Hindi {split}": partial(readers.bhsig, bhsig, split, shrink=False)
            for split in ("train", "validation", "test")
        },
    }


def _test_signers(folder: Path) -> list[SignerSpecimens]:
    """Every second signer of the test sets: each is copied once for every condition."""
    test = readers.bhsig(folder / "bhsig_hindi", "test", shrink=False)
    return [*test[::2], *readers.read_cedar(folder / "cedar")[::2]]


def _strokes(specimen: Specimen) -> Skeleton:
    """A specimen as it is: these sets hold nothing that would have to be cleaned away."""
    ink = specimen.mask() if isinstance(specimen, Drawn) else ink_mask(_white(specimen))
    return skeleton(fingerprint(ink))


def _read(crop: Pixels, cleaner: Cleaner) -> Skeleton:
    """A crop as the pipeline reads it."""
    return skeleton(fingerprint(ink_mask(cleaner.clean(crop))))


def _white(specimen: Specimen) -> Grey:
    """A scanned specimen dark on white; some sets hold masks, which are light on black."""
    mask = specimen.mask()
    return np.asarray(255 - mask if np.median(mask) < 128 else mask, np.uint8)


def _placed(ink: Grey, how: Rescan, rng: _Rng) -> Grey:
    """Turned, scaled and moved by parts of a pixel, on paper that holds it."""
    margin = int(0.3 * max(ink.shape))
    wide = np.pad(ink, margin, constant_values=255)
    size = how.scale * SCANNED_WIDTH / ink.shape[1]
    rescaled = scaled(skewed(wide, how.turn, paper=255), size)
    moved = np.hstack([np.eye(2), rng.uniform(0, 1, (2, 1))])
    return np.asarray(cv2.warpAffine(rescaled, moved, rescaled.shape[::-1], borderValue=255), np.uint8)


def _toned(page: Grey, rng: _Rng) -> tuple[Grey, int, int]:
    """Blurred, in the greys of ink and paper, with noise; and these two greys."""
    dark, light = int(rng.integers(20, 111)), int(rng.integers(225, 251))
    soft = blurred(page, rng.uniform(0.4, 1.1)).astype(np.float32)
    toned = noisy(dark + soft / 255 * (light - dark), rng.normal(0, rng.uniform(0, 5), soft.shape))
    return toned, dark, light


def _delivered(page: Grey, how: Rescan, threshold: float, rng: _Rng) -> Grey:
    if how.mode == "1bit":
        return one_bit(page, threshold)
    if how.mode == "jpeg":
        return compressed(page, int(rng.integers(30, 81)))
    return np.ascontiguousarray(page)
