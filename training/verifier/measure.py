"""Everything that is measured of a verifier, in one value; `countersign evaluate verifier` prints it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.verifier import (
    combinations,
    errors,
    evaluate,
    identification,
    library,
    metrics,
    names,
    plots,
    robustness,
)
from training.verifier.combinations import Combination
from training.verifier.errors import Analysis
from training.verifier.evaluate import Notice, Report
from training.verifier.identification import Search
from training.verifier.library import Library
from training.verifier.metrics import Rate
from training.verifier.names import SameName
from training.verifier.robustness import Condition


@dataclass(frozen=True)
class Whole:
    """The parts that were asked for; the others are None."""

    sets: Report | None
    combinations: list[Combination] | None
    names: SameName | None
    robustness: list[Condition] | None
    identification: list[Search] | None
    errors: list[Analysis] | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """One weights folder in the matrix: skilled EER with one reference, by test set."""

    folder: str
    encoder: str
    skilled: dict[str, Rate]


def measure(
    data: Path, folder: Path, *, parts: Collection[str], plots_to: Path | None, notice: Notice
) -> Whole:
    """Measure the verifier in `folder`; `plots_to` gets the curves."""
    shelf = Library(data, library.load(folder))

    def part(name: str, run: Callable[..., Any]) -> Any:
        if name not in parts:
            return None
        notice(name)
        return run(shelf, notice=notice)

    whole = Whole(
        sets=part("sets", evaluate.evaluate),
        combinations=part("combinations", combinations.measure),
        names=part("names", names.measure),
        identification=part("identification", identification.measure),
        errors=part("errors", errors.measure),
        robustness=part("robustness", robustness.measure),
    )
    if plots_to is not None:
        notice("plots")
        plots.draw(shelf, plots_to)
    return whole


def matrix(data: Path, folders: Sequence[Path], *, notice: Notice) -> list[Row]:
    """Skilled EER of several verifiers on every set, one reference."""
    rows = []
    for folder in folders:
        shelf = Library(data, library.load(folder))
        found = {}
        for read in evaluate.SETS:
            notice(f"{folder}: {read.__name__}")
            one = shelf.of(read)
            tried = one.trials(shelf.models.calibration, 1)
            (found[one.found.source],) = metrics.rates(tried, "skilled", [metrics.Curves.equal_error])
        rows.append(Row(str(folder), shelf.models.digests["encoder"], found))
    return rows
