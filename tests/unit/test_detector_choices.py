"""What is chosen and counted for the detector on made-up pages: data sets, thresholds, plots, tables."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from rich.console import Console  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from training.detector import testsets  # noqa: E402
from training.detector.averaging import averaged  # noqa: E402
from training.detector.dataset import draw_into  # noqa: E402
from training.detector.drawn_test import counts_by_label  # noqa: E402
from training.detector.evaluate import DetectorReport, LabelReport  # noqa: E402
from training.detector.marked import read_marked  # noqa: E402
from training.detector.metrics import Scored, label_figures, score_page, served_figures  # noqa: E402
from training.detector.owndata import read_own  # noqa: E402
from training.detector.plots import draw_plots  # noqa: E402
from training.detector.prepare import prepared  # noqa: E402
from training.detector.readers import PageRecord, read_unsigned  # noqa: E402
from training.detector.seen import Seen, found_on, seen_page  # noqa: E402
from training.detector.select import CALLED, RECALL, Choice, choose_input_sizes, of_label, threshold  # noqa: E402
from training.detector.settings import DetectorSettings  # noqa: E402
from training.detector.sheets import LABELS, Marked, SheetFolder, read_sheets  # noqa: E402
from training.detector.splits import is_validation  # noqa: E402
from training.detector.tables import show_detector  # noqa: E402
from training.detector.testsets import PageCase  # noqa: E402
from training.detector.widen import widened  # noqa: E402
from training.synthesis.pages import DrawnMark, DrawnPage  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.values import Box, DetectedRegion, Pixels  # noqa: E402

BOX = Box(40, 60, 120, 40)


class FindsInk:
    """Calls whatever is dark on a page one signature, with a score that is fixed."""

    def __init__(self, score: float = 0.8) -> None:
        self.score = score

    def detect(self, pages: list[Pixels]) -> list[list[DetectedRegion]]:
        return [self._one(page) for page in pages]

    def _one(self, page: Pixels) -> list[DetectedRegion]:
        rows, columns = np.nonzero(page.max(axis=2) < 100)
        if not len(rows):
            return []
        left, top = float(columns.min()), float(rows.min())
        box = Box(left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top)
        return [DetectedRegion(box, self.score, Label.SIGNATURE)]


def page(*boxes: Box) -> Pixels:
    pixels = np.full((300, 240, 3), 255, np.uint8)
    for box in boxes:
        pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 0
    return pixels


def drawn(*labels: str) -> DrawnPage:
    """A page with the same ink whatever it is called."""
    hull = ((40.0, 60.0), (160.0, 60.0), (160.0, 100.0), (40.0, 100.0))
    return DrawnPage(page(BOX), 72.0, tuple(DrawnMark(label, hull, signer="") for label in labels))


def test_counts_of_a_label_are_hits_misses_and_false_alarms() -> None:
    pages = [drawn("signature"), drawn("initials"), drawn()]

    counts = counts_by_label(pages, FindsInk())

    assert counts["signature"] == {"true": 1, "found": 1, "false": 2}
    assert counts["initials"] == {"true": 1, "found": 0, "false": 0}


def test_a_page_is_seen_with_its_size_and_scored_by_label() -> None:
    marks = (Marked(Label.SIGNATURE, BOX), Marked(Label.INITIALS, BOX))

    seen = seen_page(PageCase("a", "doc", lambda: (page(BOX), marks)), page(BOX), marks, FindsInk())

    assert (seen.width, seen.height) == (240, 300)
    assert seen.scored(Label.SIGNATURE).hits.all() and seen.scored(Label.SIGNATURE).group == "doc"
    assert (seen.scored(Label.INITIALS).truths, len(seen.scored(Label.INITIALS).scores)) == (1, 0)


def test_pages_are_detected_in_turn_and_told_one_by_one(tmp_path: Path) -> None:
    for name, boxes in (("a.png", [BOX]), ("b.png", [])):
        Image.fromarray(page(*boxes)).save(tmp_path / name)
    records = [PageRecord(tmp_path / name, (), "test", name) for name in ("a.png", "b.png")]
    told: list[tuple[str, int, int]] = []

    detected = list(found_on(records, FindsInk(), "looking", lambda *step: told.append(step)))

    assert [(record.group, len(regions)) for record, regions in detected] == [("a.png", 1), ("b.png", 0)]
    assert told == [("looking", 1, 2), ("looking", 2, 2)]


def ranked(*hits: bool, truths: int) -> Scored:
    """Pages' predictions at 0.9, 0.8 and so on, right at every overlap or at none."""
    columns = np.repeat(np.array(hits, bool)[:, None], 10, axis=1).reshape(len(hits), 10)
    return Scored("a", columns, np.linspace(0.9, 0.9 - 0.1 * (len(hits) - 1), len(hits)), truths)


@pytest.mark.parametrize(
    ("hits", "truths", "expected"),
    [
        pytest.param((True, True), 2, 0.995, id="all right"),
        pytest.param((False, False), 2, 0.0, id="all wrong"),
        pytest.param((True,), 2, 0.5, id="half of them"),
    ],
)
def test_average_precision_is_the_area_under_the_curve(hits, truths: int, expected: float) -> None:
    figures = label_figures([ranked(*hits, truths=truths)], rounds=2)

    assert figures.map50 == pytest.approx(expected, abs=0.006)
    assert figures.map50 == pytest.approx(figures.map50_95)


def test_recall_and_precision_fall_and_rise_with_the_threshold() -> None:
    pages = [ranked(True, False, True, truths=4)]

    rates = [
        (served.recall.value, served.precision.value)
        for served in (served_figures(pages, score, rounds=2) for score in (0.85, 0.75, 0.65))
    ]

    assert rates == [pytest.approx((1 / 4, 1)), pytest.approx((1 / 4, 1 / 2)), pytest.approx((2 / 4, 2 / 3))]


def test_each_true_box_is_claimed_once_by_the_best() -> None:
    regions = [DetectedRegion(BOX, score, Label.SIGNATURE) for score in (0.9, 0.5)]

    assert score_page("a", regions, [BOX]).hits[:, 0].tolist() == [True, False]
    assert score_page("a", regions, []).hits.any() == np.False_


def test_the_threshold_keeps_nine_signatures_in_ten() -> None:
    """Ten signatures at 0.1, 0.2 … 1.0 and unsigned pages without an answer: the lowest may be lost."""
    signed = [
        Scored(str(n), np.ones((1, 10), bool), np.array([score]), 1)
        for n, score in enumerate(np.arange(1, 11) / 10)
    ]
    empty = [Scored(f"e{n}", np.zeros((0, 10), bool), np.zeros(0), 0) for n in range(20)]

    chosen = threshold([*signed, *empty], best=0.5)

    kept = sum(bool(page.scores[0] >= chosen) for page in signed)
    assert kept / 10 >= RECALL


def test_the_threshold_keeps_alarms_below_one_page_in_twenty() -> None:
    signed = [Scored(f"s{n}", np.ones((1, 10), bool), np.array([0.9]), 1) for n in range(50)]
    alarms = [Scored(f"a{n}", np.zeros((1, 10), bool), np.array([0.3]), 0) for n in range(10)]
    quiet = [Scored(f"q{n}", np.zeros((0, 10), bool), np.zeros(0), 0) for n in range(10)]

    chosen = threshold([*signed, *alarms, *quiet], best=0.5)

    assert 0.3 < chosen <= 0.9
    assert sum(bool(page.scores.max() >= chosen) for page in alarms) / 20 <= CALLED


def test_the_least_work_is_chosen_of_equals() -> None:
    small, large = (Choice(sizes, 0.9, 0.6, 0.4) for sizes in ((480,), (480, 640)))

    assert choose_input_sizes([large, small]) is small


def test_regions_of_one_label_keep_their_order() -> None:
    labels = (Label.SIGNATURE, Label.INITIALS, Label.SIGNATURE)
    regions = [DetectedRegion(BOX, 0.9 - 0.2 * row, label) for row, label in enumerate(labels)]

    assert [region.score for region in of_label(regions, Label.SIGNATURE)] == [0.9, 0.5]


def test_the_mean_of_weights_is_taken_number_by_number(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 6.0)):
        save_file({"w": torch.full((2, 3), value)}, tmp_path / f"{name}.safetensors")

    averaged([tmp_path / f"{name}.safetensors" for name in "abc"], tmp_path / "mean.safetensors")

    assert load_file(tmp_path / "mean.safetensors")["w"].float().tolist() == [[3.0] * 3] * 2


def test_tensors_of_the_same_shape_are_not_widened() -> None:
    tensors = {"model.0.conv.weight": torch.rand(4, 3, 3, 3)}

    assert torch.equal(widened(tensors, tensors)["model.0.conv.weight"], tensors["model.0.conv.weight"])


@pytest.mark.parametrize(
    ("rows", "signing", "initials_only"),
    [
        pytest.param([("signature", True)], 1, False, id="a signature that signs"),
        pytest.param([("initials", True), ("signature", False)], 1, True, id="only initials sign"),
        pytest.param([("handwriting", None)], 0, True, id="signed, by nothing that could be told"),
    ],
)
def test_marks_that_sign_are_told_from_others(
    tmp_path: Path, rows, signing: int, initials_only: bool
) -> None:
    marks = [{"box": [1, 2, 31, 22], "form": form, "signs": signs, "fits": True} for form, signs in rows]
    row = {"image": "a.tif", "document": 3, "width": 100, "height": 200, "signed": True, "marks": marks}
    (tmp_path / "memos").mkdir()
    (tmp_path / "memos" / "annotations.json").write_text(json.dumps([row]), encoding="utf-8")

    (read,) = read_marked(tmp_path, "memos")

    assert (read.document, read.image) == ("3", tmp_path / "memos" / "a.tif")
    assert read.marks[0].box == Box(1, 2, 30, 20)
    assert (len(read.signing), read.signed_by_initials_only) == (signing, initials_only)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        pytest.param("train: nowhere\nnames: [signature]\n", "there is no folder", id="no folder"),
        pytest.param(
            "train: images\nnames: [logo]\n", "at least one must be of signature", id="no label of ours"
        ),
        pytest.param("names: [signature]\n", "cannot read", id="no part to train on"),
        pytest.param("train: [unclosed\n", "cannot read", id="no YAML"),
    ],
)
def test_a_yolo_description_that_cannot_be_used_is_refused_in_a_sentence(
    tmp_path: Path, written: str, sentence: str
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "data.yaml").write_text(written, encoding="utf-8")

    with pytest.raises(WrongUse, match=sentence):
        read_own(tmp_path)


def test_documents_that_training_may_have_seen_are_no_test_pages(tmp_path: Path) -> None:
    Image.fromarray(page(BOX)).save(tmp_path / "letter.png")
    region = {"page": 0, "label": "signature", "x": 1 / 6, "y": 1 / 5, "width": 1 / 2, "height": 2 / 15}
    facts = {"in_training": False, "pages": 1, "regions": [region, region | {"page": 1}]}
    labels = tmp_path / "labels.json"
    described = {"letter.png": facts, "seen.png": facts | {"in_training": True}}
    labels.write_text(json.dumps({"documents": described}), encoding="utf-8")

    (case,) = testsets.real_documents(tmp_path, labels)
    pixels, (mark,) = case.read()

    assert (case.name, case.group) == ("letter.png-0", "letter.png")
    assert mark.label is Label.SIGNATURE
    assert (mark.box.x / pixels.shape[1], mark.box.height / pixels.shape[0]) == pytest.approx((1 / 6, 2 / 15))


def test_a_drawn_page_knows_every_label_and_is_its_seed_s(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = SheetFolder(tmp_path / name)
        draw_into(folder, None, np.random.default_rng(5))
        draw_into(folder, None, np.random.default_rng(6), source="agreements")
        folder.close()

    first, second = read_sheets(tmp_path / "a"), read_sheets(tmp_path / "b")

    assert [sheet.source for sheet in first] == ["drawn", "agreements"]
    assert all(sheet.known == set(LABELS) for sheet in first)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, second, strict=True))


def test_pages_are_not_prepared_without_data_nor_twice(tmp_path: Path) -> None:
    stage = DetectorSettings()
    with pytest.raises(WrongUse, match="name the data with --data, or use --own"):
        prepared(tmp_path / "nowhere", tmp_path, stage)
    with pytest.raises(WrongUse, match="name the folder with detection/"):
        prepared(None, tmp_path, stage)
    folder = SheetFolder(tmp_path / "prepared")
    folder.add(page(BOX), [Marked(Label.SIGNATURE, BOX)], known=LABELS, source="scans")
    folder.close()

    (sheet,) = prepared(None, tmp_path, stage)

    assert sheet.source == "scans"


def test_plots_show_no_page_and_are_the_same_bytes_again(tmp_path: Path) -> None:
    marks = (Marked(Label.SIGNATURE, BOX),)
    case = PageCase("a", "a", lambda: (page(BOX), marks))
    seen: dict[str, list[Seen]] = {
        "test squares": [seen_page(case, page(BOX), marks, FindsInk())],
        "other": [],
    }

    first, second = (draw_plots(seen, tmp_path / name, min_score=0.5) for name in ("a", "b"))

    assert [path.name for path in first] == ["precision-recall.svg", "worst-pages.svg", "best-pages.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert all(b"<image" not in path.read_bytes() for path in first)


def test_the_tables_name_sets_labels_and_what_was_not_known() -> None:
    pages = [ranked(True, False, True, truths=4)]
    measured = LabelReport(label_figures(pages, rounds=2), served_figures(pages, 0.65, rounds=2))
    sets = {"test-9": {"signature": measured, "initials": None}}
    report = DetectorReport(
        *("2026-01-02", "abc", "detector", "onnx", "12" * 32),
        *((640,), {"signature": 0.65}),
        sets=sets,
    )
    console = Console(file=io.StringIO(), width=200)

    show_detector(console, report)

    written = console.file.getvalue()
    assert "detector 121212121212" in written and "test-9" in written
    assert "2 of 4" in written and "0.500" in written and "0.667" in written


def test_a_third_of_the_documents_is_the_validation_set_whatever_else_there_is() -> None:
    names = [f"document {number}" for number in range(600)]

    chosen = [name for name in names if is_validation(name)]

    assert 150 < len(chosen) < 250
    assert [name for name in reversed(names) if is_validation(name)] == chosen[::-1]


def test_flagged_pages_are_test_pages_without_boxes(tmp_path: Path) -> None:
    (tmp_path / "unsigned").mkdir()
    (tmp_path / "unsigned" / "pages.csv").write_text("image\na/x.png\ny.png\n", encoding="utf-8")

    pages = read_unsigned(tmp_path)

    assert [(page.group, page.boxes, page.split) for page in pages] == [("x", (), "test"), ("y", (), "test")]
    assert pages[0].image == tmp_path / "unsigned" / "a" / "x.png"
