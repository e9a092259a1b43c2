"""The detector's training pages: what may be learnt from, and what is written for it."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.detector.dataset import Recipe, build, held_documents, quarter_turn, trainable
from training.detector.readers import (
    near_duplicate_groups,
    read_hlx8j,
    read_rf100,
    read_tobacco800,
    strictest,
)
from training.detector.select import validation_pages
from training.detector.strokes import StrokeBook
from worker.vision.values import Box

DATA = Path(os.environ.get("COUNTERSIGN_DATA", "../shared/data"))
with_data = pytest.mark.skipif(not (DATA / "detection").is_dir(), reason="the public data sets are not here")


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def white(path: Path, width: int, height: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height), 255).save(path)


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


def names(folder: Path) -> set[str]:
    return {path.name.partition(".rf.")[0].partition("-")[0] for path in (folder / "images").iterdir()}


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


def test_a_document_with_one_test_page_gives_nothing_to_training(data, tmp_path):
    build(data, tmp_path / "out")

    assert names(tmp_path / "out" / "train") == {"bbb_jpg", "ddd", "image_1"}
    assert names(tmp_path / "out" / "valid") == {"ccc_jpg"}


def test_the_document_of_a_near_duplicate_is_held_too(data):
    path = data / "detection" / "hlx8j" / "sources.csv"
    path.write_text(path.read_text().replace("ccc_jpg,0,,", "ccc_jpg,0,,tobacco800/images/ddd.tif"))
    root = data / "detection"

    assert near_duplicate_groups(root) == {"ddd"}
    assert "ddd" not in {page.group for page in trainable(read_tobacco800(root), held_documents(root))}


def test_the_same_seed_writes_the_same_pages(data, tmp_path):
    for out in ("one", "other"):
        build(data, tmp_path / out, seed=7)

    first, second = tmp_path / "one" / "train", tmp_path / "other" / "train"
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_boxes_follow_their_page_whether_stretched_or_not(data, tmp_path):
    build(data, tmp_path / "out", recipe=Recipe(turned=0))

    for label in (tmp_path / "out" / "train" / "labels").glob("ddd*.txt"):
        first = [float(number) for number in label.read_text().splitlines()[0].split()]
        assert first == pytest.approx([0, 0.2, 330 / 1400, 0.2, 60 / 1400], abs=1e-3)


def test_a_box_turns_with_its_page():
    page = np.full((40, 60, 3), 255, dtype=np.uint8)
    page[5:10, 20:35] = 0

    turned, (box,) = quarter_turn(page, [Box(x=20, y=5, width=15, height=5)])

    ink = np.argwhere(turned[..., 0] == 0)
    assert turned.shape == (60, 40, 3)
    assert (box.y, box.x) == tuple(ink.min(axis=0))
    assert (box.y + box.height, box.x + box.width) == tuple(ink.max(axis=0) + 1)


def test_a_drawn_signature_lies_in_its_box(data):
    book = StrokeBook.load(data / "verification")
    page = np.full((800, 600, 3), 255, dtype=np.uint8)

    signed, boxes = book.sign(page, [], np.random.default_rng(3))

    assert boxes
    outside = (signed != page).any(axis=2)
    for box in boxes:
        x, y = int(box.x), int(box.y)
        inside = outside[y : y + int(box.height), x : x + int(box.width)]
        assert inside.any(axis=1).all()
        outside[max(0, y - 3) : y + int(box.height) + 3, max(0, x - 3) : x + int(box.width) + 3] = False
    assert not outside.any()


def test_a_page_without_room_stays_as_it_is(data):
    book = StrokeBook.load(data / "verification")
    page = np.zeros((800, 600, 3), dtype=np.uint8)
    kept = [Box(x=1, y=2, width=3, height=4)]

    signed, boxes = book.sign(page, kept, np.random.default_rng(3))

    assert np.array_equal(signed, page)
    assert boxes == kept


@with_data
def test_what_chooses_is_never_a_test_page():
    root = DATA / "detection"
    chosen = validation_pages(root)

    tested = {page.image for page in [*read_hlx8j(root), *read_tobacco800(root)] if page.split == "test"}
    assert len(chosen) > 600
    assert not tested & {page.image for page in chosen}


@with_data
def test_no_training_page_of_the_real_sets_belongs_to_an_evaluated_document():
    root = DATA / "detection"
    held = held_documents(root)
    hlx8j = read_hlx8j(root)

    learnt = [
        page for read in (read_hlx8j, read_tobacco800, read_rf100) for page in trainable(read(root), held)
    ]

    evaluated = {page.group for page in hlx8j if page.split in ("test", "valid")}
    assert len(learnt) > 500
    assert not evaluated & {page.group for page in learnt}
