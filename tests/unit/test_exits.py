"""Errors that a user can put right become a sentence and an exit status; all others stay what they are."""

from __future__ import annotations

import pytest

from worker.errors import StorageUnavailable, WrongUse
from worker.exits import FAILED, WRONG_USE, explanation

EXTRAS = {"celery": "queue"}


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        pytest.param(WrongUse("give two images"), "give two images", WRONG_USE, id="wrong use"),
        pytest.param(
            StorageUnavailable("a.pdf", "503"),
            "storage_unavailable: storage did not serve 'a.pdf': 503",
            FAILED,
            id="another attempt may succeed",
        ),
        pytest.param(
            ModuleNotFoundError("no celery", name="celery.app"),
            "this needs celery.app: pip install 'countersign[queue]'",
            WRONG_USE,
            id="a missing extra",
        ),
    ],
)
def test_what_a_user_can_put_right_has_a_sentence(error: Exception, sentence: str, status: int) -> None:
    assert explanation(error, EXTRAS) == (sentence, status)


@pytest.mark.parametrize("error", [ModuleNotFoundError("no nonsense", name="nonsense"), ValueError("a bug")])
def test_a_fault_of_ours_has_none(error: Exception) -> None:
    assert explanation(error, EXTRAS) is None
