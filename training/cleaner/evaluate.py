"""Measuring cleaners: strokes against known truth, and the verifier's errors on dirty and on clean crops.

References are clean and on file; queries are made dirty by chance that no training saw. Both go through the
same cleaner, as they do in a worker.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.cleaner import pairs
from training.cleaner.dirt import Pair, soil
from training.common.console import Notice
from training.common.statistics import Estimate, sums_estimate
from training.provenance import commit
from training.verifier import metrics, protocol, readers, scoring
from training.verifier.metrics import Trials
from training.verifier.protocol import Gallery
from training.verifier.readers import SignerSpecimens
from worker.vision import weights
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import (
    Cleaner,
    Finder,
    by_network,
    by_rules,
    load_cleaner,
    whiten,
    without_ink,
)
from worker.vision.cleaning.learned import load_network
from worker.vision.crops import dark_pixels, grey, ink_mask, normalise
from worker.vision.values import Embeddings, Grey, Pixels
from worker.vision.verification.encoder import Encoder, load_encoder
from worker.vision.verification.matcher import Matcher, load_matcher

#: Genuine specimens of each writer, and forgeries, that are measured.
SPECIMENS = 3
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CleaningCase:
    """One specimen: whose it is, its scan, and the same strokes made dirty."""

    writer: int
    genuine: bool
    scan: Grey
    soiled: Pair


@dataclass(frozen=True)
class StrokeShares:
    """How well a cleaner told strokes from dirt, with 95 % intervals over writers.

    A kept pixel counts as stroke when it is one or touches one. `recall` is the share of dark stroke pixels
    that were kept; `invented` is kept ink that is no stroke, as a share of all strokes.
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    invented: Estimate


@dataclass(frozen=True)
class Errors:
    """The verifier's equal error rates with one clean reference, for one cleaner and one kind of query."""

    skilled: Estimate
    random: Estimate


@dataclass(frozen=True)
class CleanerFigures:
    """One cleaner on one set; `touched` is the share of clean crops of which it took any ink."""

    strokes: StrokeShares
    dirty: Errors
    clean: Errors
    touched: float


@dataclass(frozen=True)
class CleanerSetReport:
    """One set: its size, and figures by cleaner. `perfect` is a cleaner that knows the truth."""

    writers: int
    specimens: int
    #: Genuine queries, skilled forgeries, other writers' genuine queries.
    trials: tuple[int, ...]
    figures: dict[str, CleanerFigures]
    perfect: Errors


@dataclass(frozen=True)
class CleanerReport:
    """All sets, with what must be known to repeat the measurement."""

    date: str
    commit: str
    digests: dict[str, str]
    sets: dict[str, CleanerSetReport]


def measure_cleaners(
    data: Path, *, folder: Path = weights.WEIGHTS_DIR, notice: Notice = lambda stage: None
) -> CleanerReport:
    """Measure the shipped cleaners with the shipped verifier on BHSig writers 121-160 and all of CEDAR."""
    judge = Judge(load_encoder(folder=folder), load_matcher(folder))
    cleaners = shipped_cleaners(folder)
    verification = data / "verification"
    signers = {
        "BHSig260-Hindi test": readers.bhsig(verification / "bhsig_hindi", "test", shrink=False),
        "CEDAR": readers.read_cedar(verification / "cedar"),
    }
    reports = {}
    for number, (name, people) in enumerate(signers.items()):
        notice(name)
        reports[name] = measure_cases(cases(people, (pairs.MEASURE, number)), cleaners, judge)
    names = ("cleaner", "encoder", "matcher")
    digests = {name: weights.entry(name, folder).sha256 for name in names}
    return CleanerReport(datetime.datetime.now(datetime.UTC).date().isoformat(), commit(), digests, reports)


def shipped_cleaners(folder: Path = weights.WEIGHTS_DIR) -> dict[str, Cleaner]:
    """What may be chosen, by name, and the classical rules followed by the network."""
    made = {method.value: load_cleaner(method, folder=folder) for method in Cleaning}
    both = Cleaner(Cleaning.LEARNED, "both", in_turn(by_rules, by_network(load_network(folder))))
    return {**made, "classical, then learned": both}


def in_turn(*finders: Finder) -> Finder:
    """Each finder on what the ones before it have left."""

    def find(crop: Pixels | Grey, whitened: Grey, mask: Grey) -> Grey:
        kept = mask
        for finder in finders:
            kept = finder(crop, without_ink(whitened, mask, kept), kept)
        return kept

    return find


def cases(
    signers: Sequence[SignerSpecimens], seed: Sequence[int], *, specimens: int = SPECIMENS
) -> list[CleaningCase]:
    """The first genuine specimens and forgeries of every signer, each made dirty once."""
    chosen = [
        (writer, is_genuine, specimen.mask())
        for writer, signer in enumerate(signers)
        for kind, is_genuine in ((signer.genuine, True), (signer.forged, False))
        for specimen in kind[:specimens]
    ]
    return [
        CleaningCase(writer, is_genuine, scan, soil(ink_mask(scan), np.random.default_rng((*seed, number))))
        for number, (writer, is_genuine, scan) in enumerate(chosen)
    ]


@dataclass(frozen=True)
class Judge:
    """The verifier that the cleaners are measured with."""

    encoder: Encoder
    matcher: Matcher
    known: dict[bytes, npt.NDArray[np.float32]] = field(default_factory=dict)

    def embed(self, images: Sequence[Grey]) -> Embeddings:
        """Embeddings of images; those that came out the same are encoded once."""
        normals = [normalise(image) for image in images]
        keys = [normal.tobytes() for normal in normals]
        new = {key: normal for key, normal in zip(keys, normals, strict=True) if key not in self.known}
        self.known.update(zip(new, self.encoder.encode(list(new.values())), strict=True))
        return np.stack([self.known[key] for key in keys])

    def errors(self, gallery: Gallery, on_file: Embeddings, asked: Embeddings) -> Errors:
        """Error rates of `asked` against references `on_file`, both in the gallery's order."""
        skilled, random = (
            metrics.eer_estimate(self.trials(gallery, on_file, asked), against)
            for against in ("skilled", "random")
        )
        return Errors(skilled, random)

    def trials(self, gallery: Gallery, on_file: Embeddings, asked: Embeddings) -> list[Trials]:
        """The verifier's trials, one reference at a time."""
        scored = scoring.within(gallery, on_file, self.matcher, queries=asked)
        return protocol.trials(protocol.draws(scored, gallery, count=1), protocol.mean)


def measure_cases(
    cases: Sequence[CleaningCase],
    cleaners: Mapping[str, Cleaner],
    judge: Judge,
) -> CleanerSetReport:
    """Measure each cleaner on the same cases."""
    writers, genuine = np.array([one.writer for one in cases]), np.array([one.genuine for one in cases])
    gallery = Gallery([], writers, genuine)
    figures = {}
    for name, cleaner in cleaners.items():
        dirty = [cleaner.clean(one.soiled.dirty) for one in cases]
        clean = [cleaner.clean(one.scan) for one in cases]
        on_file = judge.embed(clean)
        figures[name] = CleanerFigures(
            strokes=stroke_shares(np.stack(list(_counts(cases, dirty))), writers),
            dirty=judge.errors(gallery, on_file, judge.embed(dirty)),
            clean=judge.errors(gallery, on_file, on_file),
            touched=float(
                np.mean([_touched(one.scan, image) for one, image in zip(cases, clean, strict=True)])
            ),
        )
    on_file = judge.embed([one.scan for one in cases])
    asked = judge.embed([_perfect(one.soiled) for one in cases])
    tried = judge.trials(gallery, on_file, asked)
    return CleanerSetReport(
        writers=len(np.unique(writers)),
        specimens=len(cases),
        trials=tuple(
            sum(len(getattr(one, kind)) for one in tried) for kind in ("genuine", "skilled", "random")
        ),
        figures=figures,
        perfect=judge.errors(gallery, on_file, asked),
    )


def stroke_shares(counts: Counts, writers: npt.NDArray[np.int64]) -> StrokeShares:
    """Shares from `counts`, one row a crop: kept, kept at strokes, kept strokes, dark strokes."""
    by_writer = np.stack([counts[writers == writer].sum(axis=0) for writer in np.unique(writers)])
    kept, near, both, dark = range(4)

    def precision(sums: Counts) -> Counts:
        return sums[:, near] / np.maximum(sums[:, kept], 1)

    def recall(sums: Counts) -> Counts:
        return sums[:, both] / np.maximum(sums[:, dark], 1)

    def f1(sums: Counts) -> Counts:
        p, r = precision(sums), recall(sums)
        return 2 * p * r / np.maximum(p + r, 1e-9)

    def invented(sums: Counts) -> Counts:
        return (sums[:, kept] - sums[:, near]) / np.maximum(sums[:, dark], 1)

    return StrokeShares(*(sums_estimate(by_writer, share) for share in (precision, recall, f1, invented)))


def _counts(cases: Sequence[CleaningCase], cleaned: Sequence[Grey]) -> Iterator[Counts]:
    for case, image in zip(cases, cleaned, strict=True):
        truth = case.soiled.strokes > 0
        dark = dark_pixels(whiten(grey(case.soiled.dirty))) > 0
        kept = dark & (image < 255)
        near = cv2.dilate(case.soiled.strokes, np.ones((3, 3), np.uint8)) > 0
        masks = (kept, kept & near, kept & truth, dark & truth)
        yield np.array([np.count_nonzero(mask) for mask in masks], np.float64)


def _touched(scan: Grey, cleaned: Grey) -> bool:
    """Whether any of a scan's ink is gone."""
    return bool(((dark_pixels(scan) > 0) & (cleaned == 255)).any())


def _perfect(soiled: Pair) -> Grey:
    """The crop without all that is no stroke, as if the truth were known."""
    whitened = whiten(grey(soiled.dirty))
    mask = dark_pixels(whitened)
    near = cv2.dilate(soiled.strokes, np.ones((3, 3), np.uint8))
    return without_ink(whitened, mask, np.asarray(cv2.bitwise_and(mask, near), np.uint8))
