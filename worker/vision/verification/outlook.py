"""What more references would bring to an inconclusive comparison, by what was measured for a calibration.

The figures stand in the catalogue beside the calibration that they were measured with; another calibration
has none until they are measured again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from worker.vision.weights import WEIGHTS_DIR, read_catalogue

#: The parameter of a calibration's entry in the catalogue.
MORE_REFERENCES = "more_references"


@dataclass(frozen=True, slots=True)
class MoreReferences:
    """Of comparisons that `references` left inconclusive, the share that `more` decided, and wrongly.

    Both are those of the worst set of writers on whom it was measured.
    """

    references: int
    more: int
    decided: float
    wrong: float


def outlook(references: int, *, calibration: str, folder: Path = WEIGHTS_DIR) -> str:
    """A sentence on what more references than these would bring; empty where nobody measured it.

    `calibration` is the digest of the calibration by which the comparison was inconclusive.
    """
    return sentence(references, measured_with(calibration, folder))


@lru_cache(maxsize=8)
def measured_with(calibration: str, folder: Path = WEIGHTS_DIR) -> tuple[MoreReferences, ...]:
    """What was measured with the calibration of that digest, fewest references first."""
    return tuple(
        MoreReferences(**step)
        for entry in read_catalogue(folder).files.values()
        if entry.sha256 == calibration
        for step in entry.parameters.get(MORE_REFERENCES, ())
    )


def sentence(references: int, measured: Sequence[MoreReferences]) -> str:
    """What the step from so many references on showed, or the last one before; empty without any."""
    steps = [step for step in measured if step.references <= references]
    if not steps:
        return ""
    step = max(steps, key=lambda step: (step.references, step.more))
    if references >= step.more:
        return f"More than {step.more} references were not measured."
    decided, wrong = round(100 * step.decided), round(100 * step.wrong)
    return (
        f"{step.more} references would help: of 100 comparisons that {_counted(step.references)} left "
        f"inconclusive, they decided at least {decided}, of which up to {wrong} % wrongly."
    )


def _counted(references: int) -> str:
    return "1 reference" if references == 1 else f"{references} references"
