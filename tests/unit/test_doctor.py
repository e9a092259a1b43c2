"""The doctor looks at everything, whatever is wrong with a part of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from producer.services.doctor import EMBEDDED_CHECKS, QUEUED_CHECKS
from worker.exits import install_command


def test_a_setting_that_a_check_cannot_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_DETECT_DEVICE", "abacus")

    gpu = next(finding for check in EMBEDDED_CHECKS if (finding := check()).check == "gpu")

    assert gpu.ok is False
    assert "detect_device" in gpu.found
    assert "COUNTERSIGN_DETECT_DEVICE" in gpu.advice


def test_without_the_extra_the_advice_is_to_install_it_and_not_to_start_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)

    queues = next(finding for check in QUEUED_CHECKS if (finding := check()).check == "queues")

    assert (queues.ok, queues.found) == (False, "redis is not installed")
    assert install_command("queue") in queues.advice
    assert "doctor --embedded" in queues.advice
    assert "start Redis" not in queues.advice


def test_a_database_that_is_not_there_is_one_finding_and_not_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    findings = {finding.check: finding for check in QUEUED_CHECKS if (finding := check())}

    assert findings["database"].ok is False
    assert "there is no database" in findings["database"].found
    assert "--run" not in findings["database"].found
    assert (findings["progress"].ok, findings["progress"].found) == (None, "no database to ask")
    # The containers of a settings file that was written before the profiles were.
    assert "postgres in COMPOSE_PROFILES" in findings["database"].advice
