"""Rules that can be read off the code and its tests, one by one."""

from __future__ import annotations

import ast
import re

import pytest

from tests.source import PACKAGES, begins, modules, names_of

#: What reads or changes the environment.
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
#: What runs what a file says, and the arguments by which a reader is told not to.
UNPICKLERS = ("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
SAFELY = {"np.load": ("allow_pickle", False, True), "torch.load": ("weights_only", True, False)}


def dotted(node: ast.AST) -> str:
    """An attribute as it is written: `os.environ`; empty for what is no plain path of names."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def reads_environment(source: str) -> bool:
    nodes = list(ast.walk(ast.parse(source)))
    return any({dotted(node), *names_of(node)} & ENVIRONMENT for node in nodes)


def unpickling(source: str) -> list[str]:
    """What in this source may run what a file says; an error's name is no reader."""
    nodes = list(ast.walk(ast.parse(source)))
    named = {name for node in nodes for name in names_of(node)}
    imported = {name for name in named if any(begins(name, library) for library in UNPICKLERS)}
    if "pickle.UnpicklingError" in imported:
        imported -= {"pickle", "pickle.UnpicklingError"}
    calls = [dotted(node.func) for node in nodes if isinstance(node, ast.Call) and _is_unsafe(node)]
    return sorted({*imported, *calls})


def _is_unsafe(call: ast.Call) -> bool:
    """Whether a reader is not told to take plain values only; where its default does, it need not be."""
    if dotted(call.func) not in SAFELY:
        return False
    name, safe, by_default = SAFELY[dotted(call.func)]
    told = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == name]
    return told != [str(safe)] if told else not by_default


def test_the_environment_is_read_by_settings_alone() -> None:
    """What starts processes hands it on to them, and libraries are told by it to call nobody."""
    readers = [name for name, path in modules() if reads_environment(path.read_text())]

    assert set(readers) == {"producer.machine.processes", "worker"}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "from os import environ",
        "from os import getenv as g",
    ],
)
def test_a_reader_of_the_environment_is_seen(source: str) -> None:
    assert reads_environment(source)


def test_nothing_is_unpickled_at_run_time() -> None:
    assert {name: readers for name, path in modules() if (readers := unpickling(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import pickle", ["pickle"]),
        ("from pickle import loads", ["pickle", "pickle.loads"]),
        ("from pickle import UnpicklingError", []),
        ("import joblib.numpy_pickle", ["joblib.numpy_pickle"]),
        ("np.load(path, allow_pickle=True)", ["np.load"]),
        ("np.load(path, allow_pickle=chosen)", ["np.load"]),
        ("np.load(path)", []),
        ("torch.load(path)", ["torch.load"]),
        ("torch.load(path, weights_only=False)", ["torch.load"]),
        ("torch.load(path, weights_only=True)", []),
    ],
)
def test_what_unpickles_is_seen(source: str, named: list[str]) -> None:
    assert unpickling(source) == named


#: A handler of everything, and the reason behind it; the number of a rule is none.
BROAD = re.compile(r"except (Base)?Exception\b.*")
REASON = re.compile(r"# (noqa: BLE001 - )?(?!noqa)\w")


def broad_handlers_without_reason(text: str) -> list[str]:
    lines = (handler.group() for handler in BROAD.finditer(text))
    return [line for line in lines if not REASON.search(line)]


def test_whoever_catches_everything_says_why_on_that_line() -> None:
    silent = {name: broad_handlers_without_reason(path.read_text()) for name, path in modules()}

    assert {name: lines for name, lines in silent.items() if lines} == {}


def test_a_handler_of_everything_without_a_reason_is_seen() -> None:
    text = """
        except Exception:
        except BaseException as error:  # noqa: BLE001
        except Exception:  # noqa: BLE001 - recorded by the attempt
        except BaseException:  # Ctrl-C too
        except ValueError:
    """

    assert broad_handlers_without_reason(text) == [
        "except Exception:",
        "except BaseException as error:  # noqa: BLE001",
    ]


#: Imports inside functions: what is in an extra, or what a front door must not load.
MOST_LATE_IMPORTS = 20
LATE_IMPORT = re.compile(r"^ .*# noqa: PLC0415\b.*", re.MULTILINE)
REASON_TO_BE_LATE = re.compile(r"# noqa: PLC0415 - \w")


def late_imports(text: str) -> list[str]:
    return [match.group().strip() for match in LATE_IMPORT.finditer(text)]


def test_few_imports_are_late_and_each_says_why() -> None:
    late = {name: late_imports(path.read_text()) for name, path in modules(*PACKAGES, "deploy")}
    lines = [f"{name}: {line}" for name in late for line in late[name]]

    assert [line for line in lines if not REASON_TO_BE_LATE.search(line)] == []
    assert len(lines) <= MOST_LATE_IMPORTS, "\n".join(lines)


def test_a_late_import_and_its_reason_are_seen() -> None:
    text = """
    import a  # noqa: PLC0415
    from b import c  # type: ignore[import-untyped]  # noqa: PLC0415 - in the extra `queue`
    import d
    """

    silent, told = late_imports(text)

    assert (silent, REASON_TO_BE_LATE.search(silent)) == ("import a  # noqa: PLC0415", None)
    assert REASON_TO_BE_LATE.search(told)


#: A command reads words, calls a service and prints: what is longer does something that others need as well.
MOST_COMMAND_LINES = 20


def body_lines(function: ast.FunctionDef) -> int:
    """From the first line behind the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_a_command_is_a_parser_and_a_printer() -> None:
    functions = {
        f"{name}:{node.name}": body_lines(node)
        for name, path in modules("producer/commands")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }

    assert {name: lines for name, lines in functions.items() if lines > MOST_COMMAND_LINES} == {}
    assert len(functions) > MOST_COMMAND_LINES


def test_the_lines_of_a_body_are_counted_without_its_docstring() -> None:
    short, long = ast.parse('def a():\n    """A."""\ndef b():\n    """B."""\n    c()\n    d()').body

    assert isinstance(short, ast.FunctionDef)
    assert isinstance(long, ast.FunctionDef)
    assert (body_lines(short), body_lines(long)) == (0, 2)


#: A longer file of tests holds several behaviours: each gets a file of its own.
MOST_TEST_LINES = 400


def test_no_file_of_tests_is_long() -> None:
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in modules("tests")}

    assert {name: count for name, count in lines.items() if count > MOST_TEST_LINES} == {}
