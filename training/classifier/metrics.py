"""What a classifier's answers are worth: accuracy, precision, recall, with intervals over documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.detector.metrics import Rate
from worker.vision.detection.classifier import KINDS, Kind

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answers:
    """Truths and answers as indices into KINDS, (n,) each; `groups` names each crop's document."""

    truths: Indices
    answers: Indices
    groups: tuple[str, ...]
    sources: tuple[str, ...]

    def of(self, keep: npt.NDArray[np.bool_]) -> Answers:
        """Those answers alone."""
        rows = np.flatnonzero(keep)
        named = tuple(self.groups[row] for row in rows)
        return Answers(self.truths[rows], self.answers[rows], named, tuple(self.sources[row] for row in rows))


@dataclass(frozen=True, slots=True)
class Figures:
    """One evaluation set. `confusion` counts crops: a row per true kind, a column per answer.

    `accuracy` tells four kinds apart, `signature_accuracy` signatures from all that is none.
    """

    crops: int
    documents: int
    accuracy: Rate
    signature_accuracy: Rate
    signature_precision: Rate
    signature_recall: Rate
    confusion: tuple[tuple[int, ...], ...]


def figures(answers: Answers, *, rounds: int = 1000, seed: int = 1) -> Figures:
    """The figures of those answers; the intervals draw whole documents with replacement."""
    draws = _draws(answers.groups, rounds=rounds, seed=seed)
    return Figures(
        crops=len(answers.truths),
        documents=len(set(answers.groups)),
        accuracy=_rate(answers, accuracy, draws),
        signature_accuracy=_rate(answers, signature_accuracy, draws),
        signature_precision=_rate(answers, precision, draws),
        signature_recall=_rate(answers, recall, draws),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion(answers.truths, answers.answers)),
    )


def accuracy(truths: Indices, answers: Indices) -> float:
    """Share of right answers; nan without any."""
    return float((truths == answers).mean()) if len(truths) else float("nan")


def signature_accuracy(truths: Indices, answers: Indices) -> float:
    """Share of right answers to "is it a signature"; nan without any."""
    signature = KINDS.index(Kind.SIGNATURE)
    return accuracy((truths == signature).astype(np.int64), (answers == signature).astype(np.int64))


def precision(truths: Indices, answers: Indices, kind: Kind = Kind.SIGNATURE) -> float:
    """Of what is called `kind`, the share that is; nan when nothing is."""
    return accuracy(truths[answers == KINDS.index(kind)], answers[answers == KINDS.index(kind)])


def recall(truths: Indices, answers: Indices, kind: Kind = Kind.SIGNATURE) -> float:
    """Of what is `kind`, the share that is called so; nan when nothing is."""
    return accuracy(truths[truths == KINDS.index(kind)], answers[truths == KINDS.index(kind)])


def confusion(truths: Indices, answers: Indices) -> Indices:
    """(4, 4) counts, a row per true kind."""
    table = np.zeros((len(KINDS), len(KINDS)), np.int64)
    np.add.at(table, (truths, answers), 1)
    return table


def _draws(groups: Sequence[str], *, rounds: int, seed: int) -> list[Indices]:
    """Rows of each bootstrap round."""
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    documents, rng = [np.array(one) for one in rows.values()], np.random.default_rng(seed)
    picks = (rng.integers(len(documents), size=len(documents)) for _ in range(rounds))
    return [np.concatenate([documents[int(one)] for one in pick]) for pick in picks]


def _rate(answers: Answers, measure: Callable[[Indices, Indices], float], draws: Sequence[Indices]) -> Rate:
    drawn = [measure(answers.truths[rows], answers.answers[rows]) for rows in draws]
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if not np.isnan(drawn).all() else (np.nan, np.nan)
    return Rate(measure(answers.truths, answers.answers), float(low), float(high))
