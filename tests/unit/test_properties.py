"""What holds for any numbers, names and bytes: answers, boxes, crops, claims, results."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sqlalchemy import Engine

from db import documents
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from db.models import Chunk, Page, Region
from db.states import ChunkStage, ClaimSource, PageStatus, Status
from producer.claims import compile_pattern, from_sidecar
from producer.claims_table import read_claims
from producer.sources.naming import storable
from producer.text import plain_name
from worker.errors import WrongUse
from worker.result import DocumentResult
from worker.result.rows import document_result
from worker.storage.files import key_of, path_of
from worker.vision.boxes import clip
from worker.vision.choices import Cleaning, Label, QualityIssue, Thresholds
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.cleaning.prepare import prepare
from worker.vision.crops import HEIGHT, WIDTH, crop, fit, ink_mask, normalise
from worker.vision.detection.yolo import DetectorSpec, read_outputs
from worker.vision.letterbox import Letterbox
from worker.vision.values import Box
from worker.vision.verification.calibration import probability

ANY_FLOAT = st.floats(width=32)
READING = DetectorSpec((320,), (Label.SIGNATURE, Label.HANDWRITTEN_DATE), Thresholds(min_score=0.25))
SIDE = st.integers(1, 3000)
CLEANER = load_cleaner(Cleaning.CLASSICAL)


@given(
    answer=arrays.arrays(np.float32, st.tuples(st.just(6), st.integers(0, 8)), elements=ANY_FLOAT),
    width=SIDE,
    height=SIDE,
)
def test_regions_lie_on_their_page_whatever_a_detector_answers(answer: Any, width: int, height: int) -> None:
    frame = Letterbox.around(width, height, size=320)

    with np.errstate(all="ignore"):
        regions = read_outputs([answer], [frame], READING)

    for region in regions:
        box = region.box
        assert 0 <= box.x < box.x + box.width <= width * (1 + 1e-6)
        assert 0 <= box.y < box.y + box.height <= height * (1 + 1e-6)
        assert READING.thresholds.min_score <= region.score <= 1


def test_a_box_that_is_no_number_does_not_hide_the_others() -> None:
    sound = [160, 160, 80, 40, 0.5, 0]
    answer = np.array([[math.nan, 160, 80, 40, 0.9, 0], [math.inf, 1, 2, 3, 0.9, 0], sound], np.float32).T

    (region,) = read_outputs([answer], [Letterbox.around(320, 320, size=320)], READING)

    assert region.box == Box(120, 140, 80, 40)


@given(st.builds(Box, ANY_FLOAT, ANY_FLOAT, ANY_FLOAT, ANY_FLOAT), SIDE, SIDE)
def test_a_clipped_box_is_a_box_that_can_be_cropped(box: Box, width: int, height: int) -> None:
    clipped = clip(box, width=width, height=height)

    if clipped is not None:
        assert clipped.width > 0 and clipped.height > 0
        assert crop(np.zeros((height, width, 3), np.uint8), clipped).size


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60), st.just(3))))
@example(np.zeros((1, 1, 3), np.uint8))
@example(np.full((400, 1, 3), 255, np.uint8))
def test_every_crop_can_be_judged_and_normalised(pixels: Any) -> None:
    prepared = prepare(pixels, CLEANER)
    normal = normalise(prepared.clean)

    assert np.array_equal(prepared.ink, ink_mask(prepared.clean))
    assert np.array_equal(fit(prepared.ink), normal)
    assert normal.shape == (HEIGHT, WIDTH)
    assert 0 <= normal.min() <= normal.max() <= 1
    assert 0 <= prepared.quality.ink <= 1
    assert prepared.clean.dtype == np.uint8


@given(st.floats(allow_nan=False))
def test_every_likelihood_ratio_is_a_probability(llr: float) -> None:
    assert 0 <= probability(llr) <= 1


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_no_sidecar_raises_anything_but_a_reason(data: bytes) -> None:
    try:
        names = from_sidecar(data)
    except ValueError as error:
        assert str(error)
    else:
        assert isinstance(names, list)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text().map(lambda text: b"document,signer\n" + text.encode()))
@example(b"document,signer\n\0,x\n")
@example(b'document,signer\n"a')
def test_no_claims_file_raises_anything_but_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(data)

    try:
        claims = read_claims(path)
    except WrongUse as error:
        assert str(path) in str(error)
    else:
        assert all(plain_name(name) == name for names in claims.values() for name in names)


@given(st.text(), st.sampled_from(["{signer}/{name}", "{name}_{signer}.pdf", "in/{signer}/x/{name}"]))
def test_a_key_pattern_answers_for_every_key(key: str, pattern: str) -> None:
    signer = compile_pattern(pattern)(key)

    assert signer is None or (signer in key and "/" not in signer)


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
@example([b"file:", b"", b"etc"])
@example([b"\xff%41"])
def test_every_file_name_becomes_a_key_and_comes_back(parts: list[bytes]) -> None:
    path = Path("/", *(os.fsdecode(part.replace(b"\0", b"_").replace(b"/", b"_")) for part in parts))

    key = key_of(path)

    assert storable(key[:200])
    assert path_of(key) == path


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path_factory.mktemp('results') / 'test.db'}")
    upgrade(made)
    yield made
    made.dispose()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
LENGTH = st.floats(1e-6, 1e9)
SHARE = st.floats(0, 1)
PIXELS = st.integers(0, 10_000)
QUALITY = st.fixed_dictionaries(
    {
        "ink": SHARE,
        "width": PIXELS,
        "height": PIXELS,
        "usable": st.booleans(),
        "issues": st.lists(st.sampled_from([issue.value for issue in QualityIssue]), unique=True),
    }
)


@settings(max_examples=40, deadline=None)
@given(
    key=TEXT,
    signers=st.lists(TEXT, max_size=3, unique=True),
    detail=TEXT,
    box=st.tuples(st.floats(0, 1e9), st.floats(0, 1e9), LENGTH, LENGTH),
    score=SHARE,
    points=st.none() | st.tuples(LENGTH, LENGTH),
    quality=st.none() | QUALITY,
)
def test_every_result_is_json_and_comes_back_from_it(
    engine: Engine,
    *,
    key: str,
    signers: list[str],
    detail: str,
    box: tuple[float, ...],
    score: float,
    points: tuple[float, float] | None,
    quality: dict[str, Any] | None,
) -> None:
    names = ("x", "y", "width", "height")
    with make_sessions(engine)() as session:
        claims = dict.fromkeys(signers, ClaimSource.FILE)
        document_id, _ = documents.register(session, documents.Object("b", key, os.urandom(8).hex()), claims)
        chunk = Chunk(document_id=document_id, index=0, stage=ChunkStage.DETECT)
        session.add(chunk)
        session.flush()
        across, down = points or (None, None)
        page = Page(document_id=document_id, chunk_id=chunk.id, index=0, status=PageStatus.DETECTED)
        page.image_key, page.width, page.height, page.dpi, page.detail = key, 3, 4, 0.5, detail
        page.points_width, page.points_height = across, down
        session.add(page)
        session.flush()
        place = dict(zip(names, box, strict=True))
        region = Region(page_id=page.id, index=0, label="signature", score=score, crop_key=key, **place)
        region.quality = quality
        session.add(region)
        session.flush()
        documents.quarantine(session, document_id, reason="unreadable_page", detail=detail)
        result = document_result(session, document_id)

    assert result.status == Status.FAILED
    assert DocumentResult.model_validate_json(json.dumps(result.json_object(), allow_nan=False)) == result
    assert result.pages[0].regions[0].x == box[0]
