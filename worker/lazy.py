"""Commands that are imported when they run: help reads the source of the others, and loads none of them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from worker.bodiless import bodiless


class LazyGroup(TyperGroup):
    """Functions as subcommands; `lazy_group` makes a class for each set of them."""

    #: `package.module:function` by the name of the command.
    functions: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Without help or parameters: enough for a list of names and for "did you mean".
        self.commands = {name: TyperCommand(name) for name in self.functions}

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:
        """The command with its help, but without its parameters; None when there is no such command."""
        function = self.functions.get(cmd_name)
        return None if function is None else TyperCommand(cmd_name, help=documented(function))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, TyperCommand | None, list[str]]:
        """The command that is to run, whole; for a name that is none, the usual complaint."""
        _, command, rest = super().resolve_command(ctx, args)
        if command is None:
            return None, None, rest
        name = str(command.name)
        return name, loaded(name, self.functions[name], helping="--help" in rest), rest


def lazy_group(functions: Mapping[str, str]) -> type[LazyGroup]:
    """A class for `typer.Typer(cls=…)` with these commands: `package.module:function` by name."""
    return type("LazyGroup", (LazyGroup,), {"functions": functions})


def documented(function: str) -> str:
    """The docstring of `package.module:function`, from the source; nothing when that is no Python.

    A broken command shows its fault when it is run; it must not take the help of all others along.
    """
    module, _, name = function.partition(":")
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    try:
        body = ast.parse(Path(spec.origin).read_bytes()).body
    except (SyntaxError, ValueError):  # ValueError: a zero byte, or another encoding
        return ""
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return flowing(ast.get_docstring(node) or "")
    return ""


def flowing(text: str) -> str:
    """Paragraphs without the ends of lines in them: a terminal breaks them where it is wide enough."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def loaded(name: str, function: str, *, helping: bool = False) -> TyperCommand:
    """The command of that name, from `package.module:function`.

    Where a library is absent, `helping` takes it without its body: that knows parameters and does nothing.
    """
    module, _, attribute = function.partition(":")
    single = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    try:
        single.command(name)(getattr(import_module(module), attribute))
    except ModuleNotFoundError:
        if not helping:
            raise
        single.command(name)(bodiless(function))
    command = typer.main.get_command(single)
    assert isinstance(command, TyperCommand)
    command.help = flowing(command.help or "")
    return command
