"""Where the tests run decides whether a missing server may be skipped."""

from __future__ import annotations

import pytest

from deploy.settings import GivenServers, Machine
from producer.machine.processes import child_environment


@pytest.mark.parametrize(
    ("value", "is_ci"),
    [
        pytest.param("true", True, id="most services"),
        pytest.param("1", True, id="a number"),
        pytest.param("woodpecker", True, id="a name"),
        pytest.param("", False, id="empty"),
        pytest.param("false", False, id="switched off"),
    ],
)
def test_ci_is_recognised_by_its_variable(value, is_ci, monkeypatch):
    monkeypatch.setenv("CI", value)

    assert Machine().is_ci is is_ci


def test_a_machine_without_the_variable_is_a_laptop(monkeypatch):
    monkeypatch.delenv("CI", raising=False)

    assert not Machine().is_ci


def test_given_servers_are_read_from_the_environment_and_keep_their_secret(monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_TEST_S3_ENDPOINT", "http://store:9000")
    monkeypatch.setenv("COUNTERSIGN_TEST_S3_SECRET_KEY", "hush")

    given = GivenServers()

    assert given.s3_endpoint == "http://store:9000"
    assert "hush" not in repr(given)


def test_a_child_uses_one_thread_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "4")

    environment = child_environment({"OPENBLAS_NUM_THREADS": "2"})

    assert (environment["OMP_NUM_THREADS"], environment["MKL_NUM_THREADS"]) == ("1", "4")
    assert environment["OPENBLAS_NUM_THREADS"] == "2"
