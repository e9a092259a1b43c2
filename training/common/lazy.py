"""Commands that are imported when they run, so that `--help` answers without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True)
class CommandPath:
    """Where a command's function stands, and the first sentence of its help."""

    #: `package.module:function`
    path: str
    summary: str

    def load(self) -> Callable[..., None]:
        """The function; imports its module."""
        module, _, name = self.path.partition(":")
        function: Callable[..., None] = getattr(import_module(module), name)
        return function


def lazy_group(commands: Mapping[str, CommandPath]) -> type[TyperGroup]:
    """A class for `typer.Typer(cls=…)` whose commands are these, each imported when it runs."""

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = {name: _LazyCommand(name, path) for name, path in commands.items()}

    return LazyGroup


class _LazyCommand(TyperCommand):
    """Stands in for a command in the list of its group; parsing is left to the command itself."""

    def __init__(self, name: str, path: CommandPath) -> None:
        super().__init__(name, help=path.summary)
        self._path = path

    # Any: the types of contexts are Typer's own affair, and differ between its versions.
    def make_context(self, info_name: str | None, *arguments: Any, **options: Any) -> Any:
        only = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        only.command(self.name)(self._path.load())
        return get_command(only).make_context(info_name, *arguments, **options)
