"""Everything that is measured of a verifier, in one value; `evaluate verifier` prints it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.common.statistics import Estimate
from training.verifier import (
    combinations,
    decisions,
    errors,
    evaluate,
    identification,
    library,
    metrics,
    names,
    plots,
    protocol,
    robustness,
    scoring,
    sets,
)
from training.verifier.combinations import Combination
from training.verifier.decisions import Decisions
from training.verifier.errors import Analysis
from training.verifier.evaluate import Notice, Report
from training.verifier.identification import Search
from training.verifier.library import Library
from training.verifier.names import SameName
from training.verifier.robustness import Condition
from worker.vision import weights
from worker.vision.verification.matcher import load_matcher


@dataclass(frozen=True)
class Whole:
    """The parts that were asked for; the others are None."""

    decisions: list[Decisions] | None
    sets: Report | None
    combinations: list[Combination] | None
    names: SameName | None
    robustness: list[Condition] | None
    identification: list[Search] | None
    errors: list[Analysis] | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


#: The test sets of the matrix.
MATRIX = (sets.test, sets.cedar, sets.online_validation)


@dataclass(frozen=True)
class Row:
    """One weights folder in the matrix: skilled EER with one reference, by test set."""

    folder: str
    encoder: str
    skilled: dict[str, Estimate]


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
        decisions=part("decisions", decisions.measure),
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
    """Skilled EER of several verifiers on every set of MATRIX, one reference; no calibration is needed."""
    rows = [Row(str(folder), weights.entry("encoder", folder).sha256, {}) for folder in folders]
    for read in MATRIX:
        found = read(data)
        for folder, row in zip(folders, rows, strict=True):
            notice(f"{folder}: {read.__name__}")
            scored = scoring.scores(found, library.encoder_of(folder), load_matcher(folder))
            tried = protocol.trials(protocol.draws(scored, found, count=1), protocol.mean)
            row.skilled[found.source] = metrics.eer_estimate(tried, "skilled")
    return rows
