"""Commands found by their modules' names: help reads their source, and only the one that runs is imported."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from producer import commands


class LazyGroup(TyperGroup):
    """The modules of `producer.commands` as subcommands, by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Without help or parameters: enough for a list of names and for "did you mean".
        self.commands = {name: TyperCommand(name) for name in names()}

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:
        """The command with its help, but without its parameters; None when there is no such command."""
        return TyperCommand(cmd_name, help=documented(cmd_name)) if cmd_name in self.commands else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, TyperCommand | None, list[str]]:
        """The command that is to run, whole; for a name that is none, the usual complaint."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(str(command.name)) if command else None, rest


def names() -> list[str]:
    """The names of all commands, sorted."""
    return sorted(module.name for module in iter_modules(commands.__path__))


def documented(name: str) -> str:
    """The docstring of a command, from the source of its module; nothing when that is no Python.

    A broken command shows its fault when it is run; it must not take the help of all others along.
    """
    spec = find_spec(f"{commands.__name__}.{name}")
    if spec is None or spec.origin is None:
        return ""
    try:
        body = ast.parse(Path(spec.origin).read_bytes()).body
    except (SyntaxError, ValueError):  # ValueError: a zero byte, or another encoding
        return ""
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


def loaded(name: str) -> TyperCommand:
    """The command, from its module."""
    single = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    single.command(name)(getattr(import_module(f"{commands.__name__}.{name}"), name))
    command = typer.main.get_command(single)
    assert isinstance(command, TyperCommand)
    return command
