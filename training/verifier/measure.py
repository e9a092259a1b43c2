"""Everything that is measured of a verifier, in one value; `evaluate verifier` prints it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.common.console import Notice
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
from training.verifier.evaluate import VerifierReport
from training.verifier.identification import Search
from training.verifier.library import Library
from training.verifier.names import SameName
from training.verifier.robustness import ArrivalCondition
from worker.vision import weights
from worker.vision.verification.matcher import load_matcher


@dataclass(frozen=True)
class Whole:
    """The parts that were asked for; the others are None."""

    #: SHA-256 of the weights that were measured, by their names in the catalogue.
    digests: dict[str, str]
    decisions: list[Decisions] | None
    sets: VerifierReport | None
    combinations: list[Combination] | None
    names: SameName | None
    robustness: list[ArrivalCondition] | None
    identification: list[Search] | None
    errors: list[Analysis] | None


#: The test sets of the matrix.
MATRIX = (sets.test, sets.cedar, sets.online_validation)


@dataclass(frozen=True)
class MatrixRow:
    """One weights folder in the matrix: skilled EER with one reference, by test set."""

    folder: str
    encoder: str
    skilled: dict[str, Estimate]
    #: Genuine queries and skilled forgeries together.
    trials: dict[str, int]


def measure_verifier(
    data: Path, folder: Path, *, parts: Collection[str], plots_to: Path | None, notice: Notice
) -> Whole:
    """Measure the verifier in `folder`; `plots_to` gets the curves."""
    shelf = Library(data, library.load_verifier_models(folder))

    def part(name: str, run: Callable[..., Any]) -> Any:
        if name not in parts:
            return None
        notice(name)
        return run(shelf, notice=notice)

    whole = Whole(
        digests=shelf.models.digests,
        decisions=part("decisions", decisions.measure_decisions),
        sets=part("sets", evaluate.measure_sets),
        combinations=part("combinations", combinations.measure_combinations),
        names=part("names", names.measure_same_names),
        identification=part("identification", identification.measure_identification),
        errors=part("errors", errors.measure_error_patterns),
        robustness=part("robustness", robustness.measure_robustness),
    )
    if plots_to is not None:
        notice("plots")
        plots.draw_curves(shelf, plots_to)
    return whole


def measure_matrix(data: Path, folders: Sequence[Path], *, notice: Notice) -> list[MatrixRow]:
    """Skilled EER of several verifiers on every set of MATRIX, one reference; no calibration is needed."""
    rows = [MatrixRow(str(folder), weights.entry("encoder", folder).sha256, {}, {}) for folder in folders]
    for read in MATRIX:
        found = read(data)
        for folder, row in zip(folders, rows, strict=True):
            notice(f"{folder}: {read.__name__}")
            scored = scoring.scores(found, library.encoder_of(folder), load_matcher(folder))
            tried = protocol.trials(protocol.draws(scored, found, count=1), protocol.mean)
            row.skilled[found.source] = metrics.eer_estimate(tried, "skilled")
            row.trials[found.source] = sum(len(trial.genuine) + len(trial.skilled) for trial in tried)
    return rows
