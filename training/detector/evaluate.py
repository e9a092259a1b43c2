"""How good the shipped detector is: the engine that serves, on pages it never saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from training.common.data import required_data
from training.detector import signed_pages
from training.detector.conditions import Family, drawn_family, scanned_family
from training.detector.drawn_test import drawn_cases, drawn_page
from training.detector.marked import MARKED_SOURCES
from training.detector.metrics import (
    AtThreshold,
    FalseAlarms,
    LabelFigures,
    false_alarms,
    label_figures,
    served_figures,
)
from training.detector.owndata import read_own
from training.detector.parity import MAX_SCORE_GAP, Parity, compare_engines
from training.detector.seen import Notice, Seen, seen_page
from training.detector.sheets import LABELS
from training.detector.signed_pages import SignedPages
from training.detector.speed import Speed, timed
from training.detector.testsets import (
    PageCase,
    colour_pages,
    own_pages,
    real_documents,
    squares,
    unsigned_counts,
    unsigned_pages,
    whole_pages,
)
from training.provenance import commit
from worker.errors import WrongUse
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.detector import Detector, OnnxDetector
from worker.vision.detection.orientation import UprightDetector
from worker.vision.detection.torch_detector import TorchDetector
from worker.vision.detection.yolo import default_thresholds
from worker.vision.weights import entry

#: Average precision needs the whole curve, so nearly everything is kept.
EVERYTHING = 0.001
#: What can be measured, in the order of the report.
SETS = (
    *MARKED_SOURCES,
    "squares",
    "whole",
    "colour",
    "unsigned",
    "drawn",
    "documents",
    "conditions",
    "parity",
    "speed",
)
#: A user's own pages.
OWN = "own"
#: Drawn pages for the parity of the engines, small because both engines reduce pages by the same code.
PARITY_PAGES, PARITY_DPI = 100, 72.0


@dataclass(frozen=True, slots=True)
class LabelReport:
    """One label on one set: over all scores, and at the threshold that serves."""

    figures: LabelFigures
    served: AtThreshold


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """Signatures at the threshold that serves; `as_it_lies` is without laying pages upright first."""

    family: str
    pages: int
    name: str
    served: AtThreshold
    as_it_lies: AtThreshold | None = None


@dataclass(frozen=True, slots=True)
class DetectorReport:
    """One evaluation, with what it takes to repeat it; a label that the weights do not know is None."""

    date: str
    commit: str
    name: str
    engine: str
    weights: str
    sizes: tuple[int, ...]
    thresholds: dict[str, float]
    sets: dict[str, dict[str, LabelReport | None]] = field(default_factory=dict)
    #: By the names of the counts, `testsets.unsigned_counts`.
    unsigned: dict[str, FalseAlarms] = field(default_factory=dict)
    #: By source: the default threshold first, then others.
    signed_pages: dict[str, list[SignedPages]] = field(default_factory=dict)
    conditions: list[ConditionReport] = field(default_factory=list)
    parity: Parity | None = None
    speed: Speed | None = None


class Evaluation:
    """Runs the catalogued detector over test sets; what it saw stays for the plots."""

    def __init__(
        self,
        data: Path | None,
        *,
        own_data: Sequence[Path] = (),
        name: str = "detector",
        engine: str = "onnx",
        device: str = "cpu",
        threads: int = 1,
        limit: int = 0,
        notice: Notice | None = None,
    ) -> None:
        """Load the weights; raises WrongUse when the data or the engine is not there.

        With `own`, YOLO folders or COCO files, the set `own` can be measured, and needs no other data.
        """
        self._data = data
        self._own = [read_own(path, measuring=True) for path in own_data]
        if not own_data and not (self._root / "hlx8j" / "sources.csv").exists():
            raise WrongUse(f"no evaluation data in {self._root}; name the folder with --data")
        self._name = name
        self._alone = _detector(name, engine, device, threads)
        self._upright = UprightDetector(self._alone)
        self._engine, self._limit, self._notice = engine, limit, notice
        self._device, self._threads = device, threads
        self._weights = entry(name if engine == "onnx" else f"{name}-torch")
        self._thresholds = default_thresholds(self._weights)
        self.seen: dict[str, list[Seen]] = {}

    @property
    def _root(self) -> Path:
        return required_data(self._data) / "detection"

    @property
    def _documents(self) -> Path:
        return required_data(self._data) / "documents"

    def report(self, only: Sequence[str] = SETS, *, split: str = "test") -> DetectorReport:
        """Measure those sets; hlx8j's, Tobacco800's and the colour pages of that split."""
        unknown = set(only) - set(SETS) - ({OWN} if self._own else set())
        if unknown:
            raise WrongUse(f"there is no set {sorted(unknown)[0]!r}; choose from {', '.join(SETS)}")
        return DetectorReport(
            date=datetime.now(UTC).date().isoformat(),
            commit=commit(),
            name=self._name,
            engine=self._engine,
            weights=self._weights.sha256,
            sizes=tuple(self._weights.parameters["sizes"]),
            thresholds={label.value: self._thresholds.floor(label) for label in self._known},
            sets=dict(self._sets(only, split)),
            signed_pages={
                source: signed_pages.measure_signed_pages(
                    self._root, source, name=self._name, limit=self._limit, notice=self._tell
                )
                for source in MARKED_SOURCES
                if source in only
            },
            unsigned=self._unsigned() if "unsigned" in only else {},
            conditions=list(self._conditions()) if "conditions" in only else [],
            parity=self._parity() if "parity" in only else None,
            speed=self._speed() if "speed" in only else None,
        )

    @property
    def _known(self) -> tuple[Label, ...]:
        return tuple(Label(name) for name in self._weights.parameters["labels"])

    def _sets(self, only: Sequence[str], split: str) -> Iterator[tuple[str, dict[str, LabelReport | None]]]:
        """Every set with its labels; only signatures are marked on the public pages."""
        if OWN in only:
            marked = frozenset(LABELS).intersection(*(one.known for one in self._own))
            seen = self._look(OWN, own_pages(self._own))
            yield OWN, self._labels(seen, [label for label in LABELS if label in marked])
        if "squares" in only:
            seen = self._look(f"{split} squares", squares(self._root, split), upright=False)
            clean = [one for one in seen if not one.case.leaks]
            yield f"{split}-{len(seen)}", self._labels(seen, [Label.SIGNATURE])
            yield f"{split}-{len(clean)}", self._labels(clean, [Label.SIGNATURE])
        if "whole" in only:
            for part in dict.fromkeys((split, "valid")):
                name = f"Tobacco800 {part}"
                seen = self._look(name, whole_pages(self._root, part))
                yield name, self._labels(seen, [Label.SIGNATURE])
        if "colour" in only:
            name = f"colour {split}"
            seen = self._look(name, colour_pages(self._root, split))
            yield name, self._labels(seen, [Label.SIGNATURE])
        if "drawn" in only:
            yield "drawn", self._labels(self._look("drawn", drawn_cases()), LABELS)
        if "documents" in only:
            seen = self._look("documents", real_documents(self._documents))
            yield "documents", self._labels(seen, LABELS)

    def _labels(self, seen: Sequence[Seen], labels: Sequence[Label]) -> dict[str, LabelReport | None]:
        return {label.value: self._label(seen, label) if label in self._known else None for label in labels}

    def _label(self, seen: Sequence[Seen], label: Label) -> LabelReport:
        scored = [one.scored(label) for one in seen]
        return LabelReport(label_figures(scored), served_figures(scored, self._thresholds.floor(label)))

    def _unsigned(self) -> dict[str, FalseAlarms]:
        seen = self._look("unsigned", unsigned_pages(self._root), upright=False)
        floor = self._thresholds.floor(Label.SIGNATURE)
        return {
            name: false_alarms([one.scored(Label.SIGNATURE) for one in part], floor)
            for name, part in unsigned_counts(seen).items()
        }

    def _conditions(self) -> Iterator[ConditionReport]:
        signed = [case for case in whole_pages(self._root, "test") if case.signed]
        for family in (drawn_family(), scanned_family(signed)):
            yield from self._family(family)

    def _family(self, family: Family) -> list[ConditionReport]:
        """Every page is read once and then seen under every condition."""
        cases = family.cases[: self._limit or None]
        served: dict[str, list[Seen]] = {condition.name: [] for condition in family.conditions}
        lying: dict[str, list[Seen]] = {
            condition.name: [] for condition in family.conditions if condition.turns
        }
        for done, case in enumerate(cases, start=1):
            original = case.read()
            for condition in family.conditions:
                pixels, marks = condition.change(*original)
                served[condition.name].append(seen_page(case, pixels, marks, self._upright))
                if condition.turns:
                    lying[condition.name].append(seen_page(case, pixels, marks, self._alone))
            self._tell(f"{family.name} conditions", done, len(cases))
        return [
            ConditionReport(
                family.name,
                len(seen),
                name,
                self._served(seen),
                self._served(lying[name]) if name in lying else None,
            )
            for name, seen in served.items()
        ]

    def _served(self, seen: Sequence[Seen]) -> AtThreshold:
        scored = [one.scored(Label.SIGNATURE) for one in seen]
        return served_figures(scored, self._thresholds.floor(Label.SIGNATURE))

    def _parity(self) -> Parity:
        floor = Thresholds(min_score=0.05)
        lower = Thresholds(min_score=floor.min_score - 2 * MAX_SCORE_GAP)
        onnx, torch = (
            OnnxDetector(self._name, thresholds=lower),
            TorchDetector(f"{self._name}-torch", device="cpu", thresholds=lower),
        )
        pages = (drawn_page(index, dpi=PARITY_DPI).pixels for index in range(PARITY_PAGES))
        return compare_engines(pages, onnx, torch, min_score=floor.min_score)

    def _speed(self) -> Speed | None:
        """None for an engine that does not serve on that device: torch on a CPU, ONNX Runtime on a GPU."""
        device: Literal["cpu", "cuda"] = "cuda" if self._device.startswith("cuda") else "cpu"
        if (self._engine == "onnx") != (device == "cpu"):
            return None
        cases = whole_pages(self._root, "test")[: self._limit or None]
        return timed(cases, name=self._name, device=device, threads=self._threads)

    def _look(self, stage: str, cases: Sequence[PageCase], *, upright: bool = True) -> list[Seen]:
        """Every page with its regions, read and detected one at a time."""
        detector = self._upright if upright else self._alone
        chosen, seen = list(cases)[: self._limit or None], list[Seen]()
        for done, case in enumerate(chosen, start=1):
            seen.append(seen_page(case, *case.read(), detector))
            self._tell(stage, done, len(chosen))
        self.seen[stage] = seen
        return seen

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self._notice is not None:
            self._notice(stage, done, total)


def _detector(name: str, engine: str, device: str, threads: int) -> Detector:
    if engine == "onnx":
        return OnnxDetector(name, thresholds=Thresholds(min_score=EVERYTHING), threads=threads)
    if engine == "torch":
        return TorchDetector(f"{name}-torch", device=device, thresholds=Thresholds(min_score=EVERYTHING))
    raise WrongUse(f"there is no engine {engine!r}; choose onnx or torch")
