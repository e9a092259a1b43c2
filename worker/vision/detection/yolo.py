"""What both engines share: pages into model inputs, raw answers into regions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from worker.vision.boxes import Corners, Scores, clip, overlapping, suppressed, voted
from worker.vision.choices import Label, Thresholds
from worker.vision.letterbox import Letterbox
from worker.vision.values import Box, DetectedRegion, Pixels
from worker.vision.weights import CatalogueEntry

#: Model input: (n, 3, height, width) float32, RGB in [0, 1].
Inputs = npt.NDArray[np.float32]
#: Model answer for one page: (4 + labels, anchors) float32, each column centre x, centre y, width, height and
#: one score per label.
ModelOutput = npt.NDArray[np.float32]

#: The grey that ultralytics pads with in training.
_PADDING = 114
_STRIDE = 32
#: More regions than a page can hold; bounds the work on a degenerate answer.
_MAX_REGIONS = 300
#: A label that scores higher than another takes an anchor from it only when it is more likely than not.
_CLAIM = 0.5
#: Anchors that overlap a region by so much have a say in where it lies, if they score so much for any label.
_VOTE_IOU, _HEARD = 0.55, 0.001


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """How pages are shown and answers are read: labels in the model's order, thresholds.

    A page is looked at once at each of the input sizes, most often at one.
    """

    sizes: tuple[int, ...]
    labels: tuple[Label, ...]
    thresholds: Thresholds

    @classmethod
    def of(cls, weights: CatalogueEntry, thresholds: Thresholds | None) -> Self:
        """As the catalogue says; without thresholds the scores that were best on validation pages."""
        stored = weights.parameters
        return cls(
            sizes=tuple(map(int, stored["sizes"])),
            labels=tuple(Label(name) for name in stored["labels"]),
            thresholds=thresholds or default_thresholds(weights),
        )

    def frames(self, page: Pixels) -> list[Letterbox]:
        """How that page lies in the input of each look."""
        height, width = page.shape[:2]
        return [Letterbox.around(width, height, size=size, stride=_STRIDE) for size in self.sizes]


def default_thresholds(weights: CatalogueEntry) -> Thresholds:
    """The scores of the catalogue, chosen on validation pages: one for all labels, and exceptions."""
    stored = weights.parameters
    scores = {Label(name): float(score) for name, score in stored.get("label_scores", {}).items()}
    return Thresholds(min_score=float(stored["min_score"]), per_label=scores)


def model_input(page: Pixels, frame: Letterbox) -> Inputs:
    """One page as model input: (3, height, width) float32 in [0, 1], padded as in training."""
    field = frame.padded(page, padding=_PADDING)
    if field.ndim == 2:
        plane = field.astype(np.float32) / np.float32(255)
        return np.repeat(plane[None], 3, axis=0)
    return np.ascontiguousarray(field.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


def read_outputs(
    answers: Sequence[ModelOutput], frames: Sequence[Letterbox], spec: DetectorSpec
) -> list[DetectedRegion]:
    """The regions of a page's raw answers, one a look: over their label's threshold, clipped, best first.

    Overlaps of one label are suppressed. Regions of two labels may lie in one place where neither is likely
    enough to rule the other out. Candidates follow where the thresholds ask for them.
    """
    anchors = _Anchors.of(answers, frames)
    counting = _read(anchors, frames, spec, spec.thresholds)
    wider = spec.thresholds.of_candidates
    candidates = [] if wider is None else _read(anchors, frames, spec, wider)
    return [*counting, *(replace(region, is_candidate=True) for region in candidates)]


def _read(
    anchors: _Anchors, frames: Sequence[Letterbox], spec: DetectorSpec, thresholds: Thresholds
) -> list[DetectedRegion]:
    """The regions over those thresholds, best first."""
    floors = np.array([[thresholds.floor(label)] for label in spec.labels])
    # The best claim on every anchor; it rules out whatever scores lower there.
    claims = np.where(anchors.scores >= np.maximum(floors, _CLAIM), anchors.scores, 0).max(axis=0, initial=0)
    regions = list[DetectedRegion]()
    for label, scores, floor in zip(spec.labels, anchors.scores, floors[:, 0], strict=True):
        chosen = np.flatnonzero((scores >= floor) & (scores >= claims))
        corners, max_iou = anchors.corners[chosen], thresholds.max_iou
        for kept in suppressed(corners, scores[chosen], max_iou=max_iou, limit=_MAX_REGIONS):
            box, score = anchors.agreed(int(chosen[kept]), scores)
            on_page = clip(box, width=frames[0].source_width, height=frames[0].source_height)
            if on_page is not None and score >= floor:
                regions.append(DetectedRegion(box=on_page, score=min(1.0, score), label=label))
    return sorted(regions, key=lambda region: region.score, reverse=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Anchors:
    """What all looks at a page answered.

    `corners` is (n, 4) in pixels of the page, `scores` (labels, n), `looks` (n,) tells `count` looks apart.
    """

    corners: Corners
    scores: Scores
    looks: npt.NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, answers: Sequence[ModelOutput], frames: Sequence[Letterbox]) -> Self:
        """The anchors of raw answers, one a frame."""
        heard = [answer[:, answer[4:].max(axis=0) >= _HEARD] for answer in answers]
        # Half precision may overflow; such a box would suppress all others.
        sound = [answer[:, np.isfinite(answer).all(axis=0)] for answer in heard]
        edges = (np.concatenate([one[:2] - one[2:4] / 2, one[:2] + one[2:4] / 2]).T for one in sound)
        return cls(
            np.concatenate([frame.back(own) for frame, own in zip(frames, edges, strict=True)]),
            np.concatenate([one[4:] for one in sound], axis=1),
            np.repeat(np.arange(len(sound)), [one.shape[1] for one in sound]),
            len(sound),
        )

    def agreed(self, row: int, label_scores: Scores) -> tuple[Box, float]:
        """Where the anchors around that one vote that it lies, and how likely all looks find it.

        That is the mean of each look's best score there, 0 for a look that saw nothing.
        """
        near = overlapping(self.corners[row], self.corners, min_iou=_VOTE_IOU)
        near[row] = True
        left, top, right, bottom = map(float, voted(self.corners[near], label_scores[near]))
        looks, scores = self.looks[near], label_scores[near]
        best = [scores[looks == look].max(initial=0) for look in range(self.count)]
        return Box(x=left, y=top, width=right - left, height=bottom - top), float(np.mean(best))
