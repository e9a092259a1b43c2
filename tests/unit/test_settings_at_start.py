"""A worker with a setting that cannot be used ends before its first document, and names the variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from worker.settings import GROUPS

ROOT = Path(__file__).resolve().parents[2]
START = "from worker.app import app; app.conf.broker_url"


def started(**settings: str) -> subprocess.CompletedProcess[str]:
    """A process that comes as far as a worker's configuration."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
    return subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, check=False, env=env, timeout=60
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COUNTERSIGN_RESULTS_BUCKET", "ftp://x"),
        ("COUNTERSIGN_RESULTS_BUCKET", "file://rel"),
        ("COUNTERSIGN_DETECTOR", "nope"),
        ("COUNTERSIGN_DETECTOR", "encoder"),
        ("COUNTERSIGN_VERIFIER", "detector"),
        ("COUNTERSIGN_INTAKE_FOLDER", "relative"),
        ("COUNTERSIGN_LABEL_SCORES", "initials=0.4"),
        ("COUNTERSIGN_LABEL_SCORES", '{"paraph": 0.4}'),
        ("COUNTERSIGN_RETAIN_DAYS", "90"),
        ("COUNTERSIGN_CLAIM_SOURCES", "sidecar"),
        ("COUNTERSIGN_DATABASE_URL", "sqlite"),
        ("COUNTERSIGN_DATABASE_URL", "sqlite:countersign.db"),
        ("COUNTERSIGN_DATABASE_URL", "postgresql://u:secret@host:port/name"),
        ("COUNTERSIGN_DATABASE_URL", "postgresql+psycopg://host/name"),
        ("COUNTERSIGN_RULES_FOLDER", "relative"),
        ("COUNTERSIGN_RULES_FOLDER", "/no/such/folder"),
    ],
)
def test_a_setting_that_names_nothing_is_refused(variable: str, value: str) -> None:
    process = started(**{variable: value})

    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith(f"{variable}: ")
    assert "secret" not in line


def test_what_ships_and_an_empty_folder_are_accepted() -> None:
    process = started(COUNTERSIGN_DETECTOR="detector-accurate", COUNTERSIGN_INTAKE_FOLDER="")

    assert (process.returncode, process.stderr) == (0, "")


MAY_BE_EMPTY = [
    pytest.param(group, name, id=name)
    for group in GROUPS
    for name, field in group.model_fields.items()
    if "; empty for" in (field.description or "") or "as JSON" in (field.description or "")
]


@pytest.mark.parametrize(("group", "name"), MAY_BE_EMPTY)
def test_a_variable_that_may_be_empty_says_the_same_as_an_absent_one(
    group: type[BaseSettings], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"COUNTERSIGN_{name.upper()}", "")

    value = getattr(group(), name)

    assert not (value.get_secret_value() if isinstance(value, SecretStr) else value)
