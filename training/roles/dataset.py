"""From pages to the table that training reads: candidates as served, what they are, their features."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from training.common.console import StageNotice
from training.common.onnx import save_onnx
from training.roles.backbone import FEATURES, published_backbone
from training.roles.export import fold_norms
from training.roles.network import NEAR_READ, averaging
from training.roles.pages import UNCLEAR, PageTruth, RolePage, TrueMark
from training.roles.table import UNKNOWN, Floats, Marks, MarkTable, PageTable
from worker.vision.boxes import iou
from worker.vision.choices import Thresholds
from worker.vision.detection import roles
from worker.vision.detection.classifier import OnnxClassifier
from worker.vision.detection.detector import OnnxDetector
from worker.vision.detection.orientation import turned, turned_box, turns_to_upright
from worker.vision.onnx import OnnxModel
from worker.vision.values import Box

#: A candidate is a mark from this overlap on; it is a part of one when so much of it lies within.
_IS, _WITHIN = 0.3, 0.5
#: How much parts of marks count.
_PART = 0.3
#: Views that go through the backbone at once.
_BATCH = 8


@dataclass(frozen=True, slots=True)
class _Truth:
    """What a candidate is, and how much that counts."""

    signs: bool
    weight: float


class MarkReader:
    """The models by which candidates are found and described."""

    def __init__(self) -> None:
        thresholds = Thresholds(min_score=roles.CANDIDATE_SCORE)
        self._detector = OnnxDetector("detector", thresholds=thresholds)
        self._classifier = OnnxClassifier()
        # On ONNX Runtime they take a third of the time that torch takes.
        self._tight, self._near = feature_models()
        self._reduction = averaging(roles.NEAR, NEAR_READ).numpy()

    def read(self, page: RolePage) -> MarkTable:
        """All candidates of a page, as rows of page 0."""
        pixels = page.read()
        turns = turns_to_upright(pixels)
        upright = turned(pixels, turns)
        (regions,) = self._detector.detect([upright])
        candidates = roles.merged(regions)
        views = roles.read_marks(self._classifier, upright, candidates, limit=len(candidates))
        marks = _as_it_lies(page, turns, pixels.shape[1], pixels.shape[0])
        truths = [truth_of(candidate, marks) for candidate in candidates]
        return MarkTable(
            tight=features(self._tight, views.tight.astype(np.float32)),
            near=features(self._near, self._reduction @ views.near.astype(np.float32) @ self._reduction.T),
            facts=views.facts,
            signs=np.array([truth.signs for truth in truths], np.int64),
            weight=np.array([truth.weight for truth in truths], np.float32),
            page=np.zeros(len(truths), np.int64),
        )


def read_table(pages: Iterable[RolePage], count: int, notice: StageNotice) -> Marks:
    """The marks of all `count` pages; this takes about a third of a second a page."""
    reader, tables, truths = MarkReader(), list[MarkTable](), list[PageTruth]()
    for done, page in enumerate(pages, start=1):
        tables.append(reader.read(page))
        truths.append(page.truth)
        notice("pages", done, count)
    return Marks(joined_tables(tables), page_table(truths))


def joined_tables(tables: Sequence[MarkTable]) -> MarkTable:
    """The rows of one table a page, each with the number of its page."""
    return MarkTable(
        tight=np.concatenate([table.tight for table in tables]),
        near=np.concatenate([table.near for table in tables]),
        facts=np.concatenate([table.facts for table in tables]),
        signs=np.concatenate([table.signs for table in tables]),
        weight=np.concatenate([table.weight for table in tables]),
        page=np.repeat(np.arange(len(tables)), [len(table.signs) for table in tables]),
    )


def page_table(pages: Sequence[PageTruth]) -> PageTable:
    """What is known of the pages."""
    return PageTable(
        source=np.array([page.source for page in pages]),
        group=np.array([page.document for page in pages]),
        signed=np.array([UNKNOWN if page.signed is None else page.signed for page in pages], np.int64),
        by_initials=np.array([page.by_initials for page in pages], np.int64),
    )


def truth_of(candidate: roles.Candidate, marks: Sequence[TrueMark]) -> _Truth:
    """What is true of a candidate; its weight is 0 where nobody can tell."""
    best = max(marks, key=lambda mark: iou(candidate.box, mark.box), default=None)
    if best is not None and iou(candidate.box, best.box) >= _IS:
        return _Truth(best.signs, 0.0 if best.form == UNCLEAR else 1.0)
    whole = next((mark for mark in reversed(marks) if _is_within(candidate.box, mark.box)), None)
    if whole is not None:
        return _Truth(whole.signs, 0.0 if whole.form == UNCLEAR else _PART)
    return _Truth(signs=False, weight=1.0)


def feature_models() -> tuple[OnnxModel, OnnxModel]:
    """The published backbone for tight and for near views."""
    backbone = published_backbone()
    fold_norms(backbone)
    models = []
    with tempfile.TemporaryDirectory() as scratch:
        for shape in (roles.TIGHT, (NEAR_READ, NEAR_READ)):
            path = Path(scratch) / "backbone.onnx"
            save_onnx(backbone, (torch.zeros(2, *shape),), path, inputs=["views"], output="features")
            models.append(OnnxModel(path, version="published"))
    return models[0], models[1]


def features(backbone: OnnxModel, views: Floats) -> Floats:
    """The backbone's features of grey views: (n, 1280)."""
    parts = [backbone.run(views[start : start + _BATCH]) for start in range(0, len(views), _BATCH)]
    return np.concatenate([*parts, np.zeros((0, FEATURES), np.float32)])


def _as_it_lies(page: RolePage, turns: int, width: int, height: int) -> list[TrueMark]:
    """The marks of a page as it was rendered, in pixels of that many columns and rows, and laid upright."""
    across, down = width / page.width, height / page.height
    return [
        replace(mark, box=turned_box(_scaled(mark.box, across, down), turns, width=width, height=height))
        for mark in page.marks
    ]


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(box.x * across, box.y * down, box.width * across, box.height * down)


def _is_within(box: Box, whole: Box) -> bool:
    """Whether a good part of the box lies within the other."""
    width = min(box.x + box.width, whole.x + whole.width) - max(box.x, whole.x)
    height = min(box.y + box.height, whole.y + whole.height) - max(box.y, whole.y)
    return max(width, 0.0) * max(height, 0.0) >= _WITHIN * box.width * box.height
