"""From which strength on verdicts err rarely enough, and how strong evidence a set can carry at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.statistics import Floats, isotonic_fit

#: Stands for "never" where no strength of evidence reaches an error that low.
NEVER = 99.0
#: An edge that fewer of a set's queries reach, by weight, is no edge: so few cases show nothing.
SUPPORT = 0.02
#: Log-likelihood ratios at which a bound is looked for: nothing beyond is ever stated.
BOUNDS = np.arange(0.0, 12.0, 0.05)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How often verdicts may err: those as strong as one, and all that are at least as strong, together."""

    alike: float
    together: float


@dataclass(frozen=True)
class Side:
    """One set's evidence for one verdict: strengths that rise with it, whether it would be wrong, weights."""

    strength: Floats
    wrong: npt.NDArray[np.bool_]
    weights: Floats

    def edge(self, tolerance: Tolerance) -> float:
        """The least strength, 0 or more, from which verdicts err rarely enough.

        NEVER where none does, or too few do to show it.
        """
        alone = isotonic_fit(self.strength, np.asarray(~self.wrong, np.float64), self.weights)
        order = np.argsort(-self.strength, kind="stable")
        together = np.empty_like(self.strength)
        errors = np.cumsum((self.wrong * self.weights)[order])
        together[order] = errors / np.cumsum(self.weights[order])
        edge = max(
            0.0,
            _first(self.strength, alone >= 1 - tolerance.alike),
            _first(self.strength, together <= tolerance.together),
        )
        reaching = self.weights[self.strength >= edge].sum() / self.weights.sum()
        return edge if reaching >= SUPPORT else NEVER

    def bound(self) -> float:
        """The strongest log-likelihood ratio that so few cases can carry (Vergeer et al., 2016).

        Whoever acts on ratios of that strength, at odds that only they can turn, must still err less than
        who asks nobody, were one more case misleading. The first ratio that fails ends the search.
        """
        wrong, right = (np.sort(self.strength[kind]) for kind in (self.wrong, ~self.wrong))
        misled = (len(wrong) - np.searchsorted(wrong, BOUNDS) + 1) / (len(wrong) + 1)
        missed = (np.searchsorted(right, BOUNDS) + 1) / (len(right) + 1)
        # At odds of 1 to e^ratio: what acting costs, as a multiple of what never acting costs.
        useful = missed + np.exp(BOUNDS) * misled < 1
        fails = np.flatnonzero(~useful)
        return float(BOUNDS[max((fails[0] if len(fails) else len(BOUNDS)) - 1, 0)])


def sides(llr: Floats, genuine: npt.NDArray[np.bool_], weights: Floats) -> tuple[Side, Side]:
    """The evidence of one set for "genuine", and for "forged"."""
    return Side(llr, ~genuine, weights), Side(-llr, genuine, weights)


def _first(x: Floats, reached: npt.NDArray[np.bool_]) -> float:
    """The lowest x at which the condition holds; NEVER where it does not."""
    return float(x[reached].min()) if reached.any() else NEVER
