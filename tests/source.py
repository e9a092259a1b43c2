"""The code as it is written: its modules, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.checkout import ROOT

PACKAGES = ("worker", "producer", "web", "db", "training")


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    """Every module of these packages, or of all, by its dotted name."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        yield from names_of(node)


def names_of(node: ast.AST) -> Iterator[str]:
    """Dotted names of what one statement imports; none for others."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def begins(name: str, prefix: str) -> bool:
    """Whether a dotted name is that one, or lies below it."""
    return name == prefix or name.startswith(f"{prefix}.")
