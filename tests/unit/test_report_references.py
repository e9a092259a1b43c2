"""The report shows the references beside a signature, and the likest of them under it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.handwriting import signature
from tests.unit.test_report import SIGNED, report
from worker.errors import StorageUnavailable
from worker.rendering.encoding import encode
from worker.report.beside import LikeReference
from worker.vision.crops import normalise
from worker.vision.images import decode
from worker.vision.verification.correspondence import correspond
from worker.vision.verification.encoder import load_encoder


def test_references_stand_beside_the_question_in_the_order_in_which_they_were_loaded(tmp_path: Path) -> None:
    likest = [
        LikeReference(number, number, f"reference-{number}", likeness, outlier=False)
        for number, likeness in ((3, 0.91), (1, 0.5), (6, 0.4), (2, 0.2), (5, -0.1))
    ]

    read = report(tmp_path, SIGNED, references=lambda _: {((0, 0), "ann"): likest})

    alts = [image["alt"] or "" for image in read.all("img")]
    assert alts[1:3] == ["As scanned", "Cleaned"]
    assert alts[3:7] == [
        f"Reference {number}, likeness {likeness}"
        for number, likeness in ((3, "0.91"), (1, "0.50"), (6, "0.40"), (2, "0.20"))
    ]
    assert "and 1 more on file, less alike" in read.words


@pytest.mark.parametrize(
    ("stored_seeds", "laid"),
    [
        pytest.param({"clean": 1, "reference": 2}, True, id="as compared"),
        pytest.param({"clean": 1, "reference": 3}, False, id="another reference"),
        pytest.param({"clean": 3, "reference": 2}, False, id="another crop"),
        pytest.param({"clean": 1}, False, id="a reference that is gone"),
        pytest.param({"reference": 2}, False, id="a crop that is gone"),
    ],
)
def test_the_signature_is_laid_over_the_likest_reference_if_its_ink_is_at_hand(
    tmp_path: Path, stored_seeds: dict[str, int], laid: bool
) -> None:
    questioned, reference = load_encoder().encode([normalise(signature(seed)) for seed in (1, 2)])
    likest = LikeReference(
        4, 4, "reference", 0.9, outlier=False, correspondence=correspond(questioned, reference)
    )

    def load(key: str) -> bytes:
        if key not in stored_seeds:
            raise StorageUnavailable(key, "it is gone")
        return encode(signature(stored_seeds[key]), lossy=False).data

    read = report(tmp_path, SIGNED, load_image=load, references=lambda _: {((0, 0), "ann"): [likest]})

    overlays = [
        image for image in read.all("img") if (image["alt"] or "").startswith("Laid over reference 4")
    ]
    assert bool(overlays) is laid
    for image in overlays:
        assert decode(base64.b64decode((image["src"] or "").split(",")[1])).shape == (512, 576, 3)


def test_references_of_unknown_likeness_say_no_number(tmp_path: Path) -> None:
    references = [LikeReference(1, 1, "reference", None, outlier=False)]

    read = report(tmp_path, SIGNED, references=lambda _: {((0, 0), "ann"): references})

    assert "Reference 1" in [image["alt"] for image in read.all("img")]
    assert "likeness 0" not in read.words
