"""What more references would bring where some decide nothing: measured on writers who trained no encoder.

The same query is compared with a writer's first references and then with more of them. Of the queries that
were inconclusive at first, it counts how many the larger number decides, and how many of those wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.figures import Figure, estimated
from training.common.statistics import Estimate, Floats, probabilities, ratio_estimate
from training.verifier import protocol, sets
from training.verifier.library import Library, Read, ScoredSet
from worker.vision.verification.calibration import Calibration, Fit

MODEL = "outlook"
#: Writers of whom the encoder that ships saw nothing; those of the first two are in its calibration.
UNSEEN_WRITERS: tuple[Read, ...] = (sets.mcyt, sets.online_validation, sets.test)
#: From how many references to how many.
STEPS = ((1, 3), (2, 3), (3, 5), (4, 5), (5, 10))
_ROUNDS, _SEED = 5, 1


@dataclass(frozen=True, slots=True)
class Outlook:
    """Comparisons of one set that `references` leave inconclusive, once there are `more`.

    `decided` is the share of them that then have a verdict, `wrong` the share of those verdicts.
    """

    source: str
    references: int
    more: int
    inconclusive: int
    decided: Estimate
    wrong: Estimate


@dataclass(frozen=True, slots=True)
class _Counts:
    """One writer's queries."""

    inconclusive: int = 0
    decided: int = 0
    wrong: int = 0

    def plus(self, other: _Counts) -> _Counts:
        """Both together."""
        return _Counts(
            self.inconclusive + other.inconclusive, self.decided + other.decided, self.wrong + other.wrong
        )


def measure_outlook(library: Library, *, notice: Notice = lambda stage: None) -> list[Outlook]:
    """Every step on every set."""
    measured = []
    for read in UNSEEN_WRITERS:
        notice(read.__name__)
        scored = library.of(read)
        measured += [_outlook(scored, library.models.calibration, *step) for step in STEPS]
    return measured


def _outlook(scored: ScoredSet, calibration: Calibration, references: int, more: int) -> Outlook:
    rng = np.random.default_rng(_SEED)
    counts = [
        _of_writer(scored, calibration, int(writer), (references, more), rng)
        for writer in np.unique(scored.gallery.writers)
    ]
    return outlook_of(scored.gallery.source, references, more, counts=counts)


def outlook_of(source: str, references: int, more: int, *, counts: Sequence[_Counts]) -> Outlook:
    """Shares of the counts of some writers, with intervals over them."""
    inconclusive, decided = (
        [float(getattr(writer, name)) for writer in counts] for name in ("inconclusive", "decided")
    )
    return Outlook(
        source=source,
        references=references,
        more=more,
        inconclusive=int(sum(inconclusive)),
        decided=ratio_estimate(decided, inconclusive, empty=0.0),
        wrong=ratio_estimate([float(writer.wrong) for writer in counts], decided, empty=0.0),
    )


def _of_writer(
    scored: ScoredSet, calibration: Calibration, writer: int, step: tuple[int, int], rng: np.random.Generator
) -> _Counts:
    """One writer's queries under several draws of references."""
    of_writer = scored.gallery.writers == writer
    genuine = np.flatnonzero(of_writer & scored.gallery.genuine)
    forged = np.flatnonzero(of_writer & ~scored.gallery.genuine)
    few, many = step
    counts = _Counts()
    for _ in range(_ROUNDS if len(genuine) > many else 0):
        order = rng.permutation(genuine)
        queries = np.concatenate([order[many:], forged])
        labels = np.arange(len(queries)) < len(order) - many
        before, after = (_said(scored, calibration, queries, order[:count]) for count in (few, many))
        counts = counts.plus(outlook_counts(before, after, labels))
    return counts


def outlook_counts(
    before: npt.NDArray[np.int8], after: npt.NDArray[np.int8], genuine: npt.NDArray[np.bool_]
) -> _Counts:
    """Verdicts on the same queries (1 genuine, -1 forged, 0 inconclusive), by few and by more references."""
    open_before = before == 0
    decided = open_before & (after != 0)
    wrong = decided & ((after == 1) != genuine)
    return _Counts(int(open_before.sum()), int(decided.sum()), int(wrong.sum()))


def _said(
    scored: ScoredSet,
    calibration: Calibration,
    queries: npt.NDArray[np.int64],
    references: npt.NDArray[np.int64],
) -> npt.NDArray[np.int8]:
    """The verdicts on queries against those references: 1 genuine, -1 forged, 0 inconclusive."""
    fit, steadiness = calibration.fit_for(len(references)), scored.gallery.steadiness
    traits = protocol.traits(
        scored.scores[np.ix_(references, references)], None if steadiness is None else steadiness[references]
    )
    llr = protocol.ratio(fit, calibration.sharpness)(scored.scores[np.ix_(queries, references)], traits)
    return _verdicts(llr, fit)


def _verdicts(llr: Floats, fit: Fit) -> npt.NDArray[np.int8]:
    stated = probabilities(llr)
    return np.where(stated >= fit.genuine_from, 1, np.where(stated < fit.forged_below, -1, 0)).astype(np.int8)


def outlook_parameters(measured: Sequence[Outlook]) -> list[dict[str, Any]]:
    """What ships beside the calibration: of each step the worst of the sets."""
    steps = dict.fromkeys((row.references, row.more) for row in measured)
    return [
        {
            "references": references,
            "more": more,
            "decided": round(min(row.decided.value for row in rows), 4),
            "wrong": round(max(row.wrong.value for row in rows), 4),
        }
        for references, more in steps
        for rows in [[row for row in measured if (row.references, row.more) == (references, more)]]
    ]


def outlook_figures(measured: Sequence[Outlook]) -> Iterator[Figure]:
    """The shares as figures."""
    for row in measured:
        step = f"{row.references} to {row.more} references"
        decided = round(row.decided.value * row.inconclusive)
        yield estimated(
            MODEL, of=row.source, measure=f"decided, {step}", estimate=row.decided, n=row.inconclusive
        )
        yield estimated(
            MODEL, of=row.source, measure=f"wrong of these, {step}", estimate=row.wrong, n=decided
        )
