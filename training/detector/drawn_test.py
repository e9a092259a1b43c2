"""The fixed set of drawn pages: every label, every layout and scanner, from seeds that training never draws.

Pages are the same for ever: `tests/expected/detector.json` holds the digest of their labels and pixels, and
what the shipped weights find on a part of them. `python -m training.detector.drawn_test FILE` renews that
file, after the generator or the weights were changed on purpose.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from training.detector.sheets import LABELS, Marked
from training.detector.testsets import PageCase
from training.synthesis.pages import DrawnPage, random_page
from training.synthesis.scanner import random_scanner, scan
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.detector import Detector, load_detector
from worker.vision.detection.yolo import default_thresholds
from worker.vision.values import Box, Pixels
from worker.vision.weights import CatalogueEntry, load_catalogue

#: First number of every seed here; training seeds its pages with small numbers.
SEED = 0x7E57_5E7
#: How many pages the set has, and how many of them the tests look at.
PAGES, FEW = 120, 24
DPI = 150.0


def drawn_page(index: int, *, dpi: float = DPI, seed: int = SEED) -> DrawnPage:
    """That page of the set, as its scanner delivers it; every number gives another one."""
    rng = np.random.default_rng([seed, index])
    return scan(random_page(rng, dpi=dpi), random_scanner(rng), rng)


def drawn_cases(pages: int = PAGES) -> list[PageCase]:
    """The first pages of the set; each is a document of its own."""
    return [PageCase(f"drawn-{index:03d}", str(index), partial(_read, index)) for index in range(pages)]


def marked(page: DrawnPage) -> tuple[Marked, ...]:
    """What is on a drawn page, in the detector's labels."""
    return tuple(Marked(Label(mark.label), Box(*mark.box)) for mark in page.marks)


def pages_digest(pages: Iterable[DrawnPage]) -> str:
    """SHA-256 of labels, boxes to a tenth of a pixel, and pixels."""
    sha = hashlib.sha256()
    for page in pages:
        rows = [(mark.label, [round(number, 1) for number in mark.box]) for mark in page.marks]
        sha.update(json.dumps([page.pixels.shape, rows]).encode())
        sha.update(np.ascontiguousarray(page.pixels).data)
    return sha.hexdigest()


def counts_by_label(pages: Iterable[DrawnPage], detector: Detector) -> dict[str, dict[str, int]]:
    """By label: how many are there, how many of them are found (IoU of a half), and how many false alarms."""
    from training.detector.metrics import score_page  # noqa: PLC0415 - the set itself needs no torch

    totals = {label.value: {"true": 0, "found": 0, "false": 0} for label in LABELS}
    for page in pages:
        (regions,) = detector.detect([page.pixels])
        for label, total in totals.items():
            truths = [mark.box for mark in marked(page) if mark.label == label]
            scored = score_page("", [one for one in regions if one.label == label], truths)
            hits = int(scored.hits[:, 0].sum())
            total["true"] += len(truths)
            total["found"] += hits
            total["false"] += len(scored.scores) - hits
    return totals


def expectation() -> dict[str, Any]:
    """What the tests hold: the digest of the first pages, and what the shipped weights find on them."""
    pages = [drawn_page(index) for index in range(FEW)]
    detectors = {
        name: {
            "weights": weights.sha256,
            "counts": counts_by_label(pages, load_detector(name, thresholds=floors)),
        }
        for name, weights, floors in shipped_detectors()
    }
    return {"digest": pages_digest(pages), "detectors": detectors}


def shipped_detectors() -> list[tuple[str, CatalogueEntry, Thresholds]]:
    """The detectors of the catalogue, fast and accurate, as ONNX files, with the thresholds that serve."""
    return [
        (name, weights, default_thresholds(weights))
        for name, weights in sorted(load_catalogue().items())
        if "labels" in weights.parameters and weights.file.endswith(".onnx")
    ]


def _read(index: int) -> tuple[Pixels, tuple[Marked, ...]]:
    page = drawn_page(index)
    return page.pixels, marked(page)


if __name__ == "__main__":
    (target,) = map(Path, sys.argv[1:])
    target.write_text(json.dumps(expectation(), indent=2) + "\n", encoding="utf-8")
