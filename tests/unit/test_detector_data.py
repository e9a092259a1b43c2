"""The detector's training pages: what may be trained on, and what is written for it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.evaluation_data import DATA, needs_data, write_csv
from training.detector import readers
from training.detector.dataset import build_dataset, public_pages
from training.detector.drawn_test import drawn_page
from training.detector.readers import (
    near_duplicate_groups,
    read_hlx8j,
    read_rf100,
    read_tobacco800,
    seen_by_eye,
    strictest,
)
from training.detector.select import validation_pages
from training.detector.sheets import LABELS, SheetFolder, read_sheets
from training.detector.splits import (
    held_documents,
    is_validation,
    records_for_test,
    records_for_training,
    records_for_validation,
)
from training.detector.strokes import StrokeBook
from training.detector.testsets import (
    FLAGGED,
    MEASURING,
    VIEWED,
    squares,
    unsigned_counts,
    unsigned_pages,
    unsigned_validation,
    whole_pages,
)
from worker.vision.choices import Label
from worker.vision.detection.orientation import turned
from worker.vision.values import Box

with_data = needs_data("detection", "verification", "documents")


def white(path: Path, width: int, height: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height), 255).save(path)


def speckled(path: Path, seed: int) -> None:
    """A page of noise that resembles another of the same seed alone."""
    grey = np.random.default_rng(seed).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(grey).resize((640, 640), Image.Resampling.NEAREST).save(path)


def roboflow_page(root: Path, image: str, labels: str) -> None:
    white(root / image, 640, 640)
    label = root / image.replace("images/", "labels/").replace(".jpg", ".txt")
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text(labels)


def strokes(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    t = np.linspace(0, 8, 60)
    for name in ("susig.npz", "svc2004.npz"):
        np.savez(
            folder / name,
            x=np.concatenate([t * 100, t * 80]),
            y=np.concatenate([100 * np.sin(t), 60 * np.cos(t)]),
            pen_down=np.ones(120, dtype=bool),
            offset=np.array([0, 60, 120]),
        )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two hlx8j pages of two splits, three Tobacco800 pages of two documents, one certificate."""
    root = tmp_path / "data" / "detection"
    pages = [("train", "aaa_1_jpg"), ("train", "bbb_jpg"), ("valid", "ccc_jpg"), ("test", "aaa_2_jpg")]
    rows: list[dict[str, object]] = []
    for split, page in pages:
        image = f"{split}/images/{page}.rf.0.jpg"
        roboflow_page(root / "hlx8j", image, "0 0.5 0.25 0.2 0.1\n")
        row = {"image": image, "split": split, "source_page": page, "leaks": 0, "original_here": ""}
        rows.append(row | {"near_duplicate_of": ""})
    write_csv(root / "hlx8j" / "sources.csv", rows)
    box = {"x": 100, "y": 300, "width": 200, "height": 60, "author_id": None}
    annotations = [
        ("aaa_1", "aaa", ["train"], [box | {"label": "signature"}]),
        ("aaa_2", "aaa", ["test"], []),
        ("ddd", "ddd", [], [box | {"label": "signature"}, box | {"label": "logo"}]),
    ]
    described = []
    for name, group, splits, boxes in annotations:
        white(root / "tobacco800" / "images" / f"{name}.tif", 1000, 1400)
        page = {"image": f"images/{name}.tif", "source_name": f"{name}.tif", "document_group": group}
        described.append(page | {"hlx8j_splits": splits, "boxes": boxes})
    (root / "tobacco800" / "annotations.json").write_text(json.dumps(described))
    roboflow_page(root / "rf100_color", "train/images/image_1.rf.0.jpg", "")
    row = {"image": "train/images/image_1.rf.0.jpg", "hlx8j_split": "train", "hlx8j_splits": "train"}
    write_csv(root / "rf100_color" / "pages.csv", [row])
    strokes(tmp_path / "data" / "verification")
    return tmp_path / "data"


def groups(root: Path) -> set[str]:
    return {page.group for page, _ in public_pages(root)}


def test_a_page_of_several_splits_carries_the_strictest():
    assert strictest(["train", "test", "valid"]) == "test"
    assert strictest(["train", "valid"]) == "valid"
    assert strictest([]) == "none"


def test_labels_are_read_in_the_pixels_of_their_image(data):
    page = read_hlx8j(data / "detection")[0]

    assert page.boxes == (Box(x=256, y=128, width=128, height=64),)


def test_logos_are_not_signatures(data):
    unsigned_for_us = {page.group: len(page.boxes) for page in read_tobacco800(data / "detection")}

    assert unsigned_for_us["ddd"] == 1


def test_pages_without_labels_are_read_with_no_boxes(data):
    assert [page.boxes for page in read_rf100(data / "detection")] == [()]


def test_a_document_with_one_test_page_gives_nothing_to_training(data):
    assert not is_validation("ccc_jpg")
    assert groups(data / "detection") == {"bbb_jpg", "ccc_jpg", "ddd", "image_1"}


def test_what_an_eye_saw_is_marked_beside_the_signatures(data, tmp_path, monkeypatch):
    seen = {"image": "tobacco800/images/ddd.tif", "label": "handwritten_date"}
    box = {"x": 500, "y": 700, "width": 200, "height": 70}
    (tmp_path / "seen.json").write_text(json.dumps({"boxes": [seen | box]}))
    monkeypatch.setattr(readers, "SEEN_LABELS", tmp_path / "seen.json")

    folder = build_dataset(data, SheetFolder(tmp_path / "pages"), drawn=0).parent

    marks = [{mark.label for mark in one.marks} for one in read_sheets(folder)]
    assert [found for found in marks if Label.HANDWRITTEN_DATE in found] == [
        {Label.SIGNATURE, Label.HANDWRITTEN_DATE}
    ]


@with_data
def test_what_an_eye_saw_lies_on_pages_that_teach():
    root = DATA / "detection"
    seen = seen_by_eye(root)

    assert seen.keys() <= {page.image for page, source in public_pages(root) if source != "copies"}
    for image, marks in seen.items():
        with Image.open(image) as page:
            width, height = page.size
        assert all(m.box.x + m.box.width <= width + 1 for m in marks), image
        assert all(m.box.y + m.box.height <= height + 1 for m in marks), image


def test_the_document_of_a_near_duplicate_is_held_too(data):
    path = data / "detection" / "hlx8j" / "sources.csv"
    path.write_text(path.read_text().replace("ccc_jpg,0,,", "ccc_jpg,0,,tobacco800/images/ddd.tif"))
    root = data / "detection"

    assert near_duplicate_groups(root) == {"ddd"}
    assert "ddd" not in groups(root)


def test_the_same_seed_writes_the_same_pages(data, tmp_path):
    for out in ("one", "other"):
        build_dataset(data, SheetFolder(tmp_path / out), drawn=2, seed=7)

    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 4 + 2 + 1
    assert files == sorted(path.name for path in (tmp_path / "other").iterdir())
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "other" / f).read_bytes() for f in files)


def test_prepared_pages_keep_their_boxes_and_what_is_known_of_them(data, tmp_path):
    build_dataset(data, SheetFolder(tmp_path), drawn=1)

    sheets = {sheet.source: sheet for sheet in reversed(read_sheets(tmp_path))}

    scale = 960 / 1400
    (mark,) = sheets["scans"].marks
    assert mark.label is Label.SIGNATURE
    assert mark.box.x == pytest.approx(100 * scale, rel=2e-3)
    assert mark.box.height == pytest.approx(60 * scale, rel=2e-3)
    assert sheets["scans"].known == {Label.SIGNATURE}
    assert sheets["drawn"].known == set(LABELS)


def test_a_recorded_signature_is_as_wide_as_signatures_are(data):
    book = StrokeBook.load(data / "verification")

    left, top, right, bottom = book.signed(np.random.default_rng(3)).bounds

    assert 20 <= right - left <= 75
    assert top < 0 < bottom


def test_a_page_that_looks_like_a_test_page_gives_nothing_to_training(data):
    root = data / "detection"
    for page, seed in (
        ("train/images/bbb_jpg", 1),
        ("test/images/aaa_2_jpg", 1),
        ("valid/images/ccc_jpg", 2),
    ):
        speckled(root / "hlx8j" / f"{page}.rf.0.jpg", seed)

    assert groups(root) == {"ccc_jpg", "ddd", "image_1"}


@with_data
def test_the_three_sets_share_no_document():
    root = DATA / "detection"
    pages = [*read_hlx8j(root), *read_tobacco800(root), *read_rf100(root)]
    training, validation, test = (
        {page.group for page in part(pages, root)}
        for part in (records_for_training, records_for_validation, records_for_test)
    )

    assert len(training) > 450
    assert len(validation) > 90
    assert len(test) > 380
    assert not (training & validation or validation & test or training & test)
    assert {page.group for page in pages if page.split == "test"} == test
    assert all(is_validation(group) for group in validation)
    assert len(validation_pages(root)) > 150
    assert {page.group for page in validation_pages(root)} <= validation
    assert not {page.group for page, _ in public_pages(root)} - training


@with_data
def test_test_pages_are_all_measured_and_of_the_validation_pages_those_that_choose():
    root = DATA / "detection"

    assert len(squares(root, "test")) == 419
    assert len(whole_pages(root, "test")) == 306
    assert all(is_validation(case.group) for case in (*squares(root, "valid"), *whole_pages(root, "valid")))
    assert sum(case.signed for case in unsigned_pages(root)) == 5


def test_an_unsigned_page_that_was_scanned_on_its_side_is_seen_upright(tmp_path):
    folder = tmp_path / "unsigned"
    folder.mkdir()
    page = drawn_page(1).pixels
    for name, pixels in (("straight.png", page), ("lying.png", turned(page, 1))):
        Image.fromarray(pixels).save(folder / name, dpi=(100, 100))
    (folder / "pages.csv").write_text("image\nstraight.png\nlying.png\n")

    straight, lying = (case.read()[0] for case in unsigned_pages(tmp_path))

    assert straight.shape == lying.shape and straight.shape[0] > straight.shape[1]
    assert np.array_equal(straight, lying)


@with_data
def test_a_third_of_the_unsigned_pages_chooses_and_the_others_measure():
    root = DATA / "detection"

    choosing_cases = unsigned_validation(root)
    counts = unsigned_counts([SimpleNamespace(case=case) for case in unsigned_pages(root)])

    measuring_names = {one.case.name for one in counts[MEASURING]}
    assert [len(counts[name]) for name in (FLAGGED, VIEWED, MEASURING)] == [400, 395, 261]
    assert measuring_names | {case.name for case in choosing_cases} == {
        page.case.name for page in counts[VIEWED]
    }
    assert not measuring_names & {case.name for case in choosing_cases}


@with_data
def test_no_page_that_teaches_belongs_to_a_document_that_is_held():
    root = DATA / "detection"
    pages = [
        page
        for read in (read_hlx8j, read_tobacco800, read_rf100)
        for page in records_for_training(read(root), root)
    ]

    evaluated = {page.group for page in read_hlx8j(root) if page.split == "test"}
    chosen = {page.group for page in read_hlx8j(root) if page.split == "valid" and is_validation(page.group)}
    assert len(pages) > 800
    assert evaluated | chosen <= held_documents(root)
    assert not (evaluated | chosen | near_duplicate_groups(root)) & {page.group for page in pages}
