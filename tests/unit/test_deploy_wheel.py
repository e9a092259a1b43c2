"""What is installed: the product with what it reads at run time, without test servers."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
PATTERNS = SETUPTOOLS["package-data"]["*"]
DOCKERFILES = sorted((ROOT / "deploy").glob("Dockerfile.*"))
#: Left by tools, never read.
LEFTOVERS = {".pyc", ".pt"}


def data_files(package: str) -> list[Path]:
    return [
        path
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", *LEFTOVERS} and "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize("package", ["worker", "producer", "web", "db", "training"])
def test_every_file_beside_the_code_is_packaged(package):
    missing = [
        path.relative_to(ROOT)
        for path in data_files(package)
        if not any(fnmatch(path.name, pattern) for pattern in PATTERNS)
    ]

    assert not missing, "add these to [tool.setuptools.package-data]"


def test_the_weights_are_among_the_packaged_files():
    assert [path for path in data_files("worker") if path.suffix == ".onnx"]


def test_test_servers_and_tests_are_not_installed():
    installed = find_packages(ROOT, include=SETUPTOOLS["packages"]["find"]["include"])

    assert {name.partition(".")[0] for name in installed} == {"worker", "producer", "web", "db", "training"}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_holds_the_product_and_no_training(path):
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+)$", path.read_text(), re.M)
              for source in line.split()[:-1]}  # fmt: skip

    folders = {name for name in copied if (ROOT / name).is_dir()}

    assert folders == {"worker", "producer", "web", "db"}


def test_only_what_images_copy_is_sent_to_their_build():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert {name for name in allowed if (ROOT / name).is_dir()} == {"worker", "producer", "web", "db"}
