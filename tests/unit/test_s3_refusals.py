"""What a store answers means a failure of one object, or an outage for all."""

from __future__ import annotations

import pickle

import pytest

from worker.errors import (
    ObjectArchived,
    ObjectDenied,
    ObjectError,
    ObjectMissing,
    ObjectReplaced,
    ObjectUnreadable,
)
from worker.outages import outages, unavailable
from worker.storage.s3_refusals import meaning_of


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param("NoSuchKey", 404, ObjectMissing, id="gone"),
        pytest.param("404", 404, ObjectMissing, id="gone, without a body"),
        pytest.param("405", 405, ObjectMissing, id="a delete marker"),
        pytest.param("412", 412, ObjectReplaced, id="replaced"),
        pytest.param("InvalidObjectState", 403, ObjectArchived, id="archived"),
        pytest.param("AccessDenied", 403, ObjectDenied, id="denied"),
        pytest.param("InvalidRequest", 400, ObjectUnreadable, id="its owner's key"),
        pytest.param("KMS.DisabledException", 400, ObjectUnreadable, id="a key that is disabled"),
        pytest.param("NobodyKnowsThis", 418, ObjectUnreadable, id="any other refusal"),
    ],
)
def test_a_refusal_is_the_failure_of_its_object(code: str, status: int, expected: type[ObjectError]) -> None:
    assert meaning_of(code, status) is expected


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        pytest.param("ExpiredToken", 400, "login", id="expired"),
        pytest.param("InvalidAccessKeyId", 403, "login", id="no such login"),
        pytest.param("401", 401, "login", id="who are you"),
        pytest.param("SlowDown", 503, "fewer requests", id="slow down"),
        pytest.param("429", 429, "fewer requests", id="too many requests"),
        pytest.param("RequestTimeout", 400, "fewer requests", id="too slow"),
        pytest.param("InternalError", 500, "away", id="a fault of its own"),
        pytest.param("PermanentRedirect", 301, "away", id="elsewhere"),
    ],
)
def test_what_holds_for_all_objects_is_an_outage(code: str, status: int, words: str) -> None:
    answer = meaning_of(code, status)

    assert isinstance(answer, str)
    assert words in answer


def test_a_refused_object_is_no_outage_and_passes_between_processes():
    error = ObjectUnreadable("a.pdf", "InvalidRequest: its owner's key")

    assert not isinstance(error, (*outages(), *unavailable()))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
