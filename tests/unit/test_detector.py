"""The detector: what both engines share, and that they find the same boxes."""

import cv2
import numpy as np
import pytest

from worker.engines import build_detector
from worker.settings import Detection
from worker.vision.boxes import iou
from worker.vision.choices import Label, Thresholds
from worker.vision.detection.detector import OnnxDetector, load_detector
from worker.vision.detection.tiles import detect_closely
from worker.vision.detection.torch_detector import TorchDetector
from worker.vision.detection.yolo import DetectorSpec, default_thresholds, model_input, read_outputs
from worker.vision.images import resized
from worker.vision.letterbox import Letterbox
from worker.vision.values import Box, DetectedRegion, Pixels
from worker.vision.weights import entry

#: Low enough that drawn pages have boxes to compare.
ALL = Thresholds(min_score=0.05)


def drawn_page(seed: int, *, width: int = 1240, height: int = 1754) -> Pixels:
    """A letter: lines of type-like marks and a long looping scrawl near the foot."""
    rng = np.random.default_rng(seed)
    page = np.full((height, width, 3), 250, dtype=np.uint8)
    for row in range(200, height // 2, 40):
        for column in range(150, width - 150, 24):
            cv2.rectangle(
                page, (column, row), (column + int(rng.integers(6, 18)), row + 14), (40, 40, 40), -1
            )
    t = np.linspace(0, 6 * np.pi, 400)
    x = width * 0.55 + t * width / 90 + 26 * np.sin(t * 1.3 + rng.uniform(0, 3))
    y = height * 0.7 + (30 + 20 * np.sin(t / 3)) * np.cos(t * 1.1)
    cv2.polylines(page, [np.stack([x, y], axis=1).astype(np.int32)], False, (20, 20, 60), 3, cv2.LINE_AA)
    return page


@pytest.fixture(scope="module")
def onnx() -> OnnxDetector:
    return OnnxDetector("detector", thresholds=ALL)


@pytest.fixture(scope="module")
def torch_detector() -> TorchDetector:
    pytest.importorskip("ultralytics", reason="torch is an optional extra")
    return TorchDetector("detector-torch", device="cpu", thresholds=ALL)


def test_both_engines_find_the_same_boxes(onnx, torch_detector):
    pages = [drawn_page(1), drawn_page(2, width=800, height=1000), drawn_page(3, width=1600, height=1200)]

    by_onnx, other = onnx.detect(pages), torch_detector.detect(pages)

    assert any(by_onnx)
    for regions, expected in zip(by_onnx, other, strict=True):
        assert len(regions) == len(expected)
        for region, twin in zip(regions, expected, strict=True):
            assert iou(region.box, twin.box) >= 0.98
            assert region.score == pytest.approx(twin.score, abs=0.01)


def test_the_scrawl_is_found_where_it_was_drawn(onnx):
    page = drawn_page(1)

    (regions,) = OnnxDetector("detector", thresholds=Thresholds(min_score=0.1)).detect([page])

    ink = np.argwhere(
        (page != 250).any(axis=2) & (np.arange(page.shape[0]) > page.shape[0] // 2 + 40)[:, None]
    )
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    truth = Box(x=float(left), y=float(top), width=float(right - left), height=float(bottom - top))
    assert iou(regions[0].box, truth) > 0.5


def test_a_page_is_answered_alike_alone_and_among_others(onnx, torch_detector):
    pages = [drawn_page(1), drawn_page(2), drawn_page(3, width=900, height=900)]

    for engine in (onnx, torch_detector):
        together = engine.detect(pages)
        for page, expected in zip(pages, together, strict=True):
            (alone,) = engine.detect([page])
            assert [region.score for region in alone] == pytest.approx([r.score for r in expected], abs=1e-4)


def test_blank_pages_and_pages_without_pixels_have_no_regions(onnx, torch_detector):
    blank = np.full((1754, 1240, 3), 255, dtype=np.uint8)
    nothing = np.zeros((0, 0, 3), dtype=np.uint8)

    for engine in (onnx, torch_detector):
        assert engine.detect([blank, nothing]) == [[], []]
        assert engine.detect([]) == []


def test_the_cpu_is_served_by_onnx_runtime_at_the_catalogues_threshold():
    detector = load_detector(device="cpu")

    (regions,) = detector.detect([drawn_page(1)])

    assert isinstance(detector, OnnxDetector)
    floors = default_thresholds(entry("detector"))
    assert regions
    assert all(region.score >= floors.floor(region.label) for region in regions)


def test_any_other_device_is_served_by_torch(torch_detector):
    """Torch has more names than one for the processor; a machine without a GPU has this device, too."""
    detector = load_detector(device="cpu:0", thresholds=ALL)

    assert isinstance(detector, TorchDetector)
    assert detector.detect([drawn_page(1)]) == torch_detector.detect([drawn_page(1)])


SIGNATURE_AND_DATE = (Label.SIGNATURE, Label.HANDWRITTEN_DATE)


def answer_of(*columns: tuple[float, ...]) -> np.ndarray:
    return np.array(columns, dtype=np.float32).T


def read(answer: np.ndarray, thresholds: Thresholds) -> list[DetectedRegion]:
    return look([answer], [320], thresholds)


def look(answers: list[np.ndarray], sizes: list[int], thresholds: Thresholds) -> list[DetectedRegion]:
    """What is read from looks of those sizes at a page of 640 by 640 pixels."""
    frames = [Letterbox.around(640, 640, size=size) for size in sizes]
    return read_outputs(answers, frames, DetectorSpec(tuple(sizes), SIGNATURE_AND_DATE, thresholds))


def test_an_answer_is_read_in_page_pixels_best_first():
    answer = answer_of((50, 60, 20, 10, 0.6, 0.1), (200, 200, 40, 40, 0.2, 0.9))

    regions = read(answer, Thresholds())

    assert [region.label for region in regions] == [Label.HANDWRITTEN_DATE, Label.SIGNATURE]
    assert regions[1].box == Box(x=80, y=110, width=40, height=20)


def test_each_label_has_its_own_floor():
    answer = answer_of((50, 60, 20, 10, 0.6, 0.1), (200, 200, 40, 40, 0.2, 0.7))

    regions = read(answer, Thresholds(min_score=0.5, per_label={Label.HANDWRITTEN_DATE: 0.8}))

    assert [region.label for region in regions] == [Label.SIGNATURE]


def test_overlapping_answers_of_one_label_become_one_region():
    answer = answer_of((50, 60, 20, 10, 0.6, 0), (51, 60, 20, 10, 0.7, 0), (50, 60, 20, 10, 0, 0.5))

    regions = read(answer, Thresholds())

    assert [(region.label, round(region.score, 2)) for region in regions] == [
        (Label.SIGNATURE, 0.7),
        (Label.HANDWRITTEN_DATE, 0.5),
    ]


def test_a_region_lies_where_the_anchors_around_it_vote():
    answer = answer_of((50, 60, 20, 10, 0.6, 0), (52, 60, 20, 10, 0.2, 0), (56, 61, 20, 10, 0.1, 0))

    (region,) = read(answer, Thresholds())

    # The third overlaps the best by less than it takes; the weak second has a say by its score.
    assert region.score == pytest.approx(0.6)
    assert region.box == Box(x=pytest.approx(81), y=110, width=pytest.approx(40), height=20)


def test_votes_below_the_threshold_count_so_that_a_threshold_moves_no_box():
    answer = answer_of((50, 60, 20, 10, 0.6, 0), (52, 60, 20, 10, 0.2, 0))

    strict, lenient = (read(answer, Thresholds(min_score=score)) for score in (0.5, 0.1))

    assert strict == lenient


@pytest.mark.parametrize(
    ("signature", "date", "expected"),
    [
        pytest.param(0.6, 0.9, [Label.HANDWRITTEN_DATE], id="a likely date is no signature"),
        pytest.param(0.6, 0.65, [Label.SIGNATURE], id="a date below its floor hides no signature"),
        pytest.param(0.3, 0.4, [Label.SIGNATURE], id="nor one that is unlikely"),
        pytest.param(0.9, 0.85, [Label.SIGNATURE], id="a likelier signature is no date"),
    ],
)
def test_a_label_takes_a_place_from_another_only_where_it_is_likely(signature, date, expected):
    answer = answer_of((50, 60, 20, 10, signature, date))

    regions = read(answer, Thresholds(min_score=0.3, per_label={Label.HANDWRITTEN_DATE: 0.8}))

    assert [region.label for region in regions] == expected


def test_of_two_unlikely_labels_both_are_told():
    regions = read(answer_of((50, 60, 20, 10, 0.3, 0.4)), Thresholds(min_score=0.2))

    assert [region.label for region in regions] == [Label.HANDWRITTEN_DATE, Label.SIGNATURE]
    assert regions[0].box == regions[1].box


def test_two_looks_have_to_agree():
    once = answer_of((50, 60, 20, 10, 0.9, 0), (200, 200, 40, 40, 0.8, 0))
    twice = answer_of((100, 120, 40, 20, 0.5, 0))

    regions = look([once, twice], [320, 640], Thresholds(min_score=0.5))

    # Seen by both looks, at two scales; what only one of them saw is half as likely.
    (region,) = regions
    assert region.score == pytest.approx(0.7)
    assert region.box == Box(x=80, y=110, width=40, height=20)


def test_looks_that_see_one_thing_a_little_apart_meet_between():
    once, twice = answer_of((50, 60, 20, 10, 0.6, 0)), answer_of((102, 120, 40, 20, 0.6, 0))

    (region,) = look([once, twice], [320, 640], Thresholds(min_score=0.5))

    assert region.box.x == pytest.approx(81)


def test_an_answer_beyond_the_page_is_cut_at_its_edge():
    (region,) = read(answer_of((5, 310, 40, 40, 0.6, 0)), Thresholds())

    assert region.box == Box(x=0, y=580, width=50, height=60)


def test_the_input_holds_the_page_between_grey_margins():
    page = np.full((400, 1000, 3), 255, dtype=np.uint8)
    frame = Letterbox.around(1000, 400, size=320)

    field = model_input(page, frame)

    assert field.shape == (3, 128, 320)
    assert field.dtype == np.float32
    assert field.max() == 1.0
    assert set(np.unique((field * 255).round())) == {255.0}
    assert model_input(page[:, :990], Letterbox.around(990, 400, size=320)).min() == pytest.approx(114 / 255)


def test_thin_strokes_survive_a_large_reduction():
    page = np.full((3000, 2000, 3), 255, dtype=np.uint8)
    page[::10] = 0

    reduced = resized(page, width=200, height=300)

    assert reduced.shape == (300, 200, 3)
    assert 200 < reduced.mean() < 245
    assert reduced.min() > 100


@pytest.mark.parametrize("turns", [0, 1])
def test_a_grey_page_has_the_regions_of_the_same_page_in_three_channels(turns: int):
    detector = build_detector(Detection())
    grey = np.ascontiguousarray(np.rot90(drawn_page(3)[..., 1], turns))
    pages = [grey, np.repeat(grey[..., None], 3, axis=2)]

    first, second = (detect_closely(detector, [page], [150.0])[0] for page in pages)

    assert first == second
    assert first
