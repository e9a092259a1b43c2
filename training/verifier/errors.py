"""Which forgeries pass and which genuine signatures fail, told by measures of the ink and of the writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.statistics import Floats
from training.verifier import metrics, protocol, readers, sets
from training.verifier.library import Library, Measured
from training.verifier.metrics import Trials
from worker.vision.values import Normal

REFERENCES = 5
MEASURES = ("length of ink", "parts", "width of stroke", "width over height")


@dataclass(frozen=True)
class Thirds:
    """Skilled EER of the writers with the least, a middling and the greatest value of a measure."""

    measure: str
    least: float
    middle: float
    greatest: float


@dataclass(frozen=True)
class Distance:
    """How far queries lie from the mean of their writer's genuine ones: a mean ratio, 1 is at it.

    Forgeries above and below even odds, and genuine signatures below and above them.
    """

    measure: str
    passing: float
    stopped: float
    failing: float
    accepted: float


@dataclass(frozen=True)
class Analysis:
    """One set at even odds with five references."""

    source: str
    writers: int
    thirds: list[Thirds]
    distances: list[Distance]
    #: How many of all accepted forgeries, and of all rejected genuine ones, the worst quarter of writers has.
    passing_of_worst_quarter: float
    failing_of_worst_quarter: float


@dataclass(frozen=True)
class _Asked:
    """Mean log-likelihood ratio of every specimen that was asked about, NaN for the others."""

    llr: Floats
    trials: list[Trials]
    agreement: Floats


def measure_error_patterns(library: Library, *, notice: Notice) -> list[Analysis]:
    """Analyse BHSig test, CEDAR and, where writing was timed, the held-out tablet signers."""
    found = []
    for read in (sets.test, sets.cedar, sets.online_validation):
        notice(f"errors: {read.__name__}")
        one = library.of(read)
        values = _measures(one.found.images)
        if read is sets.online_validation:
            values["time of writing"] = _seconds(library.data, one)
        found.append(_analysis(one, library, values))
    return found


def _analysis(one: Measured, library: Library, values: dict[str, Floats]) -> Analysis:
    asked, writers = _ask(one, library), one.found.writers
    means = {name: _by_writer(column, one) for name, column in values.items()}
    numbers = np.unique(writers)
    forged = np.array([np.sum(asked.llr[(writers == w) & ~one.found.genuine] >= 0) for w in numbers])
    genuine = np.array([np.sum(asked.llr[(writers == w) & one.found.genuine] < 0) for w in numbers])
    by_writer = {"agreement of genuine signatures": asked.agreement, **means}
    return Analysis(
        source=one.found.source,
        writers=len(numbers),
        thirds=[_thirds(name, column, asked.trials) for name, column in by_writer.items()],
        distances=[_distance(name, values[name], means[name], one, asked.llr) for name in values],
        passing_of_worst_quarter=_worst_quarter(forged),
        failing_of_worst_quarter=_worst_quarter(genuine),
    )


def _ask(one: Measured, library: Library) -> _Asked:
    score = protocol.llr(library.models.calibration, REFERENCES)
    drawn = protocol.draws(one.scores, one.found, count=REFERENCES)
    total, count = np.zeros(len(one.found.writers)), np.zeros(len(one.found.writers))
    for draw in (draw for own in drawn for draw in own):
        for rows, pairs in ((draw.genuine_rows, draw.genuine), (draw.skilled_rows, draw.skilled)):
            total[rows] += score(pairs, draw.agreement)
            count[rows] += 1
    agreed = np.array([np.mean([draw.agreement for draw in own]) for own in drawn])
    with np.errstate(invalid="ignore"):
        return _Asked(total / count, protocol.trials(drawn, score), agreed)


def _measures(images: Sequence[Normal]) -> dict[str, Floats]:
    rows = np.array([_measured(image) for image in images])
    return {name: rows[:, column] for column, name in enumerate(MEASURES)}


def _measured(image: Normal) -> tuple[float, float, float, float]:
    """In pixels of the encoder's form, where every signature fills its field."""
    mask = np.where(image > 0.5, np.uint8(255), np.uint8(0))
    _, _, width, height = cv2.boundingRect(mask)
    ink = float(cv2.countNonZero(mask))
    rim = float(cv2.countNonZero(cv2.subtract(mask, cv2.erode(mask, np.ones((3, 3), np.uint8)))))
    parts, _ = cv2.connectedComponents(mask)
    length = max(rim / 2, 1.0)
    return length, float(parts - 1), ink / length, width / max(height, 1)


def _by_writer(column: Floats, one: Measured) -> Floats:
    """The mean of each writer's genuine specimens."""
    found = one.found
    return np.array(
        [np.nanmean(column[(found.writers == w) & found.genuine]) for w in np.unique(found.writers)]
    )


def _thirds(name: str, column: Floats, trials: Sequence[Trials]) -> Thirds:
    order = np.argsort(column[: len(trials)], kind="stable")
    rates = [metrics.skilled_eer([trials[i] for i in part]) for part in np.array_split(order, 3)]
    return Thirds(name, *rates)


def _distance(name: str, column: Floats, means: Floats, one: Measured, llr: Floats) -> Distance:
    """The geometric mean of the ratio to the writer's mean, taken so that it is at least 1."""
    own = means[np.searchsorted(np.unique(one.found.writers), one.found.writers)]
    away = np.abs(np.log(np.maximum(column, 1e-6) / np.maximum(own, 1e-6)))
    genuine = one.found.genuine

    def mean(chosen: npt.NDArray[np.bool_]) -> float:
        held = away[chosen & np.isfinite(llr) & np.isfinite(away)]
        return float(np.exp(held.mean())) if len(held) else float("nan")

    return Distance(
        name,
        passing=mean(~genuine & (llr >= 0)),
        stopped=mean(~genuine & (llr < 0)),
        failing=mean(genuine & (llr < 0)),
        accepted=mean(genuine & (llr >= 0)),
    )


def _worst_quarter(errors: npt.NDArray[np.int64]) -> float:
    worst = np.sort(errors)[::-1][: max(1, round(len(errors) / 4))]
    return float(worst.sum() / max(errors.sum(), 1))


def _seconds(data: Path, one: Measured) -> Floats:
    """How long each tablet specimen took to write; NaN for writers of whom some recording was dropped."""
    paths = [data / "verification" / f"{name}.npz" for name in ("susig", "svc2004")]
    timed = [_timed(path) for path in paths]
    signers = [
        (signer, times) for path, times in zip(paths, timed, strict=True) for signer in readers.online(path)
    ]
    held_out = signers[sets.HELD_OUT_EVERY - 1 :: sets.HELD_OUT_EVERY]
    found = []
    for signer, times in held_out:
        for specimens, genuine in ((signer.genuine, True), (signer.forged, False)):
            own = times.get((signer.name, genuine), [])
            found += own if len(own) == len(specimens) else [float("nan")] * len(specimens)
    if len(found) != len(one.found.writers):
        raise ValueError(f"{len(found)} times for {len(one.found.writers)} specimens")
    return np.array(found)


def _timed(path: Path) -> dict[tuple[str, bool], list[float]]:
    with np.load(path) as archive:
        names = ("writer", "genuine", "offset", "t", "corpus")
        data = {name: archive[name] for name in names if name in archive.files}
    corpora = data.get("corpus", np.full(len(data["writer"]), path.stem))
    found: dict[tuple[str, bool], list[float]] = {}
    for i, (corpus, writer, genuine) in enumerate(zip(corpora, data["writer"], data["genuine"], strict=True)):
        times = data["t"][data["offset"][i] : data["offset"][i + 1]]
        found.setdefault((f"{corpus}/{writer}", bool(genuine)), []).append(float(np.ptp(times)) / 1000)
    return found
