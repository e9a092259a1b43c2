"""Every label and role goes from the detector to the result; what signs makes a page signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Region
from producer.services.results import read_rows
from tests.fakes import DarkBlocks, page
from tests.world import World
from worker.result import DocumentResult
from worker.result.rows import document_result
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.ports import DetectDeps
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk
from worker.vision.choices import Label
from worker.vision.values import DetectedRegion, Pixels

OTHERS = [label for label in Label if label is not Label.SIGNATURE]


class InTurn(DarkBlocks):
    """A detector that gives the marks of a page the labels in turn."""

    def __init__(self, *labels: Label) -> None:
        self._labels = labels

    def _one(self, page: Pixels) -> list[DetectedRegion]:
        return [
            replace(region, label=self._labels[index % len(self._labels)])
            for index, region in enumerate(super()._one(page))
        ]


def detected(world: World, detector: DarkBlocks, *, marks: int, key: str = "letter.pdf") -> int:
    """The id of a document with so many marks on its page, once that detector has seen it."""
    document_id = world.arrive(key, [page(0, marks=marks)])
    render_document(document_id, world.render_deps)
    deps = DetectDeps(**{**vars(world.detect_deps), "detector": detector})
    for chunk_id in world.open_chunks(document_id):
        detect_chunk(chunk_id, deps)
    return document_id


def finished(world: World, document_id: int) -> dict[str, Any]:
    """The result of a document that is verified and finished."""
    for chunk_id in world.open_chunks(document_id):
        verify_chunk(chunk_id, world.verify_deps)
    finish_document(document_id, world.deps)
    with world.sessions() as session:
        return document_result(session, document_id).json_object()


def answered(world: World, detector: DarkBlocks, *, marks: int) -> dict[str, Any]:
    """The result of a page with so many marks, seen by that detector."""
    return finished(world, detected(world, detector, marks=marks))


def test_a_signature_beside_its_initials_is_the_only_one_compared(world: World) -> None:
    result = answered(world, InTurn(Label.SIGNATURE, Label.INITIALS), marks=2)

    (only_page,) = result["pages"]
    by_label = {region["label"]: region for region in only_page["regions"]}
    assert set(by_label) == {"signature", "initials"}
    assert [row["region"] for row in result["verdicts"]] == [by_label["signature"]["index"]]
    assert by_label["signature"]["clean"] is not None
    assert by_label["initials"]["clean"] is None
    assert by_label["initials"]["crop"] is not None


@pytest.mark.parametrize("label", OTHERS)
def test_what_is_no_signature_does_not_make_a_document_signed(world: World, label: Label) -> None:
    result = answered(world, InTurn(label), marks=1)

    assert (result["status"], result["signed"], result["verdicts"]) == ("done", False, [])
    assert [region["label"] for region in result["pages"][0]["regions"]] == [label.value]


class WithRole(InTurn):
    """A detector whose marks have that role."""

    def __init__(self, *labels: Label, signs: bool) -> None:
        super().__init__(*labels)
        self._role = signs

    def _one(self, page: Pixels) -> list[DetectedRegion]:
        probability = 0.75 if self._role else 0.25
        return [
            replace(region, signs=self._role, role_probability=probability) for region in super()._one(page)
        ]


def test_initials_that_sign_make_a_document_signed_by_initials_and_are_not_compared(world: World) -> None:
    result = answered(world, WithRole(Label.INITIALS, signs=True), marks=1)

    (only_page,) = result["pages"]
    assert (result["signed"], result["signed_by"], only_page["signed_by"]) == (True, "initials", "initials")
    assert [(row["signs"], row["role_probability"]) for row in only_page["regions"]] == [(True, 0.75)]
    assert result["verdicts"] == []


def test_a_signature_that_does_not_sign_is_shown_and_not_compared(world: World) -> None:
    result = answered(world, WithRole(Label.SIGNATURE, signs=False), marks=1)

    (region,) = result["pages"][0]["regions"]
    assert (result["signed"], result["signed_by"], result["verdicts"]) == (False, None, [])
    assert (region["label"], region["signs"], region["clean"]) == ("signature", False, None)


def test_a_signature_that_signs_is_compared_and_outweighs_initials(world: World) -> None:
    result = answered(world, WithRole(Label.INITIALS, Label.SIGNATURE, signs=True), marks=2)

    assert (result["signed"], result["signed_by"]) == (True, "signature")
    assert len(result["verdicts"]) == 1


def test_without_roles_a_signature_signs_and_nothing_is_said_of_it(world: World) -> None:
    result = answered(world, InTurn(Label.SIGNATURE), marks=1)

    (region,) = result["pages"][0]["regions"]
    assert (result["signed"], result["signed_by"]) == (True, "signature")
    assert (region["signs"], region["role_probability"]) == (None, None)


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        pytest.param(WithRole(Label.INITIALS, signs=True), (True, "initials"), id="initials that sign"),
        pytest.param(WithRole(Label.SIGNATURE, signs=False), (False, None), id="signature that does not"),
        pytest.param(InTurn(Label.SIGNATURE), (True, "signature"), id="signature of unknown role"),
        pytest.param(InTurn(Label.INITIALS), (False, None), id="initials of unknown role"),
    ],
)
def test_every_form_of_an_answer_says_the_same_about_who_signs(
    world: World, detector: DarkBlocks, expected: tuple[bool, str | None]
) -> None:
    document_id = detected(world, detector, marks=1)
    result = finished(world, document_id)

    (row,) = read_rows(world.sessions, [document_id])
    (region,) = DocumentResult.model_validate(result).regions
    assert (row.signed, row.signed_by) == (result["signed"], result["signed_by"]) == expected
    assert region.is_signing is expected[0]


def test_a_damaged_crop_is_counted_among_the_signatures_that_are_compared(world: World) -> None:
    document_id = detected(world, WithRole(Label.SIGNATURE, Label.INITIALS, signs=True), marks=2)
    with world.sessions() as session:
        key = session.execute(select(Region.crop_key).where(Region.label == "signature")).scalar_one()
    world.store.objects[key] = b"damaged"

    result = finished(world, document_id)

    assert (result["status"], result["signed"]) == ("partial", True)
    assert result["detail"].startswith("1 of 1 signatures could not be compared")


def test_versions_of_detection_are_those_of_the_process_that_detected(world: World) -> None:
    with_roles = {**world.versions, "roles": "r", "classifier": "k"}
    off, on = InTurn(Label.SIGNATURE), WithRole(Label.SIGNATURE, signs=True)

    newer = replace(world, versions=with_roles)
    without = finished(newer, detected(world, off, marks=1, key="off.pdf"))
    named = finished(world, detected(newer, on, marks=1, key="on.pdf"))

    assert {"roles", "classifier"}.isdisjoint(without["versions"])
    assert (named["versions"]["roles"], named["versions"]["classifier"]) == ("r", "k")
