"""Choosing what ships: input size and default thresholds, on validation pages only."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.common.data import required_data
from training.detector.dataset import draw_into
from training.detector.evaluate import EVERYTHING
from training.detector.export import register_detector
from training.detector.metrics import Scored, label_figures, score_page
from training.detector.owndata import read_own
from training.detector.readers import PageRecord, read_hlx8j, read_tobacco800
from training.detector.seen import Notice, found_on
from training.detector.sheets import LABELS, Sheet, SheetFolder, read_sheets
from training.detector.splits import records_for_validation
from training.detector.strokes import StrokeBook
from training.detector.testsets import PageCase, unsigned_validation
from worker.errors import WrongUse
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.classifier import OnnxClassifier, RescoringDetector
from worker.vision.detection.detector import Detector, OnnxDetector
from worker.vision.values import DetectedRegion, Pixels
from worker.vision.weights import entry

#: Larger inputs and more looks must gain this much mAP50-95 to be worth their time, growing with the pixels.
WORTH = 0.01
#: What the default threshold is to keep on the test set: at least this recall, and at most this
#: share of the unsigned pages called signed (decision 0017).
RECALL, CALLED = 0.90, 0.05
#: A margin of so many standard errors is enough: the lower end of a 95 % interval, one-sided.
SAFE = 1.64
#: No label is served at a score below this.
LOWEST = 0.05
#: Drawn pages that the thresholds of the other labels are chosen on, and the seed that sets them apart.
DRAWN = 80
_UNSEEN = 0x5EED


@dataclass(frozen=True, slots=True)
class Choice:
    """Input sizes, one a look, with what they reached on validation pages, and their threshold."""

    sizes: tuple[int, ...]
    map50: float
    map50_95: float
    min_score: float
    label_scores: Mapping[Label, float] = field(default_factory=dict)


def choose_input_sizes(tried: Sequence[Choice]) -> Choice:
    """The least work after which no more gains enough."""
    chosen, *larger = sorted(tried, key=lambda choice: sum(size**2 for size in choice.sizes))
    for candidate in larger:
        if candidate.map50_95 >= chosen.map50_95 + WORTH:
            chosen = candidate
    return chosen


def choose_and_export(
    weights: Path,
    data: Path | None,
    sizes: Sequence[Sequence[int]],
    *,
    own_data: Sequence[Path] = (),
    drawn: Sequence[Sheet] = (),
    architecture: str = "yolov5n.yaml",
    name: str = "detector",
    notice: Notice | None = None,
) -> Choice:
    """Try those sizes, one a look, on validation pages, with `own` on a user's; register the best as `name`.

    Signed pages are seen as they lie, unsigned ones upright; all with the second-stage classifier, where the
    catalogue has it on. `drawn` are pages with every label, none of them trained on: they choose the
    thresholds of the others.
    """
    if own_data:
        pages, unsigned = own_validation(own_data), list[PageCase]()
    else:
        root = required_data(data) / "detection"
        pages, unsigned = validation_pages(root), unsigned_validation(root)
    chosen = choose_input_sizes(
        [_try(weights, looks, pages, unsigned, architecture=architecture, notice=notice) for looks in sizes]
    )
    with tempfile.TemporaryDirectory() as scratch:
        detector = _exported(weights, chosen.sizes, architecture, Path(scratch))
        scores = label_thresholds(drawn, detector, chosen.min_score) if drawn else {}
    register_detector(
        weights,
        sizes=chosen.sizes,
        min_score=chosen.min_score,
        label_scores=scores,
        architecture=architecture,
        name=name,
    )
    return Choice(chosen.sizes, chosen.map50, chosen.map50_95, chosen.min_score, scores)


def validation_pages(root: Path) -> list[PageRecord]:
    """The validation set: hlx8j's squares, without those that leak, and Tobacco800's as scanned.

    Both together, because what is served are whole pages, and what is compared with others are squares.
    """
    pages = records_for_validation([*read_hlx8j(root), *read_tobacco800(root)], root)
    return [page for page in pages if page.split == "valid" and not page.leaks]


def own_validation(own_data: Sequence[Path]) -> list[PageRecord]:
    """A user's validation set: YOLO folders and COCO files in which signatures are marked.

    Raises WrongUse where they are not.
    """
    read = [read_own(path, measuring=True) for path in own_data]
    if not all(Label.SIGNATURE in part.known for part in read):
        raise WrongUse("the threshold is chosen on signatures: every file of --own must name them")
    return [
        PageRecord(
            page.image,
            boxes=tuple(mark.box for mark in page.marks if mark.label is Label.SIGNATURE),
            split="valid",
            group=str(page.image),
        )
        for part in read
        for page in part.pages
    ]


def threshold(scored: Sequence[Scored], best: float) -> float:
    """The default threshold, in hundredths: where RECALL and CALLED are kept with the most equal margins.

    Margins are in standard errors of the share that is to be kept, on as many signatures, or pages without
    any, and count up to SAFE: first the lesser, then both, then the higher score. `best`, where F1 is
    greatest, when RECALL is never kept.
    """
    steps = np.arange(1, 100) / 100
    hits = np.concatenate([page.scores[page.hits[:, 0]] for page in scored])
    highest = np.array([page.scores.max(initial=0.0) for page in scored if not page.truths])
    truths = max(1, sum(page.truths for page in scored))
    recall = (hits[None] >= steps[:, None]).sum(axis=1) / truths
    called = (highest[None] >= steps[:, None]).sum(axis=1) / max(len(highest), 1)
    if recall[0] < RECALL:
        return math.floor(best * 100) / 100
    margins = np.stack(
        [
            (recall - RECALL) / math.sqrt(RECALL * (1 - RECALL) / truths),
            (CALLED - called) / math.sqrt(CALLED * (1 - CALLED) / max(len(highest), 1)),
        ]
    ).clip(max=SAFE)
    return float(steps[np.lexsort((steps, margins.sum(axis=0), margins.min(axis=0)))[-1]])


def drawn_pages(data: Path | None, *, count: int = DRAWN) -> list[Sheet]:
    """Drawn pages that no training sees."""
    book = StrokeBook.recorded(data)
    with tempfile.TemporaryDirectory() as scratch:
        folder = SheetFolder(Path(scratch))
        for index in range(count):
            draw_into(folder, book, np.random.default_rng([_UNSEEN, index]))
        folder.close()
        return read_sheets(Path(scratch))


def label_thresholds(drawn: Sequence[Sheet], detector: Detector, highest: float) -> dict[Label, float]:
    """For each label but the signature, the score where its F1 is greatest on those pages, at most `highest`.

    That is the threshold of the signature, chosen on real pages: synthetic marks score higher. A label
    that is best near zero was not trained; it keeps the threshold of the signature.
    """
    detected = [detector.detect([_colour(sheet)])[0] for sheet in drawn]
    chosen = {}
    for label in LABELS[1:]:
        scored = [
            score_page(
                str(index),
                of_label(regions, label),
                [mark.box for mark in sheet.marks if mark.label is label],
            )
            for index, (sheet, regions) in enumerate(zip(drawn, detected, strict=True))
        ]
        best = label_figures(scored, rounds=1).best_score if any(page.truths for page in scored) else 0.0
        if best >= LOWEST:
            chosen[label] = round(min(best, highest), 2)
    return chosen


def of_label(regions: Sequence[DetectedRegion], label: Label) -> list[DetectedRegion]:
    """The regions of one label."""
    return [region for region in regions if region.label is label]


def _colour(sheet: Sheet) -> Pixels:
    sizes_in_pixels = sheet.pixels
    return sizes_in_pixels if sizes_in_pixels.ndim == 3 else np.repeat(sizes_in_pixels[..., None], 3, axis=2)


def _try(
    weights: Path,
    sizes: Sequence[int],
    pages: Sequence[PageRecord],
    unsigned: Sequence[PageCase],
    *,
    architecture: str,
    notice: Notice | None,
) -> Choice:
    with tempfile.TemporaryDirectory() as scratch:
        detector = _looking_twice(_exported(weights, sizes, architecture, Path(scratch)))
        scored = [
            score_page(page.group, of_label(regions, Label.SIGNATURE), page.boxes)
            for page, regions in found_on(pages, detector, sizes_in_pixels(sizes), notice)
        ]
        empty = list(_empty(unsigned, detector, f"{sizes_in_pixels(sizes)}, unsigned", notice))
    reached = label_figures(scored, rounds=1)
    return Choice(
        sizes=tuple(sizes),
        map50=reached.map50,
        map50_95=reached.map50_95,
        min_score=threshold([*scored, *empty], reached.best_score),
    )


def _empty(
    cases: Sequence[PageCase], detector: Detector, stage: str, notice: Notice | None
) -> Iterator[Scored]:
    """The signatures that are found on pages without any."""
    for done, case in enumerate(cases, start=1):
        (regions,) = detector.detect([case.read()[0]])
        yield score_page(case.group, of_label(regions, Label.SIGNATURE), ())
        if notice is not None:
            notice(stage, done, len(cases))


def _looking_twice(detector: Detector) -> Detector:
    """With the second-stage classifier after it, where the catalogue has that on by default."""
    look = entry("classifier").parameters
    if not look["default"]:
        return detector
    return RescoringDetector(detector, OnnxClassifier(), doubt=float(look["doubt"]), min_score=EVERYTHING)


def sizes_in_pixels(sizes: Sequence[int]) -> str:
    """Input sizes in words: 640 px, or 544 + 768 px for two looks."""
    return f"{' + '.join(map(str, sizes))} px"


def _exported(weights: Path, sizes: Sequence[int], architecture: str, folder: Path) -> Detector:
    register_detector(weights, sizes=sizes, min_score=EVERYTHING, architecture=architecture, folder=folder)
    return OnnxDetector("detector", thresholds=Thresholds(min_score=EVERYTHING), folder=folder)
