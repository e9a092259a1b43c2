"""Replays a document's bundle in the embedded form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from worker.embedded.bundle import Bundle
from worker.embedded.workspace import open_workspace
from worker.errors import UnusableReference, WrongUse
from worker.settings import DECIDING, Detection, Reading

#: Fields of the result that say what was answered; the others are names, places, moments and durations.
_ANSWER = ("sha256", "status", "reason", "signed", "claims", "verdicts")
_PAGE = ("page", "width", "height", "dpi", "points", "status", "reason")
_REGION = ("index", "page", "x", "y", "width", "height", "score", "label", "quality")
#: Fractions that differ by less are the same: processors round differently. Counts are exact.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose value is another one now."""

    field: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """The new result, how its answer differs, and which versions are others than then."""

    result: Mapping[str, Any]
    answer: Sequence[Difference]
    versions: Sequence[Difference]


def replay(bundle: Bundle, folder: Path) -> Replayed:
    """Read the bundle's document here, with the bundle's settings but this machine's device.

    WrongUse when the folder is not empty, or the bundle holds what no bundle holds.
    """
    if folder.exists() and any(folder.iterdir()):
        raise WrongUse(f"{str(folder)!r} is not empty: name another folder")
    reading, detection = _settings(bundle)
    then = _answer_then(bundle)
    workspace = open_workspace(folder, detection=detection, reading=reading)
    source = folder / "document"
    source.write_bytes(bundle.data)
    for number, (signer, images) in enumerate(bundle.references.items()):
        for index, image in enumerate(images):
            path = folder / f"reference-{number}-{index}"
            path.write_bytes(image)
            try:
                workspace.enroll(signer, path)
            except UnusableReference as error:
                raise WrongUse(
                    f"the bundle's reference {index} of signer {number}: {error.reason}"
                ) from error
    document_id = workspace.register(source, list(bundle.claims))
    workspace.process([document_id], lambda _: None)
    result = workspace.result(document_id)
    return Replayed(
        result,
        list(_differences("", then, answer_of(result))),
        list(_differences("", bundle.result.get("versions", {}), result["versions"])),
    )


def answer_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a result answers, without names, places, moments and durations.

    Suggestions are left out as well: they depend on signers whom a bundle does not hold.
    """
    pages = [
        {**_chosen(page, _PAGE), "regions": [_chosen(region, _REGION) for region in page["regions"]]}
        for page in result.get("pages", [])
    ]
    return {**_chosen(result, _ANSWER), "pages": pages}


def _answer_then(bundle: Bundle) -> dict[str, Any]:
    try:
        return answer_of(bundle.result)
    except (AttributeError, KeyError, TypeError) as error:
        raise WrongUse(f"the bundle's result is none: {error}") from error


def _chosen(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _settings(bundle: Bundle) -> tuple[Reading, Detection]:
    given = {name: dict(bundle.settings.get(name, {})) for name in DECIDING}
    device = Detection().detect_device
    try:
        return Reading(**given["reading"]), Detection(**{**given["detection"], "detect_device": device})
    except ValidationError as error:
        names = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise WrongUse(f"the bundle's settings cannot be used: {names}") from error


def _differences(field: str, then: Any, now: Any) -> Iterator[Difference]:
    """Differences by field, depth first; a list of another length differs as a whole."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in {**then, **now}:
            yield from _differences(f"{field}.{name}" if field else name, then.get(name), now.get(name))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _differences(f"{field}[{index}]", one, other)
    elif not _same(then, now):
        yield Difference(field, then, now)


def _same(then: Any, now: Any) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        return math.isclose(then, now, rel_tol=_SAME, abs_tol=_SAME)
    return bool(then == now)
