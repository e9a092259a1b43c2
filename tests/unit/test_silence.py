"""No library reports anything to anybody: scans are read where nothing may be called outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from producer.machine.processes import child_environment
from worker import SILENCE

#: What suppresses reports by itself, as on the machines of those who test.
_SUPPRESSING = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "PYTEST_CURRENT_TEST", "XDG_CACHE_HOME", *SILENCE)
_MODEL = "from worker.vision.onnx import OnnxModel; OnnxModel.catalogued('encoder')"


@pytest.mark.parametrize(
    "loading", [_MODEL, f"import training; {_MODEL}", f"import benchmarks.naive; {_MODEL}"]
)
def test_a_network_leaves_no_trace_of_a_report(tmp_path: Path, loading: str) -> None:
    """ONNX Runtime keeps an identifier of the device and a queue of events in the home of its user."""
    env = {name: value for name, value in child_environment({}).items() if name not in _SUPPRESSING}

    subprocess.run([sys.executable, "-c", loading], env={**env, "HOME": str(tmp_path)}, check=True)

    assert [path.name for path in tmp_path.rglob("*") if "onnx" in path.name.lower()] == []


def test_ultralytics_asks_no_name_server() -> None:
    code = """
import socket, worker
def refuse(*_, **__):
    raise AssertionError("a name server was asked")
socket.getaddrinfo = refuse
import ultralytics.utils
assert not ultralytics.utils.ONLINE
"""
    env = {name: value for name, value in child_environment({}).items() if name not in SILENCE}

    subprocess.run([sys.executable, "-c", code], env=env, check=True)
