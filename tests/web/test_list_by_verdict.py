"""Documents by their verdicts: the same list whether few have such a verdict or many."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from db import listing
from db.listing import ListFilter, document_ids
from db.states import ClaimAnswer
from tests.fakes import page
from tests.integration.conftest import engine  # noqa: F401 - a fixture: both databases
from tests.web.reviewers import set_outcome
from tests.world import World


@pytest.mark.parametrize("few", [0, 3_000])
def test_a_document_is_listed_by_its_verdict_and_with_it_what_shares_its_pages(
    world: World, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_FEW", few)
    for name in ("a.pdf", "b.pdf"):
        world.through(world.arrive(name, [page(0, marks=1)], claims=("Zoe",)))
    same = world.arrive("c.pdf", [page(0, marks=1)], claims=("Zoe",))
    set_outcome(world, 1, "inconclusive")
    set_outcome(world, 2, "forged")
    with world.sessions() as session:
        session.execute(text(f"UPDATE documents SET original_id = 1 WHERE id = {same}"))

    def listed(**chosen: object) -> list[int]:
        with world.sessions() as session:
            return list(document_ids(session, ListFilter(**chosen)))  # type: ignore[arg-type]

    assert listed(verdict="inconclusive") == [same, 1]
    assert listed(verdict="forged") == [2]
    assert listed(verdict="genuine") == []
    # No answer says so: the verdict was written into the row alone.
    assert listed(claim=ClaimAnswer.FORGED) == []
    both = {"verdict": "forged", "claim": ClaimAnswer.FORGED, "contradicted": True}
    assert listed(**both) == []
