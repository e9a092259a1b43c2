"""Signers on file: references one by one, who did what, and what goes out and comes in again."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import delete

from db import bundles, documents, people, signers
from db.models import SignerEvent
from producer.services.browse import list_signers
from producer.services.enroll import enroll_images
from producer.services.enroll_many import enroll_many, images_of
from producer.services.erase import erase_signer
from producer.services.missing import NotFound
from producer.services.pictures import picture_compared_with
from producer.services.signers import (
    SIGNERS_FILE,
    check_merge,
    export_signers,
    merge_signers,
    remove_references,
    signer_history,
)
from tests.fakes import DarkBlocks, page
from tests.handwriting import signature
from tests.signers_on_file import WHO, answered, enroll, image_of, known, references_behind
from tests.world import World
from worker.admission import Admission
from worker.enrolling import Enroller
from worker.errors import UnusableReference, WrongUse
from worker.result.answers import every_answer
from worker.result.rows import document_result


def test_a_signer_is_shown_with_who_enrolled_what_when_and_from_where(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1, 2)

    history = signer_history(world.sessions, "Ann")

    assert [(row.enrolled_by, row.source) for row in history.references] == [(WHO, "1.png"), (WHO, "2.png")]
    assert all(row.enrolled_at.tzinfo for row in history.references)
    assert [(event.event, event.who) for event in history.events] == [("enrolled", WHO)] * 2
    assert signer_history(world.sessions, str(history.id)) == history
    with pytest.raises(NotFound, match="no signer 'Bob'"):
        signer_history(world.sessions, "Bob")


def test_a_picture_on_file_for_two_keeps_who_enrolled_it_when_they_are_merged(
    world: World, enroller: Enroller
) -> None:
    picture = [("1.png", known(world, image_of(1)))]
    enroll_images(enroller, "Ann", picture, who="first")
    enroll_images(enroller, "A. Lee", picture, who="second")

    merge_signers(world.sessions, "A. Lee", "Ann", enroller.judge, who=WHO)

    assert [row.enrolled_by for row in signer_history(world.sessions, "Ann").references] == ["first"]
    with pytest.raises(WrongUse, match=r"'A\. Lee' is 'Ann' already"):
        check_merge(world.sessions, "A. Lee", "Ann")
    check_merge(world.sessions, "Bob", "Ann")


def test_a_weak_reference_is_refused_unless_somebody_insists(world: World, enroller: Enroller) -> None:
    weak = known(world, image_of(1, scale=0.14))

    refused = enroll_images(enroller, "Ann", [("weak.png", weak)], who=WHO)
    forced = enroll_images(enroller, "Ann", [("weak.png", weak)], who=WHO, force=True)

    assert "and a verdict rests on 0.30 or more" in (refused.images[0].refused or "")
    assert (forced.complete, len(forced.enrolment.references)) == (True, 1)
    assert (forced.enrolment.references[0].score or 0.0) < 0.3


def two_on_a_page() -> bytes:
    """A page of text size with two signatures, as a scanner gives it."""
    sheet = np.full((2200, 1700), 255, np.uint8)
    for seed, top in ((1, 400), (2, 1400)):
        sheet[top : top + 150, 300:660] = np.minimum(signature(seed, paper=255), 255)
    return cv2.imencode(".png", sheet)[1].tobytes()


class TwoMarks(DarkBlocks):
    """Signatures where dark blocks are near each other."""

    def detect(self, pages):
        wide = [cv2.erode(sheet, np.ones((25, 25), np.uint8)) for sheet in pages]
        return super().detect(wide)


def test_an_image_with_several_signatures_is_refused_unless_somebody_insists(
    world: World, enroller: Enroller
) -> None:
    sheet = known(world, two_on_a_page())
    two = Enroller(enroller.deps, PassingRenderer(world), TwoMarks)

    with pytest.raises(UnusableReference, match="2 signatures"):
        two.enroll("Ann", "sheet.png", sheet, admission=Admission.GOOD)
    two.enroll("Ann", "sheet.png", sheet, admission=Admission.FORCED)

    assert len(signer_history(world.sessions, "Ann").references) == 2


class PassingRenderer:
    """A renderer that takes images for pages as they are."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, data, *, limits, first=0):
        return self._world.renderer.open(known(self._world, data), limits=limits, first=first)

    def close(self) -> None:
        """Holds nothing open."""


def test_references_are_removed_singly_by_number_or_digest(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1, 2, 3)
    before = signer_history(world.sessions, "Ann").references
    pictures = dict(world.store.objects)

    removed = remove_references(
        world.sessions, "Ann", ["1", before[2].sha256[:10]], enroller.judge, who="eve@desk"
    )

    history = signer_history(world.sessions, "Ann")
    assert removed == 2
    assert [row.sha256 for row in history.references] == [before[1].sha256]
    assert [(event.event, event.who, event.reference) for event in history.events[-2:]] == [
        ("removed", "eve@desk", before[0].sha256),
        ("removed", "eve@desk", before[2].sha256),
    ]
    assert world.store.objects == pictures, "earlier verdicts rest on them"


def in_bundle(world: World, document_id: int) -> list[tuple[int, str]]:
    with world.sessions() as session:
        ended = documents.get(session, document_id).finished_at
        return bundles.references(session, ["Ann"], before=ended).get("Ann", [])


def test_a_bundle_has_the_references_that_were_on_file_when_its_document_ended(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1, 2, 3)
    remove_references(world.sessions, "Ann", ["2"], enroller.judge, who=WHO)
    document_id = answered(world, "a.pdf", "Ann")
    whole = in_bundle(world, document_id)

    enroll(world, enroller, "Ann", 4)
    with world.sessions() as session:
        people.remove_other_references(session, [("Ann", whole[0][1])], who=WHO)
    left = [row.sha256 for row in signer_history(world.sessions, "Ann").references]
    enroll(world, enroller, "Ann", 3)

    assert len(whole) == references_behind(world, document_id)["Ann"] == 2
    assert left == [whole[0][1]]
    assert in_bundle(world, document_id) == whole


def test_a_bundle_has_references_of_which_no_event_was_noted(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    document_id = answered(world, "a.pdf", "Ann")
    with world.sessions() as session:
        session.execute(delete(SignerEvent))

    assert len(in_bundle(world, document_id)) == 1
    assert in_bundle(world, world.arrive("open.pdf", [page(0)])) == in_bundle(world, document_id)


@pytest.mark.parametrize(
    "words", [["7"], ["1", "7"], ["abc"], []], ids=["beyond", "one of two", "no", "none"]
)
def test_a_reference_that_is_not_there_removes_none(
    world: World, enroller: Enroller, words: list[str]
) -> None:
    enroll(world, enroller, "Ann", 1, 2)

    with pytest.raises(WrongUse):
        remove_references(world.sessions, "Ann", words, enroller.judge, who=WHO)

    assert len(signer_history(world.sessions, "Ann").references) == 2


def test_an_answer_keeps_which_references_it_rests_on(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1, 2)
    enroll(world, enroller, "Bob", 3)
    document_id = answered(world, "a.pdf", "Ann", "Bob", "Cay")
    with world.sessions() as session:
        digests = {name: [row.sha256 for row in signers.on_file(session, name)] for name in ("Ann", "Bob")}
    remove_references(world.sessions, "Ann", ["1"], enroller.judge, who=WHO)
    merge_signers(world.sessions, "Bob", "Ann", enroller.judge, who=WHO)

    with world.sessions() as session:
        now = document_result(session, document_id)
        (then,) = every_answer(session, document_id, world.store)
    for result in (now, then):
        used = {row.signer: row.compared_with for row in result.verdicts}
        assert [(row.id, row.number) for row in used["Ann"]] == [(1, 1), (2, 2)]
        assert [row.sha256 for row in (*used["Ann"], *used["Bob"])] == [*digests["Ann"], *digests["Bob"]]
        assert all(row.image in world.store.objects for row in used["Ann"])
        assert used["Cay"] == ()
        assert "compared_with" not in result.verdicts[2].json_object()
    picture = picture_compared_with(world.sessions, world.store, (document_id, 0, 0), 1)
    assert picture.data == world.store.get(now.verdicts[0].compared_with[0].image)
    with pytest.raises(NotFound, match="reference with the id 99"):
        picture_compared_with(world.sessions, world.store, (document_id, 0, 0), 99)


def test_an_export_is_what_a_bulk_enrolment_reads(world: World, enroller: Enroller, tmp_path: Path) -> None:
    enroll(world, enroller, "=Ann", 1, 2)
    enroll(world, enroller, "Bob", 3)

    written = export_signers(world.sessions, world.store, tmp_path)

    rows = list(csv.DictReader((tmp_path / SIGNERS_FILE).open(encoding="utf-8", newline="")))
    assert (written, [row["signer"] for row in rows]) == (3, ["'=Ann", "'=Ann", "Bob"])
    assert (rows[0]["enrolled_by"], rows[0]["source"]) == (WHO, "1.png")
    by_signer = images_of([str(tmp_path)], None)
    assert {name: len(images) for name, images in by_signer.items()} == {"=Ann": 2, "Bob": 1}
    erase_signer(world.sessions, world.store, "Bob", who=WHO)
    (again,) = enroll_many(enroller, {"Bob": by_signer["Bob"]}, who="eve@desk")
    assert [row.sha256 for row in again.enrolment.references] == [rows[2]["sha256"]]
    assert export_signers(world.sessions, world.store, tmp_path / "bob", ["Bob"]) == 1


def test_a_table_that_names_a_missing_image_enrolls_nobody(
    world: World, enroller: Enroller, tmp_path: Path
) -> None:
    enroll(world, enroller, "Ann", 1)
    export_signers(world.sessions, world.store, tmp_path)
    (image,) = images_of([str(tmp_path)], None)["Ann"]
    table = tmp_path / "references.csv"
    table.write_text(f"signer,image\nBob,{image}\nBob,missing.png\n", encoding="utf-8")

    with pytest.raises(WrongUse, match=r"cannot read .*missing\.png"):
        enroll_many(enroller, images_of([], table), who=WHO)

    assert [row.signer for row in list_signers(world.sessions)] == ["Ann"]


def test_a_name_that_cannot_be_one_enrolls_nobody(world: World, enroller: Enroller, tmp_path: Path) -> None:
    image = tmp_path / "1.png"
    image.write_bytes(known(world, image_of(1)))

    with pytest.raises(WrongUse, match="cannot be a signer's name"):
        enroll_many(enroller, {"Ann": [image], "Bo\x07b": [image]}, who=WHO)

    assert list_signers(world.sessions) == []


def test_a_folder_of_several_signers_is_not_one_signer_s(tmp_path: Path) -> None:
    for name in ("Ann/1.png", "Bob/2.png", "Bob/more/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"image")

    with pytest.raises(WrongUse, match=r"holds several folders \(Ann, Bob"):
        images_of(["Zoe", str(tmp_path)], None)

    assert len(images_of(["Bob", str(tmp_path / "Bob")], None)["Bob"]) == 2


def test_a_table_that_names_no_path_is_refused(world: World, enroller: Enroller, tmp_path: Path) -> None:
    table = tmp_path / "references.csv"
    table.write_text("signer,image\nBob,a\0.png\n", encoding="utf-8")

    with pytest.raises(WrongUse, match=r"cannot read .*null byte"):
        list(enroll_many(enroller, images_of([], table), who=WHO))

    assert list_signers(world.sessions) == []
