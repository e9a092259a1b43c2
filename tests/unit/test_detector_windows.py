"""Windows of pages as training sees them, and how two engines are compared."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from training.detector.averaging import averaged  # noqa: E402
from training.detector.crops import as_other_device, cut_window, quarter_turned  # noqa: E402
from training.detector.parity import MAX_SCORE_GAP, MIN_IOU, compare_engines  # noqa: E402
from training.detector.sheets import LABELS, Marked, Sheet  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.values import Box, DetectedRegion  # noqa: E402


@pytest.fixture
def sheet() -> Sheet:
    """A white page of 400 by 300 with two black marks, the second near its right edge."""
    pixels = np.full((400, 300, 3), 255, np.uint8)
    boxes = (Box(40, 60, 80, 20), Box(230, 200, 60, 30))
    for box in boxes:
        pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 0
    marks = (Marked(Label.SIGNATURE, boxes[0]), Marked(Label.HANDWRITING, boxes[1]))
    return Sheet(pixels=pixels, marks=marks, source="drawn", known=frozenset(LABELS))


def test_a_window_holds_its_marks_at_its_own_scale(sheet):
    pixels, corners, labels = cut_window(sheet, Box(20, 40, 160, 160), 80)

    assert pixels.shape == (80, 80, 3)
    assert corners.tolist() == [[10, 10, 50, 20]]
    assert [LABELS[label] for label in labels] == [Label.SIGNATURE]
    assert pixels[11:19, 11:49].max() == 0
    assert pixels[30:].min() == 255


def test_a_window_beyond_the_page_is_padded_and_keeps_what_it_holds(sheet):
    pixels, corners, _ = cut_window(sheet, Box(-100, -100, 600, 600), 600)

    assert pixels.shape == (600, 600, 3)
    assert len(corners) == 2
    assert corners[0].tolist() == [140, 160, 220, 180]
    assert len(np.unique(pixels[:90, :90])) == 1
    assert pixels[0, 0, 0] not in (0, 255)


def test_half_a_mark_is_covered_with_paper(sheet):
    pixels, corners, labels = cut_window(sheet, Box(60, 20, 120, 120), 120)

    assert len(corners) == len(labels) == 0
    assert pixels.min() == 255


def test_four_quarter_turns_are_none():
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    corners = np.array([[10, 5, 30, 15]], np.float32)

    turned, moved = quarter_turned(pixels, corners, 4)

    assert np.array_equal(turned, pixels)
    assert moved.tolist() == corners.tolist()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_turn_with_their_ink(quarters):
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[5:15, 10:30] = 0

    turned, moved = quarter_turned(pixels, np.array([[10, 5, 30, 15]], np.float32), quarters)

    x0, y0, x1, y1 = moved[0].astype(int)
    assert turned[y0:y1, x0:x1].max() == 0
    assert (turned == 0).sum() == (x1 - x0) * (y1 - y0) * 3


def test_another_device_keeps_size_and_the_print_readable(sheet):
    looks = [as_other_device(sheet.pixels, np.random.default_rng(seed)) for seed in range(30)]

    assert all(look.shape == sheet.pixels.shape and look.dtype == np.uint8 for look in looks)
    assert all(look[65:75, 45:115].mean() + 60 < look[:40].mean() for look in looks)
    assert len({look.tobytes() for look in looks}) > 15
    assert sheet.pixels[70, 60, 0] == 0


class Fixed:
    """A detector that gives the same answer to every page."""

    version, labels = "fixed", LABELS

    def __init__(self, *regions: DetectedRegion) -> None:
        self.regions = list(regions)

    def detect(self, pages):
        return [list(self.regions) for _ in pages]


def region(x: float = 10, score: float = 0.8, label: Label = Label.SIGNATURE) -> DetectedRegion:
    return DetectedRegion(Box(x, 10, 100, 40), score, label=label)


PAGE = np.zeros((100, 200, 3), np.uint8)


def test_engines_that_agree_hold():
    parity = compare_engines([PAGE] * 3, Fixed(region()), Fixed(region(score=0.801)), min_score=0.5)

    assert (parity.pages, parity.regions, parity.alone) == (3, 3, 0)
    assert parity.largest_score_gap == pytest.approx(0.001)
    assert parity.holds


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Fixed(), id="nothing found"),
        pytest.param(Fixed(region(label=Label.INITIALS)), id="another label"),
        pytest.param(Fixed(region(score=0.8 - 2 * MAX_SCORE_GAP)), id="another score"),
        pytest.param(Fixed(region(x=10 + 100 * (1 - MIN_IOU) + 5)), id="another place"),
    ],
)
def test_a_region_without_its_twin_breaks_parity(other):
    parity = compare_engines([PAGE], Fixed(region()), other, min_score=0.5)

    assert parity.alone > 0
    assert not parity.holds


def test_what_scores_below_the_threshold_needs_no_twin():
    parity = compare_engines([PAGE], Fixed(region(), region(score=0.3)), Fixed(region()), min_score=0.5)

    assert parity.holds


def test_nothing_found_at_all_is_no_parity():
    assert not compare_engines([PAGE], Fixed(), Fixed(), min_score=0.5).holds


def test_the_mean_of_weights_lies_between_them(tmp_path):
    files = [tmp_path / f"{value}.safetensors" for value in (1, 3)]
    for value, path in zip((1.0, 3.0), files, strict=True):
        save_file({"weight": torch.full((2, 2), value)}, path)

    mean = load_file(averaged(files, tmp_path / "mean.safetensors"))

    assert mean["weight"].tolist() == [[2, 2], [2, 2]]
    assert averaged(files[:1], tmp_path / "none") == files[0]
    assert not (tmp_path / "none").exists()


def test_weights_of_two_networks_have_no_mean(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "a.safetensors")
    save_file({"weight": torch.zeros(3)}, tmp_path / "b.safetensors")

    with pytest.raises(WrongUse, match="another network"):
        averaged([tmp_path / "a.safetensors", tmp_path / "b.safetensors"], tmp_path / "mean.safetensors")
