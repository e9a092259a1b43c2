"""The role of a mark: whether it signs its page, told from its ink, what stands around it, and its place.

"S.F." above the typed "Sidney Freed" signs; beside a distribution list it does not. The detector judges ink
alone, so its boxes at a low score are candidates here. One network looks at each of them twice: tight, and
with its surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from worker.errors import WeightsError
from worker.vision.boxes import iou
from worker.vision.choices import Label, Thresholds
from worker.vision.crops import grey
from worker.vision.detection.classifier import Classifier, Shares, classified
from worker.vision.detection.detector import Detector
from worker.vision.detection.surroundings import (
    SURROUNDINGS,
    KnownLetters,
    Letters,
    read_letters,
    surroundings,
)
from worker.vision.detection.upended import laid_level, may_be_upended
from worker.vision.images import resized
from worker.vision.letterbox import Letterbox
from worker.vision.onnx import OnnxModel
from worker.vision.values import Box, DetectedRegion, Grey, Pixels
from worker.vision.weights import WEIGHTS_DIR, entry

#: Score from which a box of any label is a candidate: 96 % of the marks that sign have one.
CANDIDATE_SCORE = 0.05
#: Boxes that overlap the best of them by more than this are one mark.
_SAME_MARK = 0.5
#: More marks than this, best first, are not looked at: a page of lists would cost seconds.
MAX_CANDIDATES = 12
#: Marks beyond this number are not counted as standing on the page.
_MAX_COUNTED = 40
#: Height and width of the tight view, and the share of the box that is added around it.
TIGHT, _TIGHT_MARGIN = (96, 192), 0.12
#: Side of the view with the surroundings, and how much it shows of the page's shorter or mark's longer side.
NEAR, _NEAR_PAGE, _NEAR_MARK = 192, 0.30, 1.4
#: Longest side in pixels of a square that is drawn as it is; that of a mark across a long page is larger.
_LARGEST_SQUARE = 4096
_PAPER = 255

#: The forms whose scores the network reads, in its order.
FORMS = (
    Label.SIGNATURE,
    Label.INITIALS,
    Label.HANDWRITTEN_DATE,
    Label.REDACTION,
    Label.HANDWRITING,
)
#: The forms of marks that sign.
SIGNING_FORMS = FORMS[:2]

#: One row per mark: place, the detector's scores by FORMS, the classifier's shares, then the print around it:
#: (n, 47) float32.
Facts = npt.NDArray[np.float32]
#: The columns of how many marks its page has, and of its place among them, from 0.
MARKS, RANK = 7, 8
#: One per mark: (n,) float32 in [0, 1].
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mark: its best box, and the best score of each of FORMS in that place, 0 where there is none."""

    box: Box
    scores: tuple[float, ...]

    @property
    def form(self) -> Label:
        """Signature or initials, whichever the detector finds likelier."""
        signature, initials = self.scores[:2]
        return Label.SIGNATURE if signature >= initials else Label.INITIALS

    @property
    def score(self) -> float:
        """The detector's score of that form."""
        return max(self.scores[:2])

    def is_at(self, box: Box) -> bool:
        """Whether that box is this mark."""
        return iou(self.box, box) > _SAME_MARK


@dataclass(frozen=True, slots=True)
class MarkViews:
    """What the network reads of the marks of a page, one row each."""

    #: (n, 96, 192) uint8
    tight: npt.NDArray[np.uint8]
    #: (n, 192, 192) uint8
    near: npt.NDArray[np.uint8]
    #: (n, 47) float32
    facts: Facts


class Roles(Protocol):
    """Says which marks of a page sign it."""

    def probabilities(self, page: Pixels, candidates: Sequence[Candidate]) -> Probabilities:
        """The calibrated probability that each of the first MAX_CANDIDATES signs; none for the others."""


class OnnxRoles:
    """The network on ONNX Runtime, one thread; the classifier's shares are among what it reads."""

    def __init__(
        self,
        classifier: Classifier,
        name: str = "roles",
        *,
        threads: int = 1,
        folder: Path = WEIGHTS_DIR,
        known: KnownLetters | None = None,
    ) -> None:
        self._classifier = classifier
        self._name = name
        self._known = KnownLetters() if known is None else known
        self._model = OnnxModel.catalogued(name, threads=threads, folder=folder)

    def probabilities(self, page: Pixels, candidates: Sequence[Candidate]) -> Probabilities:
        """The calibrated probability that each of the first MAX_CANDIDATES signs.

        Marks that may lie on their side are laid level, too; the higher answer counts. WeightsError when the
        network answers with anything but probabilities.
        """
        if not candidates:
            return np.zeros(0, np.float32)
        letters = self._known.of(page)
        answers = self._asked(read_marks(self._classifier, page, candidates, letters=letters))
        height, width = page.shape[:2]
        for rank, candidate in enumerate(candidates[: len(answers)]):
            if may_be_upended(candidate.box, height=height, width=width):
                answers[rank] = max(answers[rank], self._level(grey(page), candidates, rank, letters))
        return answers

    def _level(
        self, page: Grey, candidates: Sequence[Candidate], rank: int, letters: Letters | None
    ) -> float:
        """The highest probability that a mark signs, of the two ways in which it may lie on its side."""
        answers = [0.0]
        for copy, box in laid_level(page, candidates[rank].box):
            mark = replace(candidates[rank], box=box)
            known = letters or read_letters(page)
            marks = read_marks(self._classifier, copy, [mark], letters=known)
            marks.facts[0, MARKS : RANK + 1] = len(candidates), rank
            answers.append(float(self._asked(marks)[0]))
        return max(answers)

    def _asked(self, marks: MarkViews) -> Probabilities:
        views = marks.tight.astype(np.float32), marks.near.astype(np.float32)
        return self._sound(self._model.run(*views, marks.facts))

    def _sound(self, answers: Probabilities) -> Probabilities:
        # Written so that what is not a number is none.
        if not ((answers >= 0) & (answers <= 1)).all():
            raise WeightsError(self._name, "it does not answer with probabilities; restore the file")
        return answers


class RoleDetector:
    """A detector whose regions know whether they sign; it finds some below its thresholds, too.

    The detector within must hand on its candidates. What counts keeps its label, score and order. A mark
    whose probability reaches `min_probability` signs: its region of label signature or initials does, or it
    becomes one, with the form and score that the detector finds likelier, if that score reaches the form's
    of `added`.
    """

    def __init__(
        self, detector: Detector, roles: Roles, *, min_probability: float, added: Thresholds
    ) -> None:
        self._detector = detector
        self._roles = roles
        self._min_probability = min_probability
        self._added = added

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        """The regions of each page, best first."""
        detected = self._detector.detect(pages)
        return [self._with_roles(page, regions) for page, regions in zip(pages, detected, strict=True)]

    def _with_roles(self, page: Pixels, regions: Sequence[DetectedRegion]) -> list[DetectedRegion]:
        answers = [region for region in regions if not region.is_candidate]
        candidates = merged([region for region in regions if region.is_candidate])
        probabilities = self._roles.probabilities(page, candidates)
        for candidate, probability in zip(candidates, map(float, probabilities), strict=False):
            signs = probability >= self._min_probability
            answers = assigned(answers, candidate, probability, signs=signs)
            counts = candidate.score >= self._added.floor(candidate.form)
            if signs and counts and not _is_borne(answers, candidate):
                added = DetectedRegion(candidate.box, candidate.score, candidate.form)
                answers.append(replace(added, signs=True, role_probability=probability))
        return sorted(answers, key=lambda region: region.score, reverse=True)


def assigned(
    regions: Sequence[DetectedRegion], candidate: Candidate, probability: float, *, signs: bool
) -> list[DetectedRegion]:
    """The regions of a page once the role of one mark is known.

    Where it signs, the first signature or initials in its place do; other labels there do not.
    """
    known = list(regions)
    here = [
        index
        for index, region in enumerate(known)
        if region.role_probability is None and candidate.is_at(region.box)
    ]
    bearer = next((index for index in here if known[index].label in SIGNING_FORMS), None)
    for index in here:
        role = signs and index == bearer
        known[index] = replace(known[index], signs=role, role_probability=probability)
    return known


def _is_borne(regions: Sequence[DetectedRegion], candidate: Candidate) -> bool:
    """Whether a region in the place of that mark signs already."""
    return any(region.signs and candidate.is_at(region.box) for region in regions)


def merged(regions: Sequence[DetectedRegion]) -> list[Candidate]:
    """Boxes of all labels, best first, as marks: a box joins the first mark whose best box it overlaps."""
    groups: list[list[DetectedRegion]] = []
    for region in regions:
        group = next((known for known in groups if iou(known[0].box, region.box) > _SAME_MARK), None)
        if group is not None:
            group.append(region)
        elif len(groups) < _MAX_COUNTED:
            groups.append([region])
    return [Candidate(group[0].box, _scores(group)) for group in groups]


def _scores(group: Sequence[DetectedRegion]) -> tuple[float, ...]:
    return tuple(
        max((region.score for region in group if region.label is form), default=0.0) for form in FORMS
    )


def read_marks(
    classifier: Classifier,
    page: Pixels,
    candidates: Sequence[Candidate],
    *,
    limit: int = MAX_CANDIDATES,
    letters: Letters | None = None,
) -> MarkViews:
    """What the network reads of the first `limit` candidates of a page that lies upright.

    The page's `letters` are looked for where they are not known.
    """
    height, width = page.shape[:2]
    boxes = [candidate.box for candidate in candidates[:limit]]
    pixels = grey(page)
    shares = classified(classifier, pixels, boxes)
    sides = [_near_side(box, min(width, height)) for box in boxes]
    near = [near_view(pixels, box, side) for box, side in zip(boxes, sides, strict=True)]
    places = facts(candidates, shares, sides, width=width, height=height)
    return MarkViews(
        np.array([tight_view(pixels, box) for box in boxes], np.uint8).reshape(-1, *TIGHT),
        np.array(near, np.uint8).reshape(-1, NEAR, NEAR),
        np.hstack([places, print_around(letters or read_letters(pixels), boxes)]),
    )


def facts(
    candidates: Sequence[Candidate], shares: Shares, sides: Sequence[float], *, width: int, height: int
) -> npt.NDArray[np.float32]:
    """Place and size in shares of the page and of the near view, rank, scores and classifier's shares."""
    rows = []
    for rank, (candidate, seen, side) in enumerate(zip(candidates, shares, sides, strict=False)):
        box = candidate.box
        place = (box.x / width, box.y / height, box.width / width, box.height / height)
        size = (box.width / side, box.height / side, height / width)
        rows.append((*place, *size, len(candidates), rank, *candidate.scores, *seen))
    return np.array(rows, np.float32).reshape(-1, 9 + len(FORMS) + shares.shape[1])


def print_around(letters: Letters, boxes: Sequence[Box]) -> Facts:
    """The print around each mark of a page: (n, SURROUNDINGS)."""
    return np.array([surroundings(letters, box) for box in boxes], np.float32).reshape(-1, SURROUNDINGS)


def tight_view(page: Grey, box: Box) -> Grey:
    """The mark with a small margin, fitted into the field, aspect kept, on white."""
    left, right = _span(box.x, box.width, page.shape[1])
    top, bottom = _span(box.y, box.height, page.shape[0])
    height, width = TIGHT
    frame = Letterbox.within(right - left, bottom - top, width=width, height=height)
    return np.asarray(frame.padded(page[top:bottom, left:right], padding=_PAPER), np.uint8)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """Whole pixels of a side with its margin, at least one, on the page."""
    first = min(max(0, int(start - _TIGHT_MARGIN * length)), limit - 1)
    last = min(limit, int(start + length * (1 + _TIGHT_MARGIN)) + 1)
    return first, max(last, first + 1)


def _near_side(box: Box, shorter: int) -> float:
    """Side in pixels of the square around a mark that shows its surroundings."""
    return max(_NEAR_PAGE * shorter, _NEAR_MARK * max(box.width, box.height))


def near_view(page: Grey, box: Box, side: float) -> Grey:
    """A square of that side around the middle of the mark, white beyond the page."""
    height, width = page.shape
    length = max(2, round(side))
    left = round(box.x + box.width / 2 - side / 2)
    top = round(box.y + box.height / 2 - side / 2)
    columns = slice(max(0, left), max(0, min(width, left + length)))
    rows = slice(max(0, top), max(0, min(height, top + length)))
    square = _square(page[rows, columns], rows.start - top, columns.start - left, length)
    method = cv2.INTER_AREA if len(square) > NEAR else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (NEAR, NEAR), interpolation=method), np.uint8)


def _square(seen: Grey, top: int, left: int, length: int) -> Grey:
    """What is seen at that place in a white square of that side; a very large square is made smaller."""
    if seen.shape == (length, length) and length <= _LARGEST_SQUARE:
        return seen
    side = min(length, _LARGEST_SQUARE)
    square = np.full((side, side), _PAPER, np.uint8)
    if not seen.size:
        return square
    if side < length:
        top, left = (min(start * side // length, side - 1) for start in (top, left))
        height, width = (max(1, extent * side // length) for extent in seen.shape)
        seen = resized(seen, width=width, height=height)
    square[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return square


def min_role_probability(name: str = "roles", *, folder: Path = WEIGHTS_DIR) -> float:
    """The probability from which a mark signs, as the catalogue says."""
    return float(entry(name, folder).parameters["min_probability"])
