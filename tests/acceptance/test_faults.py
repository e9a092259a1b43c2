"""The short form of `make faults`: a few of its faults on a real stack, with the same checks."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.conftest import required
from tests.faults.campaign import PROMISES, Campaign, Tally, deal
from tests.faults.injuries import injuries
from tests.faults.lab import running_lab


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """On servers of its own: those of the other tests must not be killed."""
    with required(), running_lab(tmp_path_factory.mktemp("faults")) as lab:
        ready = Campaign(lab, print)
        ready.undisturbed()
        yield ready


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            ("kill detect after_write", "redis killed, empty again"), id="dead worker, empty queues"
        ),
        pytest.param(("pause render after_claim", "store 503"), id="zombie, storage away"),
        pytest.param(("hang verify after_claim", "postgres crashed"), id="hung thread, database crashed"),
    ],
)
def test_every_document_ends_once_with_the_answer_of_an_undisturbed_run(
    campaign: Campaign, names: tuple[str, ...]
) -> None:
    tally = Tally(seed=0)

    campaign.round(names[0].replace(" ", "-"), [one for one in injuries() if one.name in names], rng(), tally)

    assert tally.documents == 12
    assert sum(tally.faults.values()) == len(names)
    for broken in (getattr(tally, name) for name in PROMISES):
        assert not broken


def rng() -> random.Random:
    return random.Random(5)


def test_twenty_seeds_meet_every_kind_of_fault() -> None:
    met = {one.name for turn in range(20 * 4) for one in deal(turn)}

    assert met == {one.name for one in injuries()}
