"""A user's own pages: YOLO folders and COCO files, their labels matched by name."""

import json
from pathlib import Path

import pytest
from PIL import Image

from training.detector.drawn_test import drawn_page
from training.detector.evaluate import OWN, Evaluation
from training.detector.owndata import read_own
from training.detector.select import own_validation
from training.detector.sheets import LABELS, Marked
from worker.errors import WrongUse
from worker.vision.choices import Label
from worker.vision.values import Box


def page(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (200, 100), 255).save(path)


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    page(tmp_path / "train" / "images" / "a.png")
    page(tmp_path / "train" / "images" / "empty.png")
    (tmp_path / "train" / "labels").mkdir()
    (tmp_path / "train" / "labels" / "a.txt").write_text("1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text("train: train/images\nnames: [logo, Handwritten date]\n")
    return tmp_path


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    page(tmp_path / "images" / "a.png")
    content = {
        "images": [{"id": 7, "file_name": "a.png"}],
        "categories": [{"id": 3, "name": "Signature"}, {"id": 4, "name": "logo"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [80, 30, 40, 40]},
            {"image_id": 7, "category_id": 4, "bbox": [0, 0, 10, 10]},
        ],
    }
    path = tmp_path / "pages.json"
    path.write_text(json.dumps(content))
    return path


def test_a_yolo_folder_gives_its_pages_with_labels_matched_by_name(yolo):
    own_data = read_own(yolo)

    marked = {one.image.name: one.marks for one in own_data.pages}
    assert own_data.known == (Label.HANDWRITTEN_DATE,)
    assert marked["empty.png"] == ()
    ((label, box),) = [(mark.label, mark.box) for mark in marked["a.png"]]
    assert label is Label.HANDWRITTEN_DATE
    assert (box.x, box.y, box.width, box.height) == pytest.approx((80, 30, 40, 40))


def test_a_yolo_folder_is_measured_on_its_test_or_validation_pages(yolo):
    with pytest.raises(WrongUse, match="names no test and no val"):
        read_own(yolo, measuring=True)

    page(yolo / "valid" / "images" / "b.png")
    described = yolo / "data.yaml"
    described.write_text(described.read_text() + "val: valid/images\n")
    assert [one.image.name for one in read_own(yolo, measuring=True).pages] == ["b.png"]

    page(yolo / "test" / "images" / "c.png")
    described.write_text(described.read_text() + "test: test/images\n")
    assert [one.image.name for one in read_own(yolo, measuring=True).pages] == ["c.png"]


def test_a_threshold_is_chosen_on_signatures_alone(yolo, coco):
    described = yolo / "data.yaml"
    described.write_text(described.read_text() + "val: train/images\n")

    (chosen,) = own_validation([coco])

    assert chosen.boxes == (Box(80, 30, 40, 40),)
    with pytest.raises(WrongUse, match="must name them"):
        own_validation([coco, yolo])


def test_own_pages_are_measured_on_the_labels_that_they_name_without_other_data(coco, tmp_path):
    pages = (drawn_page(index) for index in range(9))
    signed = next(one for one in pages if any(mark.label == "signature" for mark in one.marks))
    Image.fromarray(signed.pixels).save(tmp_path / "images" / "a.png")
    content = json.loads(coco.read_text())
    content["annotations"] = [
        {"image_id": 7, "category_id": 3, "bbox": mark.box}
        for mark in signed.marks
        if mark.label == "signature"
    ]
    coco.write_text(json.dumps(content))

    report = Evaluation(None, own_data=[coco]).report([OWN])

    (figures,) = report.sets[OWN].values()
    assert list(report.sets[OWN]) == ["signature"]
    assert figures.served.truths == len(content["annotations"]) > 0
    assert figures.served.true_positives == figures.served.truths


def test_own_pages_that_were_not_given_cannot_be_measured(tmp_path):
    with pytest.raises(WrongUse, match="no evaluation data"):
        Evaluation(tmp_path)


def test_a_coco_file_gives_its_pages_in_pixels(coco):
    own_data = read_own(coco)

    assert own_data.known == (Label.SIGNATURE,)
    assert [one.marks for one in own_data.pages] == [(Marked(Label.SIGNATURE, Box(80, 30, 40, 40)),)]


def test_names_that_match_no_label_are_refused(yolo):
    (yolo / "data.yaml").write_text("train: train/images\nnames: {0: cat, 1: dog}\n")

    with pytest.raises(WrongUse, match="names cat, dog; at least one must be of signature"):
        read_own(yolo)


def test_a_missing_image_is_named(coco):
    (coco.parent / "images" / "a.png").unlink()

    with pytest.raises(WrongUse, match=r"no image a\.png"):
        read_own(coco)


@pytest.mark.parametrize("content", ["{", "[]", '{"images": 3, "categories": [], "annotations": []}'])
def test_a_file_that_is_no_coco_is_refused(tmp_path, content):
    path = tmp_path / "pages.json"
    path.write_text(content)

    with pytest.raises(WrongUse, match=r"pages\.json"):
        read_own(path)


def test_a_folder_without_a_description_is_refused(tmp_path):
    with pytest.raises(WrongUse, match=r"no data\.yaml"):
        read_own(tmp_path)


def test_a_label_that_no_detector_is_trained_on_is_left_out(coco):
    content = json.loads(coco.read_text())
    content["categories"].append({"id": 77, "name": "stamp or logo"})
    content["annotations"].append({**content["annotations"][0], "id": 7777, "category_id": 77})
    coco.write_text(json.dumps(content))

    assert set(read_own(coco).known) <= set(LABELS)
