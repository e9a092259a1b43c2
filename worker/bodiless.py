"""A command without its body: enough for its help where the libraries that it works with are absent."""

from __future__ import annotations
import __future__ as future

import ast
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def bodiless(path: str) -> Callable[..., None]:
    """The function `package.module:function` with its parameters and docstring; a call of it does nothing."""
    module, _, name = path.partition(":")
    names: dict[str, Any] = {"__name__": module}
    for node in _source(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.body = node.body[:1]
            _run(node, names)
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
            # Constants of absent libraries stay undefined: no option has one as its default.
            with suppress(ModuleNotFoundError, NameError):
                _run(node, names)
    function: Callable[..., None] = names[name]
    return function


def _source(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_bytes())


def _run(node: ast.stmt, names: dict[str, Any]) -> None:
    """Run one statement of our own source."""
    flags = future.annotations.compiler_flag
    exec(compile(ast.Module([node], []), "<bodiless>", "exec", flags), names)  # nosec B102
