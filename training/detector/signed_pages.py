"""Signed or unsigned, page by page, as the product serves it, on sources that took no part in anything.

A page is called signed when a signature on it reaches the threshold. A mark that signs counts as found when
such a signature overlaps it by MARK_IOU; marks whose box does not fit are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.common.console import StageNotice
from training.common.figures import Figure
from training.common.shares import Share, share_figure
from training.detector.marked import MarkedPage, read_marked
from training.detector.testsets import rendered
from worker.vision.boxes import iou
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.classifier import OnnxClassifier, RescoringDetector
from worker.vision.detection.detector import Detector, OnnxDetector
from worker.vision.detection.orientation import UprightDetector
from worker.vision.detection.yolo import default_thresholds
from worker.vision.values import Box, DetectedRegion
from worker.vision.weights import entry

#: Overlap from which a mark that signs is found.
MARK_IOU = 0.4
#: Candidates below this score are not looked at: no threshold worth serving lies there.
LOWEST = 0.05
#: Other thresholds that are measured, for those who weigh misses and false alarms differently.
OTHERS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class DetectedPage:
    """A page with the signatures on it, as served but for the threshold; boxes in stored pixels."""

    page: MarkedPage
    signatures: tuple[DetectedRegion, ...]

    def at(self, threshold: float) -> list[DetectedRegion]:
        """The signatures that reach the threshold."""
        return [region for region in self.signatures if region.score >= threshold]


@dataclass(frozen=True, slots=True)
class SignedPages:
    """One source at one threshold."""

    source: str
    threshold: float
    signed_found: Share
    initials_only_found: Share
    marks_found: Share
    unsigned_called_signed: Share


def measure_signed_pages(
    root: Path, source: str, *, name: str = "detector", limit: int = 0, notice: StageNotice
) -> list[SignedPages]:
    """Measure a source at the default threshold of the catalogue, which comes first, and at OTHERS."""
    default = default_thresholds(entry(name)).floor(Label.SIGNATURE)
    answered = list(answered_pages(read_marked(root, source)[: limit or None], source, notice, name=name))
    return [signed_pages_at(source, answered, threshold) for threshold in dict.fromkeys((default, *OTHERS))]


def answered_pages(
    pages: Sequence[MarkedPage], source: str, notice: StageNotice, *, name: str
) -> Iterator[DetectedPage]:
    """Each page with its signatures: laid upright, detected, and judged by the second-stage classifier."""
    detector = _as_served(name)
    for done, page in enumerate(pages, start=1):
        pixels = rendered(page.image.read_bytes())
        across, down = page.width / pixels.shape[1], page.height / pixels.shape[0]
        (regions,) = detector.detect([pixels])
        signatures = (region for region in regions if region.label is Label.SIGNATURE)
        yield DetectedPage(page, tuple(_stored(region, across, down) for region in signatures))
        notice(source, done, len(pages))


def signed_pages_at(source: str, answered: Sequence[DetectedPage], threshold: float) -> SignedPages:
    """Count pages and marks at one threshold; pages of which the eye could not tell are left out."""
    signed = [one for one in answered if one.page.signed is True]
    unsigned = [one for one in answered if one.page.signed is False]
    initialled = [one for one in signed if one.page.signed_by_initials_only]
    marks = [marked for one in signed for marked in _marks_found(one, threshold)]
    return SignedPages(
        source=source,
        threshold=threshold,
        signed_found=_called(signed, threshold),
        initials_only_found=_called(initialled, threshold),
        marks_found=Share(sum(marks), len(marks)),
        unsigned_called_signed=_called(unsigned, threshold),
    )


def signed_page_figures(name: str, rows: Sequence[SignedPages]) -> list[Figure]:
    """The rows of a detector as figures; shares of nothing are left out."""
    return [
        share_figure(name, of=row.source, measure=f"{measured} at {row.threshold:.2f}", share=share)
        for row in rows
        for measured, share in (
            ("signed pages found", row.signed_found),
            ("pages signed by initials only, found", row.initials_only_found),
            ("marks that sign, found", row.marks_found),
            ("unsigned pages called signed", row.unsigned_called_signed),
        )
        if share.many
    ]


def _called(answered: Sequence[DetectedPage], threshold: float) -> Share:
    return Share(sum(bool(one.at(threshold)) for one in answered), len(answered))


def _marks_found(answered: DetectedPage, threshold: float) -> list[bool]:
    boxes = [region.box for region in answered.at(threshold)]
    marks = [mark for mark in answered.page.signing if mark.fits]
    return [any(iou(mark.box, box) >= MARK_IOU for box in boxes) for mark in marks]


def _as_served(name: str) -> Detector:
    weights = entry("classifier")
    detector = OnnxDetector(name, thresholds=Thresholds(min_score=LOWEST))
    doubt = float(weights.parameters["doubt"])
    return UprightDetector(RescoringDetector(detector, OnnxClassifier(), doubt=doubt, min_score=LOWEST))


def _stored(region: DetectedRegion, across: float, down: float) -> DetectedRegion:
    box = region.box
    scaled = Box(box.x * across, box.y * down, box.width * across, box.height * down)
    return replace(region, box=scaled)
