"""The subcommands of `countersign`, one module each: a parser and a printer around one service.

A module's function of the same name is the command, and its docstring the help.
"""

from __future__ import annotations

from pkgutil import iter_modules


def functions() -> dict[str, str]:
    """All commands by name, sorted: `package.module:function`, as `worker.lazy` takes them."""
    names = sorted(module.name for module in iter_modules(__path__))
    return {name: f"{__name__}.{name}:{name}" for name in names}
