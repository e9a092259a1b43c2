"""The doctor looks at everything, whatever is wrong with a part of it."""

from __future__ import annotations

import pytest

from producer.services.doctor import EMBEDDED


def test_a_setting_that_a_check_cannot_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_DETECT_DEVICE", "abacus")

    gpu = next(finding for check in EMBEDDED if (finding := check()).check == "gpu")

    assert gpu.ok is False
    assert "detect_device" in gpu.found
    assert "COUNTERSIGN_DETECT_DEVICE" in gpu.advice
