"""Signers on file: names, references one by one, who did what, and which documents a change touches."""

from __future__ import annotations

import csv
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest
from sqlalchemy import delete, text, update

from db import answers, bundles, documents, people, signers
from db.models import Document, SignerEvent
from db.states import AnswerCause, DocumentStage, Status
from producer.services.browse import ListFilter, list_documents, list_signers
from producer.services.enroll import enroll_images
from producer.services.enroll_many import enroll_many, images_of
from producer.services.erase import choose, erase_signer
from producer.services.missing import NotFound
from producer.services.pictures import picture_compared_with
from producer.services.signers import (
    SIGNERS_FILE,
    export_signers,
    merge_signers,
    remove_references,
    signer_history,
    touched_documents,
    verify_touched,
)
from tests.erasures import everything
from tests.fakes import DarkBlocks, PartEncoder, page
from tests.handwriting import signature
from tests.waiting import until
from tests.world import World
from worker.enrolling import Admission, Enroller
from worker.errors import UnusableReference, WrongUse
from worker.pipeline import PIPELINE, QueueMessage
from worker.result.answers import every_answer
from worker.result.rows import document_result
from worker.vision.values import RenderedPage

WHO = "ann@desk"


def image_of(seed: int, *, wobble: int | None = None, scale: float = 1.0) -> bytes:
    """An image of one drawn signature."""
    return cv2.imencode(".png", signature(seed, wobble=wobble, scale=scale))[1].tobytes()


def known(world: World, data: bytes) -> bytes:
    """The renderer knows what these bytes show."""
    height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE).shape
    world.renderer.documents[data] = [RenderedPage(0, data, "png", width, height, 300.0, "image")]
    return data


@pytest.fixture
def enroller(world: World) -> Enroller:
    world.encoder = PartEncoder()
    return Enroller(world.verify_deps, world.renderer, DarkBlocks)


def enroll(world: World, enroller: Enroller, name: str, *seeds: int) -> None:
    images = [(f"{seed}.png", known(world, image_of(seed))) for seed in seeds]
    done = enroll_images(enroller, name, images, who=WHO)
    assert done.complete, done


def answered(world: World, key: str, *claims: str, data: bytes | None = None) -> int:
    document_id = world.arrive(key, [page(0, marks=1)], claims=claims, data=data)
    world.through(document_id)
    return document_id


def sent_by(world: World, *names: str) -> list[tuple[str, int]]:
    sent: list[QueueMessage] = []
    verify_touched(world.sessions, sent.append, names, who=WHO)
    assert all(message.chunk_id for message in sent)
    return [(message.stage.value, message.document_id) for message in sent]


def references_behind(world: World, document_id: int) -> dict[str, int]:
    with world.sessions() as session:
        return {row.signer: row.references for row in document_result(session, document_id).verdicts}


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


def test_another_name_of_a_signer_meets_the_same_references(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "A. Smith", 2)

    merged = merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    merge_signers(world.sessions, "Miss Smith", "A. Smith", enroller.judge, who=WHO)

    assert (merged.name, merged.aliases) == ("Ann", ("A. Smith",))
    (row,) = list_signers(world.sessions)
    assert (row.signer, row.aliases, row.references) == ("Ann", ("A. Smith", "Miss Smith"), 2)
    document_id = answered(world, "a.pdf", "Miss Smith", "Ann")
    assert references_behind(world, document_id) == {"Miss Smith": 2, "Ann": 2}
    events = signer_history(world.sessions, "Miss Smith").events
    assert [(event.event, event.detail) for event in events[-2:]] == [
        ("merged", "A. Smith"),
        ("merged", "Miss Smith"),
    ]
    enroll(world, enroller, "Miss Smith", 3)
    assert len(signer_history(world.sessions, "Ann").references) == 3
    with pytest.raises(WrongUse, match="is 'Ann' already"):
        merge_signers(world.sessions, "Miss Smith", "Ann", enroller.judge, who=WHO)


def told(world: World, document_id: int) -> dict[str, tuple[str | None, int | None]]:
    """What became of each claim, and the signature that answers it."""
    with world.sessions() as session:
        claims = document_result(session, document_id).claims
    return {claim.signer: (claim.answer, claim.region) for claim in claims}


def test_one_signature_answers_all_claimed_names_of_its_writer(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    before = answered(world, "a.pdf", "Ann", "A. Smith")
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    after = answered(world, "b.pdf", "Ann", "A. Smith", data=b"other")

    assert told(world, before)["A. Smith"] == ("not_found", None)
    (answers,) = set(told(world, after).values())
    assert (answers[0] in ("genuine", "forged", "inconclusive"), answers[1]) == (True, 0)
    (listed,) = list_documents(world.sessions, ListFilter(text="b.pdf"), limit=9).documents
    assert {claim.signer: (claim.answer, claim.region) for claim in listed.claims} == told(world, after)
    assert sent_by(world, "Ann") == [("verify", before)]
    world.through(before)
    assert told(world, before) == told(world, after)


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


def test_the_same_image_under_two_names_counts_once_when_they_are_merged(
    world: World, enroller: Enroller
) -> None:
    enroll(world, enroller, "Ann", 1, 2)
    enroll(world, enroller, "A. Smith", 2)

    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)

    assert [row.number for row in signer_history(world.sessions, "Ann").references] == [1, 2]


def test_suggestions_name_a_merged_signer_once(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    with world.sessions() as session:
        before = signers.mark(session, encoder=world.verify_deps.embedding_version)
    merge_signers(world.sessions, "Bob", "Ann", enroller.judge, who=WHO)

    with world.sessions() as session:
        everybody = signers.all_embeddings(session, encoder=world.verify_deps.embedding_version)
        after = signers.mark(session, encoder=world.verify_deps.embedding_version)
        assert signers.enrolled(session) == [("Ann", 2)]
    assert {name: len(rows) for name, rows in everybody.items()} == {"Ann": 2}
    assert before != after, "what is kept of everybody is made anew"


def test_exactly_the_documents_that_a_change_touches_get_a_new_answer(
    world: World, enroller: Enroller
) -> None:
    before = answered(world, "before.pdf", "Ann")
    other = answered(world, "other.pdf", "Bob")
    enroll(world, enroller, "Ann", 1)
    answered(world, "after.pdf", "Ann")
    world.renderer.documents.clear()

    assert touched_documents(world.sessions, ["Ann"]).documents == (before,)
    assert sent_by(world, "Ann") == [("verify", before)]
    assert touched_documents(world.sessions, ["Ann"]).at_work == 1
    world.through(before)

    assert references_behind(world, before) == {"Ann": 1}
    with world.sessions() as session:
        first, second = answers.of_document(session, before)
        assert len(answers.of_document(session, other)) == 1
    assert (first.number, second.cause, second.asked_by) == (1, AnswerCause.NEW_REFERENCE, WHO)
    assert sent_by(world, "Ann") == []


def test_a_document_that_was_compared_before_a_change_and_ended_after_it_is_touched(
    world: World, enroller: Enroller
) -> None:
    document_id = world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann",))
    world._call([stage for stage in PIPELINE if stage.name in ("render",)], document_id)
    world._call(PIPELINE.chunk_stages, world.open_chunks(document_id)[0])
    enroll(world, enroller, "Ann", 1)
    world.through(document_id)

    assert touched_documents(world.sessions, ["Ann"]).documents == (document_id,)


def test_documents_that_share_an_answer_get_the_next_one_together(world: World, enroller: Enroller) -> None:
    first = answered(world, "a.pdf", "Ann", data=b"same")
    second = answered(world, "b.pdf", "Ann", data=b"same")
    enroll(world, enroller, "Ann", 1)

    assert sent_by(world, "Ann") == [("verify", first)]
    assert world.document(second).stage is DocumentStage.LINKED
    world.through(first)

    assert [world.document(each).answer for each in (first, second)] == [2, 2]
    assert world.document(second).status is Status.DONE


def test_a_removal_and_a_merge_touch_documents_too(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Ann", 1, 2)
    enroll(world, enroller, "Bob", 3)
    ids = [answered(world, "a.pdf", "Ann"), answered(world, "b.pdf", "Bob")]

    remove_references(world.sessions, "Ann", ["1"], enroller.judge, who=WHO)
    assert touched_documents(world.sessions, ["Ann", "Bob"]).documents == (ids[0],)
    merge_signers(world.sessions, "Bob", "Ann", enroller.judge, who=WHO)

    assert touched_documents(world.sessions, ["Bob"]).documents == tuple(ids)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_two_merges_at_once_leave_no_chain(world: World, enroller: Enroller) -> None:
    for seed, name in enumerate(("Ann", "Bob", "Cem"), 1):
        enroll(world, enroller, name, seed)
    merging = Thread(target=lambda: merge_signers(world.sessions, "Ann", "Bob", enroller.judge, who=WHO))

    with world.sessions() as session:
        bob, cem = (signers.signer_id(session, name) for name in ("Bob", "Cem"))
        people.merge_signer(session, bob, cem)
        merging.start()
        until(lambda: waits_for_a_lock(world))
    merging.join()

    (row,) = list_signers(world.sessions)
    assert (row.signer, row.aliases, row.references) == ("Cem", ("Ann", "Bob"), 3)


def waits_for_a_lock(world: World) -> bool:
    with world.sessions() as session:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        return session.execute(text(waiting + "AND wait_event_type = 'Lock'")).scalar_one() > 0


def test_a_name_in_other_bytes_means_the_same_signer(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Zo\u00eb", 1)
    enroll(world, enroller, "Ann", 2)
    merge_signers(world.sessions, "Miss Z", "Zo\u00eb", enroller.judge, who=WHO)
    decomposed = "  Zoe\u0308 "

    assert signer_history(world.sessions, decomposed).signer == "Zo\u00eb"
    with pytest.raises(WrongUse, match="already"):
        merge_signers(world.sessions, decomposed, "Miss Z ", enroller.judge, who=WHO)
    merged = merge_signers(world.sessions, decomposed, " Ann", enroller.judge, who=WHO)
    assert (merged.name, merged.aliases) == ("Ann", ("Zo\u00eb", "Miss Z"))


def test_a_signer_given_by_two_names_counts_once(world: World, enroller: Enroller, tmp_path: Path) -> None:
    enroll(world, enroller, "Ann", 1)
    enroll(world, enroller, "Bob", 2)
    merge_signers(world.sessions, "A. Smith", "Ann", enroller.judge, who=WHO)
    world.arrive("a.pdf", [page(0, marks=1)], claims=("Ann", "Bob"))
    with world.sessions() as session:
        session.execute(update(Document).values(status=Status.WORKING))

    assert touched_documents(world.sessions, ["Ann", "A. Smith", "Bob"]).at_work == 1
    assert export_signers(world.sessions, world.store, tmp_path, ["Ann", "A. Smith"]) == 1


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


def test_a_table_that_names_no_path_is_refused(world: World, enroller: Enroller, tmp_path: Path) -> None:
    table = tmp_path / "references.csv"
    table.write_text("signer,image\nBob,a\0.png\n", encoding="utf-8")

    with pytest.raises(WrongUse, match=r"cannot read .*null byte"):
        list(enroll_many(enroller, images_of([], table), who=WHO))

    assert list_signers(world.sessions) == []


def test_an_erased_signer_takes_all_other_names_along(world: World, enroller: Enroller) -> None:
    enroll(world, enroller, "Zacharias", 1)
    enroll(world, enroller, "Zoltan", 2)
    answered(world, "a.pdf", "Zoltan")
    merge_signers(world.sessions, "Zoltan", "Zacharias", enroller.judge, who=WHO)
    assert choose(world.sessions, signer="Zoltan").names == ("Zacharias", "Zoltan")

    assert erase_signer(world.sessions, world.store, "Zoltan", who=WHO)

    assert not any(name in everything(world) for name in ("Zacharias", "Zoltan"))
    assert [key for key in world.store.objects if key.startswith("signers/")] == []
    with world.sessions() as session:
        assert people.person(session, "Zacharias") is None
