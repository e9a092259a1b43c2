"""Error rates of a verifier, from scores that rise with "genuine", with 95 % intervals over writers.

The field's list: equal error rate with one threshold for all writers and with one for each, false rejection
at a fixed false acceptance, area under the ROC curve. A bootstrap draws writers, not scores, for a writer's
scores are not independent; scores are counted into bins once, so that a thousand draws cost one product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Impostors = Literal["skilled", "random"]

#: Draws of a bootstrap, and the most bins that its scores are counted into.
ROUNDS, BINS = 1000, 1024


@dataclass(frozen=True)
class Trials:
    """The scores of one writer: genuine queries, skilled forgeries, other writers' genuine queries."""

    genuine: Scores
    skilled: Scores
    random: Scores


@dataclass(frozen=True)
class Rate:
    """A measured figure with its 95 % bootstrap interval over writers."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Curves:
    """Both errors over the same rising thresholds, one row a draw: shares in [0, 1].

    At a threshold, genuine scores below it are `rejected` and impostors' scores from it on `accepted`.
    """

    thresholds: Scores
    rejected: Scores
    accepted: Scores

    def equal_error(self) -> Scores:
        """The rate where both errors meet, a row."""
        nearest = np.argmin(np.abs(self.rejected - self.accepted), axis=1)[:, None]
        both = np.take_along_axis(self.rejected + self.accepted, nearest, axis=1)
        return np.asarray(both[:, 0] / 2, np.float64)

    def rejected_at(self, accepted: float) -> Scores:
        """False rejection at the lowest threshold where false acceptance is at most `accepted`, a row."""
        reached = self.accepted <= accepted
        first = np.where(reached.any(axis=1), np.argmax(reached, axis=1), -1)[:, None]
        found = np.take_along_axis(self.rejected, first, axis=1)[:, 0]
        return np.where(first[:, 0] < 0, 1.0, found)

    def area(self) -> Scores:
        """Area under the ROC curve, a row; 0.5 is chance."""
        taken, width = 1 - self.rejected, -np.diff(self.accepted, axis=1)
        return np.asarray((width * (taken[:, 1:] + taken[:, :-1]) / 2).sum(axis=1), np.float64)


#: A figure of every row of some curves.
Measure = Callable[[Curves], Scores]


def curves(genuine: Sequence[Scores], impostors: Sequence[Scores], draws: npt.NDArray[np.float64]) -> Curves:
    """The curves of weighted writers: `draws` is (rounds, writers), how often each writer counts.

    Few enough distinct scores are thresholds all; otherwise evenly many scores lie between two.
    """
    values = np.unique(np.concatenate([*genuine, *impostors]))
    if len(draws) > 1 and len(values) > BINS:
        values = np.unique(np.quantile(values, np.linspace(0, 1, BINS)))
    # The last threshold lies above every score: there nothing is accepted.
    thresholds = np.append(values, np.inf)
    below = [_share(draws @ _counts(scores, thresholds)) for scores in (genuine, impostors)]
    return Curves(thresholds, below[0], 1.0 - below[1])


def single(genuine: Scores, impostors: Scores) -> Curves:
    """The exact curves of two heaps of scores: one row."""
    return curves([genuine], [impostors], np.ones((1, 1)))


def equal_error_rate(genuine: Scores, impostor: Scores) -> float:
    """The rate at the threshold where false acceptances and false rejections meet."""
    return float(single(genuine, impostor).equal_error()[0])


def skilled_eer(trials: Sequence[Trials]) -> float:
    """EER of skilled forgeries at one threshold for all writers."""
    return equal_error_rate(pooled(trials, "genuine"), pooled(trials, "skilled"))


def random_eer(trials: Sequence[Trials]) -> float:
    """EER of other people's genuine signatures at one threshold for all writers."""
    return equal_error_rate(pooled(trials, "genuine"), pooled(trials, "random"))


def rates(trials: Sequence[Trials], against: Impostors, measures: Iterable[Measure]) -> list[Rate]:
    """Measures at one threshold for all writers, each with its interval, in the order given."""
    genuine = [trial.genuine for trial in trials]
    impostors = [getattr(trial, against) for trial in trials]
    exact = single(np.concatenate(genuine), np.concatenate(impostors))
    drawn = curves(genuine, impostors, draws(len(trials)))
    return [_with_interval(float(measure(exact)[0]), measure(drawn)) for measure in measures]


def mean_rate(values: Scores) -> Rate:
    """The mean of one value a writer, with its interval."""
    return _with_interval(float(values.mean()), draws(len(values)) @ values / len(values))


def user_eer(trials: Sequence[Trials], against: Impostors) -> Rate:
    """The mean of the writers' own EERs, each at the threshold that is best for that writer."""
    own = [equal_error_rate(trial.genuine, getattr(trial, against)) for trial in trials]
    return mean_rate(np.array(own))


def share_rate(trials: Sequence[Trials], kind: str, test: Callable[[Scores], npt.NDArray[np.bool_]]) -> Rate:
    """The share of one kind of queries for which `test` holds, with its interval."""
    held = [float(test(getattr(trial, kind)).sum()) for trial in trials]
    return share_of(held, [float(len(getattr(trial, kind))) for trial in trials])


def share_of(held: Sequence[float], asked: Sequence[float]) -> Rate:
    """The share `held` of what was `asked`, one count a writer, with its interval."""
    drawn, own, total = draws(len(held)), np.array(held), np.array(asked)
    return _with_interval(float(own.sum() / total.sum()), (drawn @ own) / (drawn @ total))


def ratio(one: Sequence[Trials], other: Sequence[Trials]) -> Rate:
    """Skilled EER of `other` over that of `one`: the same writers, drawn together for the interval."""
    found = []
    for trials in (other, one):
        genuine, skilled = [t.genuine for t in trials], [t.skilled for t in trials]
        exact = single(np.concatenate(genuine), np.concatenate(skilled))
        found.append((exact.equal_error(), curves(genuine, skilled, draws(len(trials))).equal_error()))
    (rate, drawn), (rate_one, drawn_one) = found
    return _with_interval(float(rate[0] / rate_one[0]), drawn / np.maximum(drawn_one, 1e-6))


def draws(writers: int, *, rounds: int = ROUNDS, seed: int = 1) -> npt.NDArray[np.float64]:
    """How often each writer is drawn in each round, with replacement: (rounds, writers)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(writers, np.full(writers, 1 / writers), size=rounds).astype(np.float64)


def pooled(trials: Sequence[Trials], kind: str) -> Scores:
    """One kind of scores of all writers together."""
    return np.concatenate([getattr(trial, kind) for trial in trials])


def _counts(scores: Sequence[Scores], thresholds: Scores) -> npt.NDArray[np.float64]:
    """How many of each writer's scores lie below each threshold: (writers, thresholds)."""
    return np.stack([np.searchsorted(np.sort(own), thresholds) for own in scores]).astype(np.float64)


def _share(below: npt.NDArray[np.float64]) -> Scores:
    return below / below[:, -1:]


def _with_interval(rate: float, drawn: Scores) -> Rate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Rate(rate, float(low), float(high))
