"""Which signature answers which claim, decided once for a document: an assignment by likelihood. Pure.

A signature has one writer, so it stands for one claimed signer at most. A claimed signer may sign several
times. Of all ways to share the signatures out, the likeliest is taken, where a claim that nobody signs for
costs as much as `EXPECTED` of log-likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.vision.choices import Outcome

#: How much likelier it is that a claimed signer has signed than that the name stands there for nothing, as a
#: natural logarithm: twenty to one. A choice, not a measurement.
EXPECTED = 3.0
#: Log-likelihood ratios beyond this say no more than this: both are certain.
_CERTAIN = 10.0
#: Worse than any share: no choice.
_NEVER = -1e6

#: Page and region of a signature.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """A signature compared with a claimed signer."""

    place: Place
    signer: str
    outcome: Outcome
    llr: float | None

    @property
    def likelihood(self) -> float:
        """How much it speaks for this writer; 0 where nothing is known."""
        return 0.0 if self.llr is None else max(-_CERTAIN, min(_CERTAIN, self.llr))


def assign_signatures(signers: Sequence[str], compared: Sequence[Compared]) -> dict[Place, str]:
    """The claimed signer that each signature stands for.

    A signature that is genuine for somebody is given to nobody else. Equal shares go by the order of signers
    and places, so the answer is reproducible.
    """
    by_place: dict[Place, dict[str, float]] = {}
    for place in sorted({one.place for one in compared}):
        by_place[place] = _writers([one for one in compared if one.place == place and one.signer in signers])
    places = [place for place in by_place if by_place[place]]
    likeliest = {place: max(by_place[place], key=by_place[place].__getitem__) for place in places}
    gains = [[_gain(by_place[place], likeliest[place], signer) for place in places] for signer in signers]
    first = best_pairs(gains)
    return {**likeliest, **{places[column]: signers[row] for row, column in first.items()}}


def best_pairs(gains: Sequence[Sequence[float]]) -> dict[int, int]:
    """The column of each row such that the sum of gains is largest; a row that would gain nothing has none.

    Exact, in the cube of the sizes: the Hungarian method with potentials and shortest augmenting paths (Kuhn,
    1955; Jonker and Volgenant, 1987).
    """
    rows, columns = len(gains), len(gains[0]) if gains else 0
    # A row may go without: a column of its own, that gains nothing.
    costs = [[-max(gain, _NEVER) for gain in gains[row]] + [0.0] * rows for row in range(rows)]
    by_column = _shortest_paths(costs)
    pairs = {row: column for column, row in by_column.items() if column < columns}
    return {row: column for row, column in sorted(pairs.items()) if gains[row][column] > 0}


def _writers(compared: Sequence[Compared]) -> dict[str, float]:
    """Who may have written a signature, and how much speaks for each."""
    genuine = [one for one in compared if one.outcome is Outcome.GENUINE]
    return {one.signer: one.likelihood for one in genuine or compared}


def _gain(writers: Mapping[str, float], likeliest: str, signer: str) -> float:
    """What it is worth that this signature is the one by which a claim is answered at all."""
    if signer not in writers:
        return _NEVER
    return writers[signer] - writers[likeliest] + EXPECTED


def _shortest_paths(costs: Sequence[Sequence[float]]) -> dict[int, int]:
    """The row of each used column in a cheapest assignment of all rows; there are more columns than rows."""
    width = len(costs[0]) if costs else 0
    row_prices, column_prices = [0.0] * len(costs), [0.0] * width
    owner: dict[int, int] = {}
    for row in range(len(costs)):
        path = _Path(costs, row_prices, column_prices, owner, row)
        path.take()
    return owner


@dataclass
class _Path:
    """The cheapest way to give one more row a column, moving others where that is cheaper."""

    costs: Sequence[Sequence[float]]
    row_prices: list[float]
    column_prices: list[float]
    owner: dict[int, int]
    row: int

    def take(self) -> None:
        """Find it, change the prices by it, and hand the columns on along it."""
        width = len(self.column_prices)
        distance, before = [float("inf")] * width, [-1] * width
        done: list[int] = []
        row, column, reached = self.row, -1, 0.0
        while True:
            for other in range(width):
                if other not in done:
                    reduced = self.costs[row][other] - self.row_prices[row] - self.column_prices[other]
                    if reached + reduced < distance[other]:
                        distance[other], before[other] = reached + reduced, column
            column = min((other for other in range(width) if other not in done), key=distance.__getitem__)
            reached = distance[column]
            if column not in self.owner:
                break
            done.append(column)
            row = self.owner[column]
        self._reprice(done, distance, reached)
        while column >= 0:
            previous = before[column]
            self.owner[column] = self.row if previous < 0 else self.owner[previous]
            column = previous

    def _reprice(self, done: Sequence[int], distance: Sequence[float], reached: float) -> None:
        self.row_prices[self.row] += reached
        for column in done:
            self.row_prices[self.owner[column]] += reached - distance[column]
            self.column_prices[column] -= reached - distance[column]
