"""How good the shipped detector is: the engine that serves, on pages it never saw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.detector.metrics import Figures, figures, score_page
from training.detector.readers import PageRecord, read_hlx8j, read_pixels, read_unsigned
from training.provenance import commit
from worker.errors import WrongUse
from worker.vision.detector import Detector, OnnxDetector, TorchDetector
from worker.vision.values import Region, Thresholds
from worker.vision.weights import entry

#: Average precision needs the whole curve, so nearly everything is kept.
EVERYTHING = 0.001
Notice = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Regions found on pages without signatures, at the threshold that serves."""

    pages: int
    regions: int
    pages_with_any: int
    min_score: float

    @property
    def per_page(self) -> float:
        """Mean false alarms a page."""
        return self.regions / max(1, self.pages)


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation, with what it takes to repeat it."""

    date: str
    commit: str
    engine: str
    weights: str
    size: int
    max_iou: float
    sets: dict[str, Figures]
    unsigned: FalseAlarms | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the false alarms per page spelt out."""
        plain = dataclasses.asdict(self)
        if self.unsigned is not None:
            plain["unsigned"]["per_page"] = self.unsigned.per_page
        return plain


def evaluate(  # keyword-only choices of one evaluation
    data: Path,
    *,
    engine: str = "onnx",
    splits: Sequence[str] = ("test",),
    device: str = "cpu",
    threads: int = 1,
    limit: int = 0,
    notice: Notice | None = None,
) -> Report:
    """Run the catalogued detector over hlx8j's splits and over unsigned pages.

    A split gives two sets: `<split>-<pages>` with all its pages, and the same without the pages that also
    occur in the published training split. Raises WrongUse when the data is not there.
    """
    root = data / "detection"
    if not (root / "hlx8j" / "sources.csv").exists():
        raise WrongUse(f"no evaluation data in {root}; name the folder with --data")
    detector = _detector(engine, device, threads, Thresholds(min_score=EVERYTHING))
    records = read_hlx8j(root)
    sets: dict[str, Figures] = {}
    for split in splits:
        pages = [page for page in records if page.split == split][: limit or None]
        sets |= _split_figures(split, pages, detector, notice)
    weights = entry("detector" if engine == "onnx" else "detector-torch")
    unsigned = read_unsigned(root)[: limit or None]
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        commit=commit(),
        engine=engine,
        weights=detector.version,
        size=int(weights.parameters["size"]),
        max_iou=Thresholds().max_iou,
        sets=sets,
        unsigned=_false_alarms(unsigned, detector, float(weights.parameters["min_score"]), notice),
    )


def found_on(
    pages: Sequence[PageRecord], detector: Detector, stage: str, notice: Notice | None = None
) -> Iterable[tuple[PageRecord, list[Region]]]:
    """Each page with its regions, decoded and detected one at a time."""
    for done, page in enumerate(pages, start=1):
        yield page, detector.detect([read_pixels(page.image)])[0]
        if notice is not None:
            notice(stage, done, len(pages))


def _split_figures(
    split: str, pages: Sequence[PageRecord], detector: Detector, notice: Notice | None
) -> dict[str, Figures]:
    scored = [
        (page, score_page(page.group, regions, page.boxes))
        for page, regions in found_on(pages, detector, split, notice)
    ]
    clean = [result for page, result in scored if not page.leaks]
    sets = {f"{split}-{len(scored)}": [result for _, result in scored], f"{split}-{len(clean)}": clean}
    return {name: figures(results) for name, results in sets.items()}


def _false_alarms(
    pages: Sequence[PageRecord], detector: Detector, min_score: float, notice: Notice | None
) -> FalseAlarms:
    counts = [
        sum(region.score >= min_score for region in regions)
        for _, regions in found_on(pages, detector, "unsigned", notice)
    ]
    return FalseAlarms(
        pages=len(counts),
        regions=sum(counts),
        pages_with_any=sum(count > 0 for count in counts),
        min_score=min_score,
    )


def _detector(engine: str, device: str, threads: int, thresholds: Thresholds) -> Detector:
    if engine == "onnx":
        return OnnxDetector("detector", thresholds=thresholds, threads=threads)
    if engine == "torch":
        return TorchDetector("detector-torch", device=device, thresholds=thresholds)
    raise WrongUse(f"there is no engine {engine!r}; choose onnx or torch")
