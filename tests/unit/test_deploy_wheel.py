"""What the packages read at run time travels with them into an image."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
#: Left by tools, never read.
LEFTOVERS = {".pyc", ".pt"}


def data_files(package: str) -> list[Path]:
    return [
        path
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", *LEFTOVERS} and "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize("package", ["worker", "producer", "db", "training"])
def test_every_file_beside_the_code_is_packaged(package):
    missing = [
        path.relative_to(ROOT)
        for path in data_files(package)
        if not any(fnmatch(path.name, pattern) for pattern in PATTERNS)
    ]

    assert not missing, "add these to [tool.setuptools.package-data]"


def test_the_weights_are_among_the_packaged_files():
    assert [path for path in data_files("worker") if path.suffix == ".onnx"]
