"""Rule files read with care: untrusted YAML, bounded before it is built; faults are told by line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from worker.errors import PermanentError, WrongUse
from worker.rules.schema import Applies, Need, RuleFile

#: Bytes of the largest rule file.
LARGEST_RULES = 64 * 1024
#: Lists and tables that may stand inside each other.
_DEEPEST = 8
#: The parts of a rule file by how messages call them; each other part is a need.
_PARTS: Mapping[str, type[BaseModel]] = {"the file": RuleFile, "applies": Applies}


class RulesRefused(PermanentError):
    """A rule file that cannot be used."""

    code = "rules_refused"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(file, line, reason)
        self.file, self.line, self.reason = file, line, reason

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule file with the digest of its bytes, by which an answer names it."""

    file: RuleFile
    sha256: str


def read_rules(data: bytes, name: str) -> Rules:
    """The rules in the bytes of a file of that name. RulesRefused with line and reason."""
    if len(data) > LARGEST_RULES:
        raise RulesRefused(name, 1, f"a rule file has at most {LARGEST_RULES:,} bytes, not {len(data):,}")
    try:
        text = data.decode("utf-8")
        _check_events(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_keys(node, name)
        content = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RulesRefused(name, line, "not UTF-8") from error
    except yaml.YAMLError as error:
        raise RulesRefused(name, _line_of(error), f"not YAML: {_problem(error)}") from error
    except (ValueError, OverflowError) as error:
        raise RulesRefused(name, 1, f"not a value: {error}") from error
    try:
        return Rules(RuleFile.model_validate(content), hashlib.sha256(data).hexdigest())
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise RulesRefused(name, _line_at(node, wrong["loc"]), _fault(wrong)) from error


def read_folder(folder: Path) -> list[Rules]:
    """The rules of every `*.yaml` in a folder, by name. RulesRefused; WrongUse where there are none; OSError.

    Two files for one type are refused: nobody could say which holds.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise WrongUse(f"{str(folder)!r} holds no rule files (*.yaml)")
    read = [(path, read_rules(path.read_bytes(), str(path))) for path in files]
    types: dict[str, Path] = {}
    for path, rules in read:
        if rules.file.type in types:
            raise RulesRefused(str(path), 1, f"{types[rules.file.type].name} is for {rules.file.type}, too")
        types[rules.file.type] = path
    return [rules for _, rules in read]


def applicable(
    rules: Sequence[Rules], key: str, templates: Iterable[str] = (), *, kind: str | None = None
) -> Rules | None:
    """The rules for a document: those for the type that its sender names.

    Else those with the longest prefix of its key, or the first for its templates.
    """
    named = next((candidate for candidate in rules if candidate.file.type == kind), None)
    if named is not None:
        return named
    prefixes = [
        (len(prefix), candidate)
        for candidate in rules
        for prefix in candidate.file.applies.keys
        if key.startswith(prefix)
    ]
    if prefixes:
        return max(prefixes, key=lambda fit: fit[0])[1]
    names = set(templates)
    return next((candidate for candidate in rules if names & set(candidate.file.applies.templates)), None)


def _fault(wrong: ErrorDetails) -> str:
    """What is wrong, in the words of a rule file rather than of the schema's library."""
    place, fields = _place(wrong["loc"])
    if not fields:
        return f"{place}: {wrong['msg'].removeprefix('Value error, ')}"
    field = ".".join(map(str, fields))
    if wrong["type"] == "missing":
        return f"{place} lacks the field {field!r}"
    if wrong["type"] != "extra_forbidden":
        return f"{place}, field {field!r}: {wrong['msg'].removeprefix('Value error, ')}"
    near = get_close_matches(field, _PARTS.get(place, Need).model_fields, 1)
    return f"{place} has no field {field!r}" + "".join(f"; did you mean {name!r}?" for name in near)


def _place(location: Sequence[int | str]) -> tuple[str, Sequence[int | str]]:
    """The part of a rule file, needs numbered from 1 as they stand there, and the field in it."""
    match location:
        case ("needs", int(number), *fields):
            return f"need {number + 1}", fields
        case ("applies", field, *fields):
            return "applies", [field, *fields]
    return "the file", location


def _check_events(text: str, name: str) -> None:
    """Refuse what could grow or nest without end, before anything is built of it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RulesRefused(name, line, "anchors and aliases are not allowed")
        if getattr(event, "tag", None):
            raise RulesRefused(name, line, "tags are not allowed")
        if depth > _DEEPEST:
            raise RulesRefused(name, line, f"nested more than {_DEEPEST} deep")


def _check_keys(node: yaml.Node | None, name: str) -> None:
    """Refuse a field that is named twice: YAML itself would take the last without a word."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, name)
    if not isinstance(node, yaml.MappingNode):
        return
    named: set[str | int] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in named:
            raise RulesRefused(name, _line(key.start_mark), f"{key.value!r} is named twice")
        named.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        _check_keys(value, name)


def _line_of(error: yaml.YAMLError) -> int:
    return _line(getattr(error, "problem_mark", None))


def _line(mark: object) -> int:
    """The line of a mark, from 1; 1 without one."""
    return int(getattr(mark, "line", 0)) + 1


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _line_at(node: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The line of a value by its place in the file, or of what holds it."""
    line = 1
    for step in place:
        node = next(_below(node, step), None)
        if node is None:
            break
        line = _line(node.start_mark)
    return line


def _below(node: yaml.Node | None, step: int | str) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (value for key, value in node.value if key.value == step)
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        yield from node.value[step : step + 1]
