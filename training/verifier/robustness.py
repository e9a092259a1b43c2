"""The drop of accuracy when queries arrive as pipelines deliver them, while references are clean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.pixels import cut_to_ink, scaled
from training.common.statistics import Estimate, Floats
from training.synthesis import pages
from training.synthesis.ink import stain
from training.synthesis.layouts import Slot
from training.synthesis.pages import Blank
from training.verifier import metrics, protocol, readers
from training.verifier.degrade import CONDITIONS, INK, as_scanned
from training.verifier.library import Library
from training.verifier.metrics import Trials
from training.verifier.readers import SignerSpecimens
from worker.settings import Verification
from worker.vision.boxes import iou
from worker.vision.choices import Label
from worker.vision.cleaning.cleaner import Cleaner, load_cleaner
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.crops import crop, fit, ink_mask
from worker.vision.detection.detector import Detector, load_detector
from worker.vision.values import Box, Embeddings, Grey
from worker.vision.verification.calibration import Traits
from worker.vision.verification.embedding import STEADINESS

REFERENCES, QUERIES = 3, 4
LAYOUTS = ("letter", "signing_page", "form", "delivery_note")
FOUND = "found on a page by the detector"
#: What becomes of a clean scan before it reaches the pipeline; None where nothing arrives.
Arrive = Callable[[Grey, np.random.Generator], Grey | None]


@dataclass(frozen=True)
class ArrivalCondition:
    """One way to arrive: skilled EER by set, and shares of queries not found or not fit to be compared."""

    name: str
    skilled: dict[str, Estimate]
    random: dict[str, Estimate]
    lost: dict[str, float]
    #: How many queries were asked.
    asked: dict[str, int]


@dataclass(frozen=True)
class _Case:
    """One signer: embedded references with their traits, and scans of what is asked about them."""

    references: Embeddings
    traits: Traits
    genuine: list[Grey]
    forged: list[Grey]


def measure_robustness(library: Library, *, notice: Notice) -> list[ArrivalCondition]:
    """Every other BHSig test writer and CEDAR one: three clean references, four queries of either kind."""
    folder = library.data / "verification"
    signers = {
        "BHSig260-Hindi test": readers.bhsig(folder / "bhsig_hindi", "test", shrink=False),
        "CEDAR": readers.read_cedar(folder / "cedar"),
    }
    cases = {name: _cases(found[::2], library) for name, found in signers.items()}
    arrivals: dict[str, Arrive] = {**CONDITIONS, FOUND: _Office()}
    conditions = []
    asked = {
        name: sum(len(case.genuine) + len(case.forged) for case in signers) for name, signers in cases.items()
    }
    for name, arrive in arrivals.items():
        skilled, random, lost = {}, {}, {}
        for source, signers_cases in cases.items():
            notice(f"robustness: {name}, {source}")
            trials, lost[source] = _trials(signers_cases, arrive, library)
            skilled[source], random[source] = (
                metrics.eer_estimate(trials, kind) for kind in ("skilled", "random")
            )
        conditions.append(ArrivalCondition(name, skilled, random, lost, asked))
    return conditions


def _cases(signers: Sequence[SignerSpecimens], library: Library) -> list[_Case]:
    rng = np.random.default_rng(1)
    cases = []
    for signer in signers:
        genuine = [signer.genuine[i].mask() for i in rng.permutation(len(signer.genuine))]
        forged = [signer.forged[i].mask() for i in rng.permutation(len(signer.forged))[:QUERIES]]
        scans = [as_scanned(image, rng) for image in genuine[: REFERENCES + QUERIES]]
        references = _embedded([_prepared(scan) for scan in scans[:REFERENCES]], library)
        among = np.stack([library.models.matcher.logits(one, references) for one in references])
        queries = [as_scanned(image, rng) for image in forged]
        traits = protocol.traits(among, references[:, STEADINESS])
        cases.append(_Case(references, traits, scans[REFERENCES:], queries))
    return cases


def _trials(cases: Sequence[_Case], arrive: Arrive, library: Library) -> tuple[list[Trials], float]:
    """Every writer's queries as they arrive; another writer's first genuine query is a random forgery."""
    rng = np.random.default_rng(2)
    score = protocol.llr(library.models.calibration, REFERENCES)
    asked, lost = [], 0
    for case in cases:
        kinds = []
        for scans in (case.genuine, case.forged):
            arrived = [found for scan in scans if (found := arrive(scan, rng)) is not None]
            ready = [one for one in map(_prepared, arrived) if one.quality.usable]
            lost += len(scans) - len(ready)
            kinds.append(_embedded(ready, library))
        asked.append(kinds)

    def against(queries: Embeddings, case: _Case) -> Floats:
        pairs = [library.models.matcher.logits(query, case.references) for query in queries]
        return score(np.stack(pairs), case.traits) if pairs else np.zeros(0)

    trials = []
    for number, (case, (genuine, forged)) in enumerate(zip(cases, asked, strict=True)):
        others = [kinds[0][:1] for i, kinds in enumerate(asked) if i != number]
        trials.append(
            Trials(against(genuine, case), against(forged, case), against(np.concatenate(others), case))
        )
    return trials, lost / sum(len(case.genuine) + len(case.forged) for case in cases)


@cache
def _cleaner() -> Cleaner:
    """The one that pipelines clean with unless told otherwise."""
    return load_cleaner(Verification.model_fields["cleaner"].default)


def _prepared(scan: Grey) -> Prepared:
    return prepare(np.repeat(scan[:, :, None], 3, axis=2), _cleaner())


def _embedded(ready: Sequence[Prepared], library: Library) -> Embeddings:
    return library.models.encoder.encode([fit(one.ink) for one in ready])


class _Office:
    """Puts a signature into its place on a printed page and cuts out what the shipped detector finds."""

    def __init__(self) -> None:
        self._detector: Detector = load_detector()
        rng = np.random.default_rng(3)
        self._papers = [
            pages.blank(layout, rng, names=["Ines Halvorsen", "Tomas Okafor"])
            for layout in LAYOUTS
            for _ in range(3)
        ]

    def __call__(self, scan: Grey, rng: np.random.Generator) -> Grey | None:
        paper = self._papers[int(rng.integers(len(self._papers)))]
        page, box = _signed(paper, scan, rng)
        (regions,) = self._detector.detect([page])
        boxes = [one.box for one in regions if one.label is Label.SIGNATURE and iou(one.box, box) > 0.1]
        if not boxes:
            return None
        cut = crop(page, max(boxes, key=lambda candidate: iou(candidate, box)))
        return np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8)


def _signed(paper: Blank, scan: Grey, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], Box]:
    """The page with the signature on one of its lines, and the signature's box."""
    slots: list[Slot] = [slot for slot in paper.slots if slot.kind == "signature"]
    slot = slots[int(rng.integers(len(slots)))]
    inner = cut_to_ink(ink_mask(scan))
    ink = scaled(inner, min(slot.width, 170.0) * paper.dpi / 72 / inner.shape[1])
    page = paper.pixels.copy()
    left = min(round(slot.x * paper.dpi / 72), page.shape[1] - ink.shape[1])
    top = min(max(round(slot.y * paper.dpi / 72 - 0.8 * ink.shape[0]), 0), page.shape[0] - ink.shape[0])
    window = page[top : top + ink.shape[0], left : left + ink.shape[1]]
    stain(window, np.asarray(ink, np.float32) / np.float32(255), (int(INK), int(INK), int(INK)))
    return page, Box(left, top, ink.shape[1], ink.shape[0])
