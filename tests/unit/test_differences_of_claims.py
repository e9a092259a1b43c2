"""Where a claim came from is no part of the answer: a replay claims by hand what metadata claimed."""

from __future__ import annotations

from worker.result import ClaimResult
from worker.result.differences import differences


def test_a_claim_from_elsewhere_is_the_same_answer() -> None:
    facts = {"signer": "Ann", "verdict": "genuine", "page": 0, "region": 1, "answer": "genuine"}
    then = ClaimResult.model_validate({**facts, "source": "operator"})

    assert not list(differences(then, then.model_copy(update={"source": "file"})))
    other = then.model_copy(update={"answer": "forged"})
    assert [row.field for row in differences(then, other)] == ["answer"]
