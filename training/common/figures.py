"""The figures of an evaluation, in one stable shape for all models.

`countersign-train evaluate MODEL --json FILE` writes them; `docs/accuracy.md` is generated from such files.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from training.provenance import commit

if TYPE_CHECKING:
    from training.common.statistics import Estimate


class Unit(StrEnum):
    """What a value counts."""

    #: Of all, between 0 and 1: a rate, a precision, a recall, an average precision, an area under a curve.
    SHARE = "share"
    #: One value over another, from 0 on.
    RATIO = "ratio"
    #: Things: pages, false alarms.
    COUNT = "count"
    #: Things on a page, on average.
    PER_PAGE = "per page"
    MILLISECONDS = "ms"


class Figure(BaseModel):
    """One measured value with its 95 % interval.

    `model`, `set` and `measure` together are unique within a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Entry of the weights catalogue, such as `detector-accurate`, or what was measured beside it: `copies`.
    model: str
    #: The data, with the label or condition where there are several: `Tobacco800 test, signature`.
    set: str
    #: What was measured, with its operating point: `recall at 0.30`, `skilled EER, 8 references`.
    measure: str
    #: None where nothing could be measured, such as the precision of a model that answered nothing.
    value: float | None
    #: Ends of the 95 % interval; None where no interval was computed.
    low: float | None = None
    high: float | None = None
    #: How many things the value is over: pages, crops, boxes, trials.
    n: int = Field(ge=0)
    unit: Unit = Unit.SHARE


class FigureFile(BaseModel):
    """All figures of one evaluation, with what it takes to repeat it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Short hash of the commit that measured, or `unknown`.
    commit: str
    #: Day of the measurement, UTC.
    date: datetime.date
    #: SHA-256 of every weights file that took part, by its name in the catalogue.
    weights: dict[str, str]
    figures: tuple[Figure, ...]


def as_figure(
    model: str,
    *,
    of: str,
    measure: str,
    value: float,
    n: int,
    interval: tuple[float, float] | None = None,
    unit: Unit = Unit.SHARE,
) -> Figure:
    """A figure; `of` is its set, and what is not a number becomes None."""
    low, high = interval or (math.nan, math.nan)
    return Figure(
        model=model,
        set=of,
        measure=measure,
        value=_known(value),
        low=_known(low),
        high=_known(high),
        n=n,
        unit=unit,
    )


def estimated(
    model: str, *, of: str, measure: str, estimate: Estimate, n: int, unit: Unit = Unit.SHARE
) -> Figure:
    """A figure with the interval of its estimate."""
    interval = (estimate.low, estimate.high)
    return as_figure(model, of=of, measure=measure, value=estimate.value, n=n, interval=interval, unit=unit)


def today(weights: Mapping[str, str], figures: Iterable[Figure]) -> FigureFile:
    """Figures measured now, by the code as it stands."""
    date = datetime.datetime.now(datetime.UTC).date()
    return FigureFile(commit=commit(), date=date, weights=dict(weights), figures=tuple(figures))


def write_figures(measured_now: FigureFile, path: Path) -> None:
    """Write the file as JSON, its folder too; an earlier one is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(measured_now.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_figures(path: Path) -> FigureFile:
    """The figures of a file; raises pydantic's ValidationError where it has another shape."""
    return FigureFile.model_validate_json(path.read_text(encoding="utf-8"))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
