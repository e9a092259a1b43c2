"""Builds detector, cleaner and verifier from settings, and names everything that decides a result."""

from __future__ import annotations

from dataclasses import replace

from worker.settings import Detection, Verification
from worker.version import code_version
from worker.vision import weights
from worker.vision.choices import Label, Thresholds
from worker.vision.cleaning.cleaner import Cleaner, cleaner_version, load_cleaner
from worker.vision.detection import roles
from worker.vision.detection.batcher import BatchingDetector
from worker.vision.detection.classifier import OnnxClassifier, RescoringDetector
from worker.vision.detection.detector import Detector, load_detector
from worker.vision.detection.orientation import UprightDetector
from worker.vision.detection.polarity import PolarityDetector
from worker.vision.detection.skew import StraightDetector
from worker.vision.detection.strokes import StrokeDetector
from worker.vision.detection.surroundings import KnownLetters
from worker.vision.detection.yolo import default_thresholds
from worker.vision.verification.verifier import Verifier, load_verifier

#: The classifier's name in the catalogue, and in the versions of a result.
CLASSIFIER = "classifier"
#: Likewise the network that says which marks sign.
ROLE_NETWORK = "roles"


def build_detector(settings: Detection, network: roles.Roles | None = None) -> Detector:
    """The configured detector on straight pages of dark ink, with second-stage classifier and roles if on.

    On a GPU it stands behind a batcher that joins the pages of all task threads. `network` tells the roles
    in place of the one that ships.
    """
    thresholds = _thresholds(settings)
    # Which way up and roles look at the same print.
    known = KnownLetters() if _has_roles(settings) else None
    if _has_roles(settings):
        # What counts has to be a candidate as well, or nobody would ask for its role.
        lowest = min(roles.CANDIDATE_SCORE, *map(thresholds.floor, Label))
        thresholds = replace(thresholds, candidate_score=lowest)
    detector = load_detector(
        settings.detector,
        device=settings.detect_device,
        thresholds=thresholds,
        threads=settings.threads,
    )
    if settings.detect_device != "cpu":
        detector = BatchingDetector(detector, max_pages=settings.batch_pages, max_ms=settings.batch_ms)
    if _rescores(settings):
        doubt = float(weights.entry(CLASSIFIER).parameters["doubt"])
        min_score = thresholds.floor(Label.SIGNATURE)
        detector = RescoringDetector(detector, OnnxClassifier(CLASSIFIER), doubt=doubt, min_score=min_score)
    if _has_roles(settings):
        if network is None:
            classifier = OnnxClassifier(CLASSIFIER)
            network = roles.OnnxRoles(classifier, ROLE_NETWORK, threads=settings.threads, known=known)
        detector = roles.RoleDetector(
            detector,
            network,
            min_probability=roles.min_role_probability(ROLE_NETWORK),
            added=settings.set_thresholds,
        )
        detector = StrokeDetector(detector)
    return PolarityDetector(UprightDetector(StraightDetector(detector), known))


def build_verifier(settings: Verification) -> Verifier:
    """The configured verifier."""
    return load_verifier(settings.verifier, device=settings.verify_device)


def build_cleaner(settings: Verification) -> Cleaner:
    """The configured cleaner, for queries and references alike."""
    return load_cleaner(settings.cleaner)


def result_versions(detection: Detection, verification: Verification) -> dict[str, object]:
    """Digests of weights and calibration, thresholds and code: what every result row names.

    All is read from the catalogue; no weights are loaded for it.
    """
    catalogue = weights.read_catalogue()
    thresholds = _thresholds(detection)
    parts = weights.verifier_entry(verification.verifier).parts
    digests = {role: catalogue.files[name].sha256 for role, name in parts.items()}
    doubts: dict[str, float] = {}
    if _rescores(detection):
        doubts["doubt"] = float(catalogue.files[CLASSIFIER].parameters["doubt"])
    if _rescores(detection) or _has_roles(detection):
        digests[CLASSIFIER] = catalogue.files[CLASSIFIER].sha256
    if _has_roles(detection):
        digests[ROLE_NETWORK] = catalogue.files[ROLE_NETWORK].sha256
        doubts["min_role_probability"] = roles.min_role_probability(ROLE_NETWORK)
    return {
        "detector": catalogue.files[_file(detection)].sha256,
        **digests,
        "cleaner": cleaner_version(verification.cleaner),
        "thresholds": {
            "min_score": thresholds.min_score,
            "max_iou": thresholds.max_iou,
            **doubts,
            **{f"min_score_{label.value}": score for label, score in thresholds.per_label.items()},
        },
        "code": code_version(),
    }


def _rescores(settings: Detection) -> bool:
    """Whether the classifier is on: as set, else as its weights were found to do best."""
    if settings.classifier is not None:
        return settings.classifier == "on"
    return bool(weights.entry(CLASSIFIER).parameters["default"])


def _has_roles(settings: Detection) -> bool:
    """Whether marks are asked for their role: as set, else as the weights were found to do best."""
    if settings.roles is not None:
        return settings.roles == "on"
    return bool(weights.entry(ROLE_NETWORK).parameters["default"])


def _thresholds(settings: Detection) -> Thresholds:
    return settings.thresholds(default=default_thresholds(weights.entry(settings.detector)))


def _file(settings: Detection) -> str:
    return settings.detector if settings.detect_device == "cpu" else f"{settings.detector}-torch"
