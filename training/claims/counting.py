"""How often claims are answered right and wrong, with intervals over signers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.claims.asked import Truth
from training.common.figures import Figure, estimated
from training.common.statistics import Estimate, ratio_estimate
from worker.vision.choices import Confidence, Outcome

#: What the figures are called by.
MODEL = "claims"
#: A claim for which no signature was found.
NOT_FOUND = "not found"
#: Above it a probability leans genuine.
_EVEN = 0.5


@dataclass(frozen=True, slots=True)
class ClaimTrial:
    """A claim, what is true of it, and its answer: `verdict` is None where no signature was found.

    A missed signature is an answer of its own: never right, for there is one on every page that is asked.
    """

    signer: str
    truth: Truth
    references: int
    verdict: Outcome | None
    confidence: Confidence | None = None
    probability: float | None = None

    @property
    def right(self) -> bool:
        """Genuine for the signer's, forged for everybody else's."""
        wanted = Outcome.GENUINE if self.truth is Truth.GENUINE else Outcome.FORGED
        return self.verdict is wanted

    @property
    def wrong(self) -> bool:
        """The other verdict."""
        return self.verdict in (Outcome.GENUINE, Outcome.FORGED) and not self.right

    @property
    def leans_right(self) -> bool:
        """Whether the probability lies on the right side, whatever the verdict."""
        if self.probability is None:
            return False
        return (self.probability > _EVEN) is (self.truth is Truth.GENUINE)

    @property
    def word(self) -> str:
        """The answer in a word."""
        return NOT_FOUND if self.verdict is None else self.verdict.value


@dataclass(frozen=True, slots=True)
class ClaimShares:
    """The claims of a source with one number of references; shares in [0, 1], intervals over signers.

    Of all truths, each counted alike: `right`, `wrong`, `leans_right`. `answers` are shares of the claims
    of one truth by their answer's word.
    """

    source: str
    references: int
    claims: dict[Truth, int]
    signers: int
    right: Estimate
    wrong: Estimate
    leans_right: Estimate
    decided: Estimate
    wrong_where_decided: Estimate
    high: Estimate
    wrong_among_high: Estimate
    #: How many claims were decided, and how many of them with high confidence.
    verdicts: int
    sure_verdicts: int
    answers: dict[Truth, dict[str, Estimate]]


def count_claims(source: str, answered: Sequence[ClaimTrial]) -> list[ClaimShares]:
    """Shares for every number of references, fewest first."""
    numbers = sorted({claim.references for claim in answered})
    return [
        _shares(source, number, [claim for claim in answered if claim.references == number])
        for number in numbers
    ]


def _shares(source: str, references: int, claims: Sequence[ClaimTrial]) -> ClaimShares:
    by_truth = {truth: [claim for claim in claims if claim.truth is truth] for truth in Truth}
    asked = {truth: rows for truth, rows in by_truth.items() if rows}
    # Every truth weighs the same, however many of its claims were asked.
    weights = {truth: len(claims) / len(asked) / len(rows) for truth, rows in asked.items()}

    def share(
        some: Callable[[ClaimTrial], bool], of: Callable[[ClaimTrial], bool] = lambda claim: True
    ) -> Estimate:
        return _ratio(claims, some, of, weights)

    return ClaimShares(
        source=source,
        references=references,
        claims={truth: len(rows) for truth, rows in asked.items()},
        signers=len({claim.signer for claim in claims}),
        right=share(lambda claim: claim.right),
        wrong=share(lambda claim: claim.wrong),
        leans_right=share(lambda claim: claim.leans_right),
        decided=share(_is_decided),
        wrong_where_decided=share(lambda claim: claim.wrong, _is_decided),
        high=share(_is_high),
        wrong_among_high=share(lambda claim: claim.wrong, _is_high),
        verdicts=sum(map(_is_decided, claims)),
        sure_verdicts=sum(map(_is_high, claims)),
        answers={
            truth: {word: _ratio(rows, _has_word(word), lambda claim: True, weights) for word in _words()}
            for truth, rows in asked.items()
        },
    )


def _ratio(
    claims: Sequence[ClaimTrial],
    some: Callable[[ClaimTrial], bool],
    of: Callable[[ClaimTrial], bool],
    weights: dict[Truth, float],
) -> Estimate:
    """The weighted share of `some` among those that are `of`; NaN of none."""
    signers = sorted({claim.signer for claim in claims})
    place = {signer: index for index, signer in enumerate(signers)}
    sums = np.zeros((2, len(signers)))
    for claim in filter(of, claims):
        sums[:, place[claim.signer]] += np.array([some(claim), 1.0]) * weights[claim.truth]
    if not sums[1].any():
        return Estimate(np.nan, np.nan, np.nan)
    return ratio_estimate(sums[0], sums[1])


def _words() -> tuple[str, ...]:
    return (Outcome.GENUINE.value, Outcome.INCONCLUSIVE.value, Outcome.FORGED.value, NOT_FOUND)


def _has_word(word: str) -> Callable[[ClaimTrial], bool]:
    return lambda claim: claim.word == word


def _is_decided(claim: ClaimTrial) -> bool:
    return claim.right or claim.wrong


def _is_high(claim: ClaimTrial) -> bool:
    return claim.confidence is Confidence.HIGH


def claim_figures(measured: Sequence[ClaimShares]) -> Iterator[Figure]:
    """The shares as figures; what was never the case has none."""
    for row in measured:
        suffix = f"{row.references} reference{'s' if row.references > 1 else ''}"
        rates = {
            "right": row.right,
            "wrong": row.wrong,
            "leaning right": row.leans_right,
            "decided": row.decided,
            "high": row.high,
        }
        yield from _known_rates(row.source, suffix, rates, sum(row.claims.values()))
        decided = {"wrong where decided": row.wrong_where_decided}
        yield from _known_rates(row.source, suffix, decided, row.verdicts)
        sure = {"wrong among high": row.wrong_among_high}
        yield from _known_rates(row.source, suffix, sure, row.sure_verdicts)
        for truth, answers in row.answers.items():
            named = {f"answered {word}, {truth.value}": estimate for word, estimate in answers.items()}
            yield from _known_rates(row.source, suffix, named, row.claims[truth])


def _known_rates(of: str, suffix: str, rates: dict[str, Estimate], n: int) -> Iterator[Figure]:
    for name, rate in rates.items():
        if not np.isnan(rate.value):
            yield estimated(MODEL, of=of, measure=f"{name}, {suffix}", estimate=rate, n=n)
