"""Writes the JSON Schema and the tables of the result reference: `python -m deploy.result_reference`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from worker.result import (
    ChangeResult,
    ClaimRow,
    ComparisonResult,
    DoctorFinding,
    DocumentHistory,
    DocumentResult,
    DocumentRow,
    EnrolmentResult,
    OverviewResult,
    ReplayResult,
    ResultModel,
    SignatureRow,
    StatementResult,
    VerdictRow,
)

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA, RESULT_PAGE = DOCS / "result.schema.json", DOCS / "result.md"
_BEGIN, _END = "<!-- made by `python -m deploy.result_reference` -->\n", "<!-- end -->\n"
#: What the page shows, each with all that is inside it; what was shown before is not shown again.
_SHOWN: tuple[type[ResultModel], ...] = (
    DocumentResult,
    DocumentHistory,
    ClaimRow,
    SignatureRow,
    DocumentRow,
    VerdictRow,
    ChangeResult,
    ComparisonResult,
    ReplayResult,
    EnrolmentResult,
    OverviewResult,
    StatementResult,
    DoctorFinding,
)
#: Models that add fields to another; only these are shown.
_BASES = {DocumentHistory.__name__: DocumentResult.__name__}
_LIMITS = (("exclusiveMinimum", ">"), ("minimum", "≥"), ("maximum", "≤"))


def result_schema() -> str:
    """The published JSON Schema: a document's result, and every other result among its definitions."""
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Result of a document",
        "$ref": f"#/$defs/{DocumentResult.__name__}",
        "$defs": _definitions(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def result_page(text: str) -> str:
    """The page with its tables made again; what stands around the two marks stays as it is."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    tables = "".join(line for name in _order() for line in _section(name))
    return f"{before}{_BEGIN}{tables}\n{_END}{after}"


def result_contract() -> dict[str, str]:
    """Each field by `Model.field` with its type; optional ones, which older results may lack, end in "?"."""
    return {
        f"{name}.{field}": _kind(schema) + ("" if field in _definitions()[name].get("required", ()) else "?")
        for name in _order()
        for field, schema in _definitions()[name]["properties"].items()
    }


@cache
def _definitions() -> dict[str, Any]:
    _, everything = models_json_schema([(model, "validation") for model in _SHOWN])
    definitions: dict[str, Any] = everything["$defs"]
    return definitions


def _order() -> list[str]:
    """Names of the models, each before what it holds; plain enumerations are told in their fields."""
    names: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in names and "properties" in _definitions()[name]:
            names[name] = None
            for inner in _references(_definitions()[name]):
                add(inner)

    for model in _SHOWN:
        add(model.__name__)
    return list(names)


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _section(name: str) -> Iterator[str]:
    model, base = _definitions()[name], _BASES.get(name)
    yield f"\n### {name}\n\n{' '.join(model['description'].split())}\n"
    known = () if base is None else _definitions()[base]["properties"]
    if base is not None:
        yield f"It has the fields of {_link(base)}, and:\n"
    yield "\n| field | type | meaning |\n| --- | --- | --- |\n"
    for field, schema in model["properties"].items():
        if field not in known:
            yield f"| `{field}` | {_kind(schema)} | {schema.get('description', '')} |\n"


def _kind(schema: dict[str, Any]) -> str:
    """The type of a field in words, with its limits."""
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _named(name)
    if schema.get("type") == "array":
        return f"array of {_kind(schema['items'])}"
    limits = "".join(f" {sign} {schema[limit]:g}" for limit, sign in _LIMITS if limit in schema)
    return _plain(schema) + limits


def _named(name: str) -> str:
    definition = _definitions()[name]
    if "properties" in definition:
        return _link(name)
    return ", ".join(f"`{value}`" for value in definition.get("enum", ())) or "any JSON"


def _plain(schema: dict[str, Any]) -> str:
    kind: str = schema.get("type", "any JSON")
    if schema.get("format") == "date-time":
        return "moment in ISO 8601"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return kind


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


if __name__ == "__main__":
    SCHEMA.write_text(result_schema(), encoding="utf-8")
    RESULT_PAGE.write_text(result_page(RESULT_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
