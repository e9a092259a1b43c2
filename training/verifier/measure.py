"""Everything that is measured of a verifier, in one value; `evaluate verifier` prints it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.common.console import Notice
from training.verifier import (
    decisions,
    evaluate,
    identification,
    library,
    names,
    plots,
    robustness,
)
from training.verifier.decisions import LeftOut
from training.verifier.evaluate import VerifierReport
from training.verifier.identification import Search
from training.verifier.library import Library, Read, VerifierModels
from training.verifier.names import SameName
from training.verifier.robustness import ArrivalCondition


@dataclass(frozen=True)
class Whole:
    """The parts that were asked for; the others are None."""

    #: SHA-256 of the weights that were measured, by their names in the catalogue.
    digests: dict[str, str]
    decisions: list[LeftOut] | None
    sets: VerifierReport | None
    names: SameName | None
    robustness: list[ArrivalCondition] | None
    identification: list[Search] | None


def measure_verifier(
    data: Path,
    folder: Path,
    *,
    parts: Collection[str],
    plots_to: Path | None,
    notice: Notice,
    folds: Mapping[Read, VerifierModels],
) -> Whole:
    """Measure the verifier in `folder`; `plots_to` gets the curves. For `folds` see `Library`."""
    shelf = Library(data, library.load_verifier_models(folder), folds)

    def part(name: str, run: Callable[..., Any]) -> Any:
        if name not in parts:
            return None
        notice(name)
        return run(shelf, notice=notice)

    whole = Whole(
        digests=shelf.models.digests,
        decisions=part("decisions", decisions.measure_decisions),
        sets=part("sets", evaluate.measure_sets),
        names=part("names", names.measure_same_names),
        identification=part("identification", identification.measure_identification),
        robustness=part("robustness", robustness.measure_robustness),
    )
    if plots_to is not None:
        notice("plots")
        plots.draw_curves(shelf, plots_to)
    return whole
