"""The commands that pages show are commands of ours, with options that they have and none that they lack."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import training.cli
from producer.commands import functions
from tests.unit.test_words import commands_of, pages
from worker.lazy import loaded

#: The changelog names commands as they were then.
SHOWN = [path for path in pages() if path.stem != "CHANGELOG"]
PRODUCT = {name: loaded(name, function) for name, function in functions().items()}
TRAINING = {
    f"{verb} {name}": command
    for verb, group in commands_of(typer.main.get_command(training.cli.app)).items()
    for name, command in commands_of(group).items()
}
#: A line that runs one, whatever stands before it; what the shell does behind it is no option.
RUNS = re.compile(r"(?:^|[\s/])(countersign(?:-train)? +[^|<>&]+)")
_FENCED = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_CODE = re.compile(r"`(countersign(?:-train)? [^`\n]+)`")


def blocks(text: str) -> Iterator[list[str]]:
    """The words of every command in the code blocks of a page: whole, to be typed as they stand."""
    for block in _FENCED.findall(text.replace("\\\n", " ")):
        for line in block.splitlines():
            # To kubectl the word is a namespace.
            if not line.startswith("kubectl ") and (match := RUNS.search(line.partition(" #")[0])):
                yield shlex.split(match.group(1))


def mentions(text: str) -> Iterator[list[str]]:
    """The words of every command that a sentence names; what it needs besides may be left out."""
    yield from (shlex.split(mention) for mention in _CODE.findall(_FENCED.sub("", text)))


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command and the words behind its name; None where there is no such command."""
    if words[0] == "countersign-train":
        return TRAINING.get(" ".join(words[1:3])), words[3:]
    return PRODUCT.get(words[1]), words[2:]


def faults(words: list[str], *, whole: bool) -> Iterator[str]:
    """What is wrong with a command; `whole` asks for every option that it needs, too."""
    command, rest = command_of(words)
    if command is None:
        # Of training a sentence may name a verb alone, and of the product its own options.
        if whole or not (words[1].startswith("-") or any(name.startswith(words[1]) for name in TRAINING)):
            yield f"{shlex.join(words)}: no such command"
        return
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    yield from (
        f"{shlex.join(words)}: no option {word}"
        for word in rest
        if word.startswith("--") and word.partition("=")[0] not in {*known, "--help"}
    )
    needed = [
        parameter.opts for parameter in command.params if parameter.required and "--" in parameter.opts[0]
    ]
    if whole:
        yield from (
            f"{shlex.join(words)}: lacks {names[0]}" for names in needed if not set(names) & set(rest)
        )


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_commands_of_a_page_run_as_they_stand(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    wrong = [fault for words in blocks(text) for fault in faults(words, whole=True)]
    wrong += [fault for words in mentions(text) for fault in faults(words, whole=False)]

    assert wrong == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param("$ .venv/bin/countersign run a.pdf --out b > c", [], id="right"),
        pytest.param("countersign rnu a.pdf", ["no such command"], id="no command"),
        pytest.param("countersign status --runn a", ["no option --runn"], id="no option"),
        pytest.param("countersign-train evaluate cleaner", ["lacks --data"], id="lacks one"),
        pytest.param("countersign-train evaluate \\\n  copies --data DIR", [], id="over two lines"),
    ],
)
def test_a_command_that_does_not_run_is_seen(line: str, wrong: list[str]) -> None:
    (words,) = blocks(f"```\n{line}\n```")

    assert [fault.partition(": ")[2] for fault in faults(words, whole=True)] == wrong
