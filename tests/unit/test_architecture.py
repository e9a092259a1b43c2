"""Which package may import which, and which front doors load without heavy libraries."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from producer import commands
from producer.services.migrate import upgrade_database
from tests.checkout import ROOT
from tests.source import PACKAGES, begins, imports, modules, names_of
from worker.lazy import documented, loaded

#: What speaks to a person at a terminal: a use case must serve others too.
TERMINAL = ("typer", "click", "rich", "producer.console", "producer.printing", "producer.commands")
#: What puts documents in and reads results out looks at no pixel.
PRODUCER = (
    "worker.steps",
    "worker.vision",
    "worker.rendering",
    "worker.tasks",
    "training",
    "deploy",
    "torch",
    "cv2",
    "onnxruntime",
    "pymupdf",
)
#: What reaches the database; its states and roles are names.
DB_BUT_NAMES = tuple(
    f"db.{path.stem}"
    for path in sorted((ROOT / "db").iterdir())
    if path.stem not in ("states", "roles", "__init__", "__pycache__")
)

#: Prefix of a module -> prefixes that it must not import. The longest prefix that fits decides.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "db": ("worker", "producer", "training", "deploy", "os", "celery", "boto3", "pydantic_settings"),
    "worker": ("producer", "web", "training", "deploy"),
    "worker.vision": (
        "db",
        "producer",
        "training",
        "deploy",
        "worker.steps",
        "worker.tasks",
        "worker.settings",
        "worker.storage",
        "worker.embedded",
        "celery",
        "boto3",
        "sqlalchemy",
        "os",
    ),
    # As pure as vision.
    "worker.slots": (
        *("db", "producer", "training", "deploy", "worker.steps", "worker.tasks", "worker.settings"),
        *("worker.storage", "worker.embedded", "worker.rendering", "celery", "boto3", "sqlalchemy", "os"),
    ),
    "worker.steps": (
        "producer",
        "training",
        "deploy",
        "worker.tasks",
        "worker.connections",
        "worker.wiring",
        "worker.app",
        "worker.publisher",
        "celery",
        "boto3",
        "torch",
    ),
    "worker.tasks": ("producer", "training", "deploy", "db", "worker.vision", "torch", "cv2"),
    "producer": PRODUCER,
    "producer.sources": (*PRODUCER, *TERMINAL, "producer.services"),
    # Of the database a command knows the names of states and roles, and nothing else.
    "producer.commands": (*PRODUCER, *DB_BUT_NAMES, "sqlalchemy", "celery", "boto3"),
    "producer.services": (*PRODUCER, *TERMINAL, "web", "fastapi", "starlette", "uvicorn"),
    # What comes in is refused by its first bytes; no decoder is loaded for that.
    "producer.services.receive": (
        *(name for name in PRODUCER if name != "worker.rendering"),
        *("worker.rendering.renderer", "worker.rendering.pages", "worker.rendering.sandbox"),
        *(*TERMINAL, "web", "fastapi", "starlette", "uvicorn"),
    ),
    # The doctor looks at the weights and asks torch for a GPU.
    "producer.services.doctor": ("worker.steps", "worker.tasks", "training", "deploy", *TERMINAL),
    "worker.storage": ("producer", "training", "deploy", "worker.steps", "worker.tasks", "celery", *TERMINAL),
    # Thin callers of the services, as commands are; of the database it knows states, and how it is opened.
    "web": (*PRODUCER, *TERMINAL, *DB_BUT_NAMES, "sqlalchemy", "celery", "boto3", "redis"),
    "web.deps": (*PRODUCER, *TERMINAL, "sqlalchemy", "celery", "boto3", "redis"),
    "training": ("producer", "web", "db", "celery", "boto3"),
}
_S3_ADAPTERS = (
    "worker.storage.s3",
    "worker.storage.s3_refusals",
    "producer.sources.bucket",
    "producer.sources.notifications",
)
#: Libraries that only a few modules may import.
SOLE_IMPORTERS = {
    "boto3": _S3_ADAPTERS,
    "botocore": _S3_ADAPTERS,
    "pymupdf": ("worker.rendering.engine", "training.synthesis"),
    "celery": ("worker.app", "worker.publisher", "worker.tasks", "deploy"),
    "scipy": ("training.common.statistics",),
    "sklearn": ("training.common.statistics",),
}


def test_imports_point_in_the_right_direction() -> None:
    wrong = []
    for name, path in modules():
        rule = max((prefix for prefix in FORBIDDEN if begins(name, prefix)), key=len, default=None)
        banned = FORBIDDEN.get(rule or "", ())
        wrong += [f"{name} imports {one}" for one in imports(path) if any(begins(one, ban) for ban in banned)]

    assert wrong == []


def module_level_imports(body: Sequence[ast.stmt]) -> Iterator[str]:
    """What is imported as soon as a module is; neither what functions import nor what only types need."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from names_of(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from module_level_imports(node.orelse)
        else:
            for part in ("body", "orelse", "handlers", "finalbody"):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from module_level_imports(getattr(node, part, ()))


def circles(imported: Mapping[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import each other, directly or through others."""
    reached: dict[str, set[str]] = {}
    for start in imported:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for name in imported.get(ahead.pop(), set()) - seen:
                seen.add(name)
                ahead.append(name)
        reached[start] = seen
    groups = {frozenset(other for other in seen if name in reached[other]) for name, seen in reached.items()}
    return sorted((set(group) for group in groups if group), key=min)


def test_no_modules_import_each_other_in_a_circle() -> None:
    paths = dict(modules(*PACKAGES, "deploy"))
    imported = {
        name: {one for one in module_level_imports(ast.parse(path.read_text()).body) if one in paths}
        for name, path in paths.items()
    }

    assert circles(imported) == []


def test_a_circle_through_a_third_module_is_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]


@pytest.mark.parametrize("library", SOLE_IMPORTERS)
def test_a_vendor_s_objects_stay_in_few_modules(library: str) -> None:
    allowed = SOLE_IMPORTERS[library]

    importers = {name for name, path in modules() if any(begins(one, library) for one in imports(path))}

    assert importers
    assert {name for name in importers if not any(begins(name, prefix) for prefix in allowed)} == set()


@pytest.mark.parametrize(
    "module", ["producer.cli", "worker.app", "worker.publisher", "worker.embedded.workspace"]
)
def test_front_doors_load_without_torch(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'ultralytics') if m in sys.modules])"

    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    assert process.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "module", ["producer.cli", "worker.pipeline", "worker.app", "worker.connections", "db.models"]
)
def test_the_producer_s_front_doors_load_without_opencv_and_onnx(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('cv2', 'onnxruntime', 'pymupdf') if m in sys.modules])"

    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    assert process.stdout.strip() == "[]"


#: What looks at pixels or runs models.
HEAVY = ("cv2", "onnxruntime", "pymupdf", "torch", "numpy")
#: What is only in an extra.
EXTRA = ("celery", "kombu", "redis", "boto3", "psycopg2", "pyarrow")
#: Runs commands one after the other in one process, then names every module that they loaded.
COMMANDS = """
import json, sys
from pathlib import Path
from producer.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["countersign", *words]
    try:
        main()
    except SystemExit as end:
        if end.code not in (None, 0, 1, 2):
            raise
Path("loaded.json").write_text(json.dumps(sorted(sys.modules)))
"""


def loaded_by(folder: Path, *commands: Sequence[str]) -> set[str]:
    """Top-level modules that are loaded when these commands have run, on SQLite and a folder of documents."""
    (folder / "intake").mkdir()
    (folder / "intake" / "a.pdf").write_bytes(b"%PDF-1.4")
    env = {
        "PYTHONPATH": str(ROOT),
        "COUNTERSIGN_DATABASE_URL": f"sqlite:///{folder / 'countersign.db'}",
        "COUNTERSIGN_BROKER_URL": "redis://127.0.0.1:9/0",
        "COUNTERSIGN_RESULTS_BUCKET": f"file://{folder / 'results'}",
        "COUNTERSIGN_INTAKE_FOLDER": str(folder / "intake"),
    }
    upgrade_database(f"sqlite:///{folder / 'countersign.db'}", new_file=True)
    subprocess.run([sys.executable, "-c", COMMANDS, json.dumps(commands)], check=True, cwd=folder, env=env)
    return {name.partition(".")[0] for name in json.loads((folder / "loaded.json").read_text())}


def test_help_loads_no_service(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, ["--help"])

    assert loaded & {*HEAVY, *EXTRA, "sqlalchemy", "alembic", "db"} == set()


def test_what_only_asks_the_database_loads_no_extra_and_no_model(tmp_path: Path) -> None:
    loaded = loaded_by(
        tmp_path, ["status"], ["status", "--json"], ["results"], ["audit", f"file://{tmp_path}/intake"]
    )

    assert loaded & {*HEAVY, *EXTRA} == set()
    assert "sqlalchemy" in loaded


def test_what_sends_messages_loads_no_model(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, ["retry", "--reason", "any"], ["submit", "s3://"])

    assert loaded & set(HEAVY) == set()
    assert "celery" in loaded


def test_the_help_of_every_command_needs_no_extra_and_no_model(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, *([name, "--help"] for name in commands.functions()))

    assert loaded & {*HEAVY, *EXTRA} == set()


@pytest.mark.parametrize("source", [b"def broken(:\n", b'"""\xff"""\n', b"\0"])
def test_a_command_that_is_no_python_takes_no_help_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: bytes
) -> None:
    (tmp_path / "broken.py").write_bytes(source)
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])

    assert documented(commands.functions()["broken"]) == ""


def test_a_run_needs_no_extra() -> None:
    code = f"import sys, worker.embedded.workspace; print([m for m in {EXTRA} if m in sys.modules])"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert run.stdout.strip() == "[]"


def test_every_command_has_its_help_and_is_the_function_of_its_module() -> None:
    for name, function in commands.functions().items():
        assert documented(function), name
        assert loaded(name, function).help == documented(function)


def test_drawn_samples_need_only_what_the_product_needs() -> None:
    code = (
        "import sys, training.synthesis.samples, training.synthesis.loads;"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'ultralytics', 'matplotlib') if m in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["producer.cli", "producer.training_door", "worker.app"])
def test_the_product_loads_nothing_of_training(module: str) -> None:
    code = f"import sys, {module}; print([m for m in sys.modules if m.partition('.')[0] == 'training'])"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["producer", "web", "worker"])
def test_every_module_beside_the_rooms_stands_on_the_page(package: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    names = [f"{package}/{path.name}" for path in sorted((ROOT / package).glob("*.py"))]

    assert [name for name in names if f"`{name}`" not in page] == [f"{package}/__init__.py"]
