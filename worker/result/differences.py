"""Where two results differ in what they answer; names, places, moments and durations are no answer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from pydantic_core import to_jsonable_python

from worker.result.base import CIRCUMSTANCE, OCCASION, ResultModel
from worker.result.reports import Difference


def differences(
    then: object, now: object, *, tolerance: float = 0.0, field: str = ""
) -> Iterator[Difference]:
    """Differences by field, depth first; a list of another length differs as a whole.

    Models are compared by their fields, without those marked CIRCUMSTANCE or OCCASION and those that `then`,
    of an older release, does not have. Fractions are the same when they differ by no more than `tolerance`,
    absolute or relative to the larger.
    """
    if isinstance(then, ResultModel) and isinstance(now, ResultModel):
        unknown = then.unknown_fields
        then, now = _answer(then, unknown), _answer(now, unknown)
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in {**then, **now}:
            path = f"{field}.{name}" if field else name
            yield from differences(then.get(name), now.get(name), tolerance=tolerance, field=path)
    elif isinstance(then, tuple) and isinstance(now, tuple) and len(then) == len(now):
        for index, (first, second) in enumerate(zip(then, now, strict=True)):
            yield from differences(first, second, tolerance=tolerance, field=f"{field}[{index}]")
    elif not _same(then, now, tolerance):
        yield Difference(field=field, then=to_jsonable_python(then), now=to_jsonable_python(now))


def _answer(model: ResultModel, unknown: Collection[str]) -> dict[str, object]:
    left_out = type(model).marked(CIRCUMSTANCE, OCCASION) | set(unknown)
    return {name: getattr(model, name) for name in type(model).model_fields if name not in left_out}


def _same(then: object, now: object, tolerance: float) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        return math.isclose(then, now, rel_tol=tolerance, abs_tol=tolerance)
    return then == now
