"""Every label goes from the detector to the result; signatures alone are compared and make a page signed."""

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
