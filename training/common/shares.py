"""Some of many, counted, with an exact interval."""

from __future__ import annotations

from dataclasses import dataclass

from training.common.figures import Figure, as_figure
from training.common.statistics import exact_interval


@dataclass(frozen=True, slots=True)
class Share:
    """Some of many things that are independent of each other."""

    some: int
    many: int

    @property
    def value(self) -> float:
        """The share in [0, 1]; 0 of none."""
        return self.some / self.many if self.many else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends of the exact 95 % interval (Clopper and Pearson, 1934); (0, 1) of none."""
        return exact_interval(self.some, self.many)


def share_figure(model: str, *, of: str, measure: str, share: Share) -> Figure:
    """A share as a figure of the set `of`."""
    return as_figure(model, of=of, measure=measure, value=share.value, n=share.many, interval=share.interval)
