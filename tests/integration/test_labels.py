"""Every label and role goes from the detector to the result; what signs makes a page signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import DarkBlocks, page
from tests.world import World
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


def answered(world: World, detector: DarkBlocks, *, marks: int) -> dict[str, Any]:
    """The result of a page with so many marks, seen by that detector."""
    document_id = world.arrive("letter.pdf", [page(0, marks=marks)])
    render_document(document_id, world.render_deps)
    deps = DetectDeps(**{**vars(world.detect_deps), "detector": detector})
    for chunk_id in world.open_chunks(document_id):
        detect_chunk(chunk_id, deps)
        verify_chunk(chunk_id, world.verify_deps)
    finish_document(document_id, world.deps)
    with world.sessions() as session:
        return document_result(session, document_id).json_object()


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
