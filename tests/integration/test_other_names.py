"""Other names of signers, in the list that an export writes and a bulk enrolment reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.services.enroll_many import enroll_many, images_of
from producer.services.erase import erase_signer
from producer.services.other_names import add_other_names, other_names_of
from producer.services.signers import export_signers, merge_signers, signer_history
from tests.signers_on_file import WHO, enroll
from tests.world import World
from worker.enrolling import Enroller
from worker.errors import WrongUse


def test_other_names_come_back_with_an_export(world: World, enroller: Enroller, tmp_path: Path) -> None:
    others = ("=A. Smith", "Smith; Ann", "100% Ann")
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    for name in others:
        merge_signers(world.sessions, name, "Ann", enroller.judge, who=WHO)
    export_signers(world.sessions, world.store, tmp_path)
    erase_signer(world.sessions, world.store, "Ann", who=WHO)
    names = other_names_of([str(tmp_path)], None)
    refused: list[str] = []

    enroll_many(enroller, images_of([str(tmp_path)], None), who=WHO)
    for _ in range(2):
        add_other_names(world.sessions, names, enroller.judge, who=WHO, on_refused=refused.append)

    assert (names, refused) == ({"Ann": list(others)}, [])
    assert signer_history(world.sessions, "Ann").aliases == others
    assert [event.event for event in signer_history(world.sessions, "Ann").events] == [
        "enrolled",
        *["merged"] * 3,
    ]


def test_other_names_that_are_other_people_or_of_nobody_are_refused(
    world: World, enroller: Enroller, tmp_path: Path
) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    names, refused = {"Ann": ["Bob"], "Cay": ["Cayetana"]}, []

    add_other_names(world.sessions, names, enroller.judge, who=WHO, on_refused=refused.append)

    assert refused == [
        "'Bob' is signer 2, not another name of 'Ann': `countersign signers merge` makes two people one",
        "'Cayetana': 'Cay' is not on file",
    ]
    table = tmp_path / "table.csv"
    table.write_text("signer,image,aliases\nAnn,a.png,A\x07nn\n")
    with pytest.raises(WrongUse, match=r"line 2: the column aliases: a name with control"):
        other_names_of([], table)
    assert other_names_of(["Ann", "a.png"], None) == {}
