"""The pinned versions fit what the package asks for, and leave nothing open."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [
    Requirement(line)
    for line in (
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["queue"],
        *PROJECT["optional-dependencies"]["web"],
        *PROJECT["optional-dependencies"]["traces"],
    )
]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def pins() -> dict[str, str]:
    return {name: version for name, _, version in (line.partition("==") for line in LINES)}


def test_every_line_pins_one_version() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    assert len(pins()) == len(LINES)


@pytest.mark.parametrize("requirement", RUNTIME, ids=lambda requirement: requirement.name)
def test_what_the_package_asks_for_is_pinned_within_its_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_the_images_are_built_with_the_pins() -> None:
    for path in (ROOT / "deploy").glob("Dockerfile.*"):
        text = path.read_text()
        assert text.index("constraints.txt ./") < text.index("PIP_CONSTRAINT=") < text.index("pip install")
    assert "!constraints.txt" in (ROOT / ".dockerignore").read_text()
