"""One language: a public name means one thing, a name says what it is, and a signature says its types."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: What people build on, and with it what only trains; migrations are Alembic's.
PRODUCT = ("worker", "producer", "web", "db", "deploy")
PACKAGES = (*PRODUCT, "training")
OURS = frozenset((*PACKAGES, "benchmarks", "tests"))

#: Public names that several modules define, and why they mean one thing there all the same.
SHARED = {
    "check": "the command that checks a document, found by its name; the decoders' complaints are checked",
    "claim": "the command that changes a document's claims, found by its name; a worker claims a row",
    "main": "the entry of a command, never imported by name",
}
#: What each module behind a port defines, and no other is called by: one of them is no exception yet.
PORTS = {
    "build": "worker/vision/verification/architectures/",
    "open_documents": "worker/storage/",
    "open_results": "worker/storage/",
    "open_source": "producer/sources/",
}
#: Names that say nothing; in a comprehension of one line the rest of the line says it.
VAGUE = frozenset({"one", "found", "own", "said", "held", "shown"})
#: Module and name of what is called by such a name outside: a key of JSON is kept.
PUBLISHED = {("worker/result/reports.py", "found")}
#: Signatures that may say `Any`: what JSON holds, and what a library without types takes and gives.
MOST_ANY = 19
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def package_modules(package: str) -> dict[str, ast.Module]:
    """The parsed modules of a folder by their paths below the repository's root."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    }


def modules(*packages: str) -> dict[str, ast.Module]:
    """Those of several folders."""
    return {path: module for package in packages for path, module in package_modules(package).items()}


def definitions(module: ast.Module) -> Iterator[str]:
    """The public functions and classes at the top of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return (node.name for node in module.body if isinstance(node, kinds) and node.name[0] != "_")


def constants(module: ast.Module) -> Iterator[str]:
    """The public constants at the top of a module; a variable of types is none."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = (name for target in filter(None, targets) for name in ast.walk(target))
        yield from (
            name.id
            for name in names
            if isinstance(name, ast.Name) and re.fullmatch("[A-Z][A-Z0-9_]+", name.id)
        )


def homes(
    packages: Iterable[str], defined: Callable[[ast.Module], Iterator[str]] = definitions
) -> dict[str, set[str]]:
    """By public name the modules that define it."""
    by_name: dict[str, set[str]] = {}
    for path, module in modules(*packages).items():
        for name in defined(module):
            by_name.setdefault(name, set()).add(path)
    return by_name


def renaming_imports(module: ast.Module) -> Iterator[str]:
    """Imports that give something of ours another name."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        sources = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        if any((source or "").partition(".")[0] in OURS for source in sources):
            yield from (f"{node.lineno}: as {alias.asname}" for alias in node.names if alias.asname)


def in_one_line(module: ast.Module) -> set[int]:
    """Ids of the nodes inside comprehensions and lambdas that one line holds."""
    short = (
        node
        for node in ast.walk(module)
        if isinstance(node, _COMPREHENSIONS) and node.lineno == node.end_lineno
    )
    return {id(inner) for node in short for inner in ast.walk(node)}


def bound_names(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that a node itself binds, with their lines: variables, arguments, functions."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield node.lineno, name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield node.lineno, name
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            yield node.lineno, name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield node.lineno, name


def vague_names(path: str, module: ast.Module) -> Iterator[str]:
    """Where a name says nothing, outside comprehensions of one line."""
    short = in_one_line(module)
    for node in ast.walk(module):
        if id(node) not in short:
            for line, name in bound_names(node):
                if name in VAGUE and (path, name) not in PUBLISHED:
                    yield f"{path}:{line}: {name}"


def annotations(function: Function) -> Iterator[ast.expr]:
    """The types of a signature."""
    arguments = function.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    yield from (argument.annotation for argument in every if argument and argument.annotation)
    if function.returns:
        yield function.returns


def untyped(module: ast.Module) -> Iterator[int]:
    """Lines of types in signatures that say `Any`, one each."""
    for function in ast.walk(module):
        if isinstance(function, Function):
            for annotation in annotations(function):
                if any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation)):
                    yield annotation.lineno


def test_a_public_name_means_one_thing() -> None:
    by_name = homes(PACKAGES)
    clashes = {name: paths for name, paths in by_name.items() if len(paths) > 1}

    assert {name: sorted(paths) for name, paths in clashes.items() if name not in {*SHARED, *PORTS}} == {}
    strangers = {
        name: sorted(p for p in by_name[name] if not p.startswith(room)) for name, room in PORTS.items()
    }
    assert not any(strangers.values()), strangers
    assert set(SHARED) <= set(clashes), "an exception that nothing needs any more"


def test_a_constant_of_the_product_means_one_thing() -> None:
    clashes = {name: paths for name, paths in homes(PRODUCT, constants).items() if len(paths) > 1}

    assert {name: sorted(paths) for name, paths in clashes.items()} == {}


def test_constants_are_seen_however_they_are_bound() -> None:
    source = "A_B, C = 1, 2\nDE: int = 3\nF1 = G2 = 4\n_H = 5\nT = TypeVar('T')\nplain = 6"

    assert list(constants(ast.parse(source))) == ["A_B", "DE", "F1", "G2"]


def test_what_is_ours_is_imported_by_its_name() -> None:
    renamed = {path: list(renaming_imports(module)) for path, module in modules(*sorted(OURS)).items()}

    assert {path: lines for path, lines in renamed.items() if lines} == {}


@pytest.mark.parametrize("package", [*PACKAGES, "benchmarks", "tests"])
def test_a_name_says_what_it_is(package: str) -> None:
    vague = [where for path, module in modules(package).items() for where in vague_names(path, module)]

    assert vague == []


def test_signatures_say_their_types() -> None:
    product = modules("worker", "producer", "db")
    places = [f"{path}:{line}" for path, module in product.items() for line in untyped(module)]

    assert len(places) <= MOST_ANY, "\n".join(places)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        pytest.param("one = 1", ["one"], id="variable"),
        pytest.param("def f(found): ...", ["found"], id="argument"),
        pytest.param("for own in range(3): ...", ["own"], id="loop"),
        pytest.param("with f() as held: ...", ["held"], id="with"),
        pytest.param("def said(): ...", ["said"], id="function"),
        pytest.param("a = [one for one in b]", [], id="comprehension of one line"),
        pytest.param("a = [\n    one\n    for one in b\n]", ["one"], id="comprehension of several"),
        pytest.param("a = b.found + f(found=1)", [], id="attribute and keyword"),
    ],
)
def test_vague_names_are_seen_wherever_they_are_bound(source: str, named: list[str]) -> None:
    lines = vague_names("a.py", ast.parse(source))

    assert [line.rpartition(" ")[2] for line in lines] == named


@pytest.mark.parametrize(
    ("source", "renamed"),
    [
        pytest.param("from db import audit as rows", ["1: as rows"], id="from"),
        pytest.param("import worker.app as product", ["1: as product"], id="module"),
        pytest.param("import numpy as np\nfrom db import audit", [], id="another's, and by its name"),
    ],
)
def test_renaming_imports_are_seen(source: str, renamed: list[str]) -> None:
    assert list(renaming_imports(ast.parse(source))) == renamed


def test_any_is_seen_inside_a_type() -> None:
    source = (
        "def f(a: dict[str, Any], *b: Any, c: int) -> Any: ...\nclass A:\n    async def g(self) -> int: ..."
    )

    assert list(untyped(ast.parse(source))) == [1, 1, 1]
