"""Are two runs' answers the same? `python -m tests.same_answers BEFORE.jsonl AFTER.jsonl`.

Both files hold what `countersign run --json` or `countersign results` printed. What differs by nature is left
out: the version of the code, seconds, moments, and the path of the results folder. Exit status 1 says that
answers differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

#: Differences that are named; of others the number.
NAMED = 40
#: Fields of a document that no two runs share.
_OF_A_RUN = ("seconds", "registered_at", "finished_at", "answered_at")
#: Fields that hold where a picture is, and the folder below a results folder in which pictures are.
_PICTURES, _OBJECTS = ("image", "crop", "clean"), "/objects/"

Json = str | float | bool | list["Json"] | dict[str, "Json"] | None


class _Missing:
    """What stands in a difference where one side has no such field."""

    def __repr__(self) -> str:
        return "nothing"


def differences(before: Path, after: Path) -> Iterator[str]:
    """Each place where two files of results differ, in a line; documents are compared in their order."""
    for number, (first, second) in enumerate(zip_longest(_results(before), _results(after)), 1):
        if first is None or second is None:
            yield f"line {number}: only {before if second is None else after} has a document"
            continue
        yield from (f"{first.get('document')}: {line}" for line in _compared("", first, second))


def comparable(result: Json, field: str = "") -> Json:
    """A result without what differs from run to run; pictures as their place below the results folder."""
    if isinstance(result, dict):
        kept = {name: value for name, value in result.items() if not (field == "" and name in _OF_A_RUN)}
        if field == "versions":
            kept.pop("code", None)
        return {name: comparable(value, name) for name, value in kept.items()}
    if isinstance(result, list):
        return [comparable(value, f"{field}[]") for value in result]
    if field in _PICTURES and isinstance(result, str):
        return result.rpartition(_OBJECTS)[2]
    return result


def _results(path: Path) -> Iterator[dict[str, Json]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            result = comparable(json.loads(line))
            assert isinstance(result, dict), f"{path} holds a line that is no JSON object"
            yield result


def _compared(field: str, before: Json | _Missing, after: Json | _Missing) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _objects(field, before, after)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (first, second) in enumerate(zip(before, after, strict=True)):
            yield from _compared(f"{field}[{index}]", first, second)
    elif json.dumps(before, default=repr) != json.dumps(after, default=repr):
        yield f"{field}: {_brief(before)} before, {_brief(after)} after"


def _objects(field: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[str]:
    for name in {**before, **after}:
        path = f"{field}.{name}" if field else name
        yield from _compared(path, before.get(name, _Missing()), after.get(name, _Missing()))
    if list(before) != list(after) and set(before) == set(after):
        yield f"{field or 'document'}: fields in another order: {', '.join(after)}"


def _brief(value: Json | _Missing) -> str:
    return f"{len(value)} of them" if isinstance(value, list) else repr(value)


def main(arguments: list[str]) -> int:
    """Compare two files and print what differs: 0 for nothing, 1 for something, 2 for wrong use."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m tests.same_answers BEFORE.jsonl AFTER.jsonl\n")
        return 2
    before, after = map(Path, arguments)
    lines = list(differences(before, after))
    summary = [*lines[:NAMED], f"{len(lines)} differences" if lines else "the answers are the same"]
    sys.stdout.writelines(f"{line}\n" for line in summary)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
