"""Pages with what a detector finds on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from training.detector.metrics import Scored, score_page
from training.detector.readers import PageRecord, read_pixels
from training.detector.sheets import Marked
from training.detector.testsets import PageCase
from worker.vision.choices import Label
from worker.vision.detection.detector import Detector
from worker.vision.values import DetectedRegion, Pixels

#: Told after every page: the stage, how many pages are done, and of how many.
Notice = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the detector found on one page, beside what is there; sizes in pixels."""

    case: PageCase
    regions: tuple[DetectedRegion, ...]
    marks: tuple[Marked, ...]
    width: int
    height: int

    def scored(self, label: Label) -> Scored:
        """The page's regions of one label against its ground truth."""
        regions = [region for region in self.regions if region.label is label]
        return score_page(self.case.group, regions, [mark.box for mark in self.marks if mark.label is label])


def seen_page(case: PageCase, pixels: Pixels, marks: tuple[Marked, ...], detector: Detector) -> Seen:
    """Detect on one page."""
    (regions,) = detector.detect([pixels])
    return Seen(case, tuple(regions), marks, pixels.shape[1], pixels.shape[0])


def found_on(
    pages: Sequence[PageRecord], detector: Detector, stage: str, notice: Notice | None = None
) -> Iterable[tuple[PageRecord, list[DetectedRegion]]]:
    """Each page with its regions, decoded and detected one at a time."""
    for done, page in enumerate(pages, start=1):
        yield page, detector.detect([read_pixels(page.image)])[0]
        if notice is not None:
            notice(stage, done, len(pages))
