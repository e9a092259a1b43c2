"""Which pages are signed, and which marks sign, as served: on sources left out, and by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.common.console import StageNotice
from training.common.figures import Figure, FigureFile, Unit, as_figure, today
from training.common.shares import Share, share_figure
from training.detector.marked import JudgedMark, MarkedPage, read_marked
from training.detector.metrics import LabelFigures
from training.detector.readers import read_tobacco800
from training.detector.signed_pages import DetectedPage, SignedPages, signed_page_figures, signed_pages_at
from training.detector.testsets import PageCase, real_documents, rendered
from training.roles.choice import NestedChoice
from training.roles.conditions import DRAWN, HOME, SignaturesFound
from training.roles.crossvalidate import LEFT_OUT, TRAINING, HeldOutPredictions
from training.roles.heldout import FoundWithin, RoleQuality, share_of
from training.roles.network import RolesNetwork
from training.roles.page_time import TIMED, PageTimes
from training.roles.unusual import Unusual
from worker.engines import build_detector
from worker.rendering.pages import render
from worker.settings import Detection
from worker.vision.choices import Label, Limits
from worker.vision.detection import roles
from worker.vision.detection.classifier import OnnxClassifier
from worker.vision.detection.detector import Detector
from worker.vision.images import decode
from worker.vision.values import Box, DetectedRegion, Pixels
from worker.vision.weights import entry

NAME = "roles"
CONTRACTS = "contracts_unsigned"
TOBACCO_TEST, DOCUMENTS = "Tobacco800 test", "grant agreements"
#: What the drawn pages of unusual kinds are called in the figures.
UNUSUAL = "unusual pages"
#: A page with its marks, and what renders it.
Case = tuple[MarkedPage, Callable[[], Pixels]]


@dataclass(frozen=True, slots=True)
class RolesReport:
    """One evaluation: sources that did not train first, as served; then the cross-validated ones.

    `home` counts all scores, as published figures do, `home_served` what reaches the default thresholds.
    """

    left_out: tuple[SignedPages, ...] = ()
    conditions: tuple[SignaturesFound, ...] = ()
    unusual: tuple[Unusual, ...] = ()
    lookalikes: tuple[Unusual, ...] = ()
    home: LabelFigures | None = None
    home_served: LabelFigures | None = None
    page_times: PageTimes | None = None
    crossvalidated: tuple[SignedPages, ...] = ()
    budgets: tuple[FoundWithin, ...] = ()
    qualities: tuple[RoleQuality, ...] = ()
    choices: tuple[NestedChoice, ...] = ()

    @property
    def every_budget(self) -> tuple[FoundWithin, ...]:
        """Those of the training, then those of nested choices."""
        return (*self.budgets, *(row for choice in self.choices for row in choice.budgets))

    @property
    def every_quality(self) -> tuple[RoleQuality, ...]:
        """Those of the training, then those of nested choices."""
        return (*self.qualities, *(choice.quality for choice in self.choices))

    def figures(self) -> FigureFile:
        """All of it as figures."""
        pages = [*self.left_out, *self.crossvalidated]
        digests = {name: entry(name).sha256 for name in ("detector", "classifier", NAME)}
        signed = signed_page_figures(NAME, pages)
        homes = (*_home(HOME, self.home), *_home(f"{HOME}, as served", self.home_served))
        others = (
            *_budgets(self.every_budget),
            *_qualities(self.every_quality),
            *_drawn(self.conditions),
            *homes,
        )
        kinds = (
            *_unusual(self.unusual, "signatures found"),
            *_unusual(self.lookalikes, "pages called signed"),
        )
        return today(digests, [*signed, *others, *kinds, *_page_times(self.page_times)])


def measure_left_out(
    data: Path, detector: Detector, notice: StageNotice, *, limit: int = 0
) -> list[SignedPages]:
    """Pages of sources that took no part in training, through a detector with roles on.

    LEFT_OUT is among them where the network that ships was not trained on it.
    """
    root, trained_on = data / "detection", entry(NAME).parameters.get("sources", ())
    unseen = {} if LEFT_OUT in trained_on else {LEFT_OUT: _stored(read_marked(root, LEFT_OUT))}
    sets = unseen | {
        DOCUMENTS: _documents(data / "documents"),
        TOBACCO_TEST: _stored(list(_tobacco_test(root))),
    }
    measured = [
        _signed_pages(name, list(answered(cases[: limit or None], name, detector, notice)))
        for name, cases in sets.items()
    ]
    return [*measured, _contracts(root, detector, notice, limit)]


def measure_without(data: Path, network: RolesNetwork, notice: StageNotice, *, limit: int = 0) -> SignedPages:
    """The source left out, as served but by a network that saw nothing of it."""
    detector = build_detector(Detection(roles="on"), NetworkRoles(network))
    cases = _stored(read_marked(data / "detection", LEFT_OUT)[: limit or None])
    return _signed_pages(LEFT_OUT, list(answered(cases, LEFT_OUT, detector, notice)))


class NetworkRoles:
    """Roles by a network in torch, as OnnxRoles answers: for networks that do not ship."""

    version = "torch"

    def __init__(self, network: RolesNetwork) -> None:
        self._classifier = OnnxClassifier()
        self._network = network

    @torch.inference_mode()
    def probabilities(self, page: Pixels, candidates: Sequence[roles.Candidate]) -> roles.Probabilities:
        """The calibrated probability that each of the first MAX_CANDIDATES signs."""
        if not candidates:
            return np.zeros(0, np.float32)
        marks = roles.read_marks(self._classifier, page, candidates)
        views = torch.from_numpy(marks.tight).float(), torch.from_numpy(marks.near).float()
        return np.asarray(self._network(*views, torch.from_numpy(marks.facts)).numpy(), np.float32)


def _signed_pages(source: str, pages: Sequence[DetectedPage]) -> SignedPages:
    return signed_pages_at(source, pages, roles.min_role_probability())


def answered(
    cases: Sequence[Case], source: str, detector: Detector, notice: StageNotice
) -> Iterator[DetectedPage]:
    """Each page with the regions that sign it; the probability that they do takes the place of the score."""
    for done, (page, read) in enumerate(cases, start=1):
        pixels = read()
        (regions,) = detector.detect([pixels])
        across, down = page.width / pixels.shape[1], page.height / pixels.shape[0]
        yield DetectedPage(page, tuple(_signing(regions, across, down)))
        notice(source, done, len(cases))


def crossvalidated(answers: HeldOutPredictions, threshold: float) -> list[SignedPages]:
    """The sources that train, each page by a network that never saw its document."""
    return [_pages_of(answers, source, threshold) for source in TRAINING if source != LEFT_OUT]


def _pages_of(answers: HeldOutPredictions, source: str, threshold: float) -> SignedPages:
    rows = answers.marks.pages.of(source)
    scores, signed = answers.pages(source)
    by_initials = answers.marks.pages.by_initials[rows] == 1
    called = scores >= threshold
    return SignedPages(
        source=f"{source}, cross-validated",
        threshold=threshold,
        signed_found=share_of(called[signed == 1]),
        initials_only_found=share_of(called[by_initials]),
        marks_found=Share(0, 0),
        unsigned_called_signed=share_of(called[signed == 0]),
    )


def _signing(regions: Sequence[DetectedRegion], across: float, down: float) -> Iterator[DetectedRegion]:
    for region in regions:
        if region.signs and region.role_probability is not None:
            box = region.box
            stored = Box(box.x * across, box.y * down, box.width * across, box.height * down)
            yield replace(region, box=stored, score=region.role_probability)


def _stored(pages: Sequence[MarkedPage]) -> list[Case]:
    return [(page, partial(_rendered, page.image)) for page in pages]


def _rendered(image: Path) -> Pixels:
    return rendered(image.read_bytes())


def _documents(folder: Path) -> list[Case]:
    return [labelled_document_page(case) for case in real_documents(folder)]


def labelled_document_page(case: PageCase) -> Case:
    """A page of a real agreement labelled by hand: signatures on it sign, initials do not.

    All initials there stand at the foot of one page after another, which by `docs/result.md` does not sign.
    """
    pixels, marked = case.read()
    marks = tuple(
        JudgedMark(mark.box, mark.label.value, signs=mark.label is Label.SIGNATURE, fits=True)
        for mark in marked
        if mark.label in roles.SIGNING_FORMS
    )
    height, width = pixels.shape[:2]
    signed = any(mark.signs for mark in marks)
    page = MarkedPage(Path(case.name), case.group, width, height, signed, marks)
    return page, lambda: pixels


def _tobacco_test(root: Path) -> Iterator[MarkedPage]:
    """Pages of Tobacco800 in the published test split, which trained nothing."""
    for page in read_tobacco800(root):
        if page.split == "test":
            with Image.open(page.image) as stored:
                width, height = stored.size
            marks = tuple(JudgedMark(box, "signature", signs=True, fits=True) for box in page.boxes)
            yield MarkedPage(page.image, page.group, width, height, bool(marks), marks)


def _contracts(root: Path, detector: Detector, notice: StageNotice, limit: int) -> SignedPages:
    """Pages of contracts without any ink; all of them are unsigned."""
    called: list[bool] = []
    paths = sorted((root / CONTRACTS).glob("*.pdf"))[: limit or None]
    for done, path in enumerate(paths, start=1):
        for page in render(path.read_bytes(), limits=Limits()):
            if not isinstance(page, Exception):
                (regions,) = detector.detect([decode(page.data)])
                called.append(any(region.signs for region in regions))
        notice(CONTRACTS, done, len(paths))
    none = Share(0, 0)
    return SignedPages(
        CONTRACTS, roles.min_role_probability(), none, none, none, Share(sum(called), len(called))
    )


def _unusual(kinds: Sequence[Unusual], what: str) -> Iterator[Figure]:
    for row in kinds:
        yield share_figure(NAME, of=UNUSUAL, measure=f"{what}, {row.kind}", share=row.share)


def _page_times(times: PageTimes | None) -> Iterator[Figure]:
    if times is None:
        return
    mean = times.mean
    for measure, value, interval in (
        ("mean time a page", mean.value, (mean.low, mean.high)),
        ("median time a page", times.median, None),
        ("slowest time a page", times.slowest, None),
    ):
        yield as_figure(
            NAME,
            of=TIMED,
            measure=measure,
            value=value,
            n=times.pages,
            interval=interval,
            unit=Unit.MILLISECONDS,
        )


def _drawn(conditions: Sequence[SignaturesFound]) -> Iterator[Figure]:
    for row in conditions:
        yield share_figure(NAME, of=DRAWN, measure=f"signatures found, {row.condition}", share=row.share)


def _home(name: str, home: LabelFigures | None) -> Iterator[Figure]:
    if home is None:
        return
    for measure, value, key in (("mAP50", home.map50, "map50"), ("mAP50-95", home.map50_95, "map50_95")):
        interval = home.intervals[key]
        yield as_figure(NAME, of=name, measure=measure, value=value, n=home.truths, interval=interval)


def _budgets(rows: Sequence[FoundWithin]) -> Iterator[Figure]:
    for row in rows:
        at = f"{100 * row.false_alarms:.0f} % false alarms"
        yield share_figure(NAME, of=row.source, measure=f"signed pages found at {at}", share=row.signed_found)
        if row.initials_only_found.many:
            measure = f"pages signed by initials only, found at {at}"
            yield share_figure(NAME, of=row.source, measure=measure, share=row.initials_only_found)


def _qualities(measured: Sequence[RoleQuality]) -> Iterator[Figure]:
    for quality in measured:
        for name, value in (
            ("AUC of the role", quality.auc),
            ("calibration error", quality.calibration_error),
        ):
            interval = value.low, value.high
            yield as_figure(
                NAME, of=quality.source, measure=name, value=value.value, n=quality.marks, interval=interval
            )
