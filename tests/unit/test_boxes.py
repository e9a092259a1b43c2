"""Rectangle arithmetic: the properties that hold for every box and every page."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.vision.boxes import clip, iou, overlapping, shared, suppressed, voted
from worker.vision.letterbox import Letterbox
from worker.vision.values import Box, DetectedRegion

coordinates = st.integers(-200, 1200).map(float)
lengths = st.integers(1, 900).map(float)
boxes = st.builds(Box, x=coordinates, y=coordinates, width=lengths, height=lengths)
scores = st.integers(0, 20).map(lambda step: step / 20)
regions = st.lists(st.builds(DetectedRegion, box=boxes, score=scores), max_size=12)
limits = st.sampled_from([0.0, 0.3, 0.45, 0.7])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Box(0, 0, 10, 10), 1.0, id="the same"),
        pytest.param(Box(10, 0, 10, 10), 0.0, id="touching edge"),
        pytest.param(Box(5, 0, 10, 10), 1 / 3, id="half over"),
        pytest.param(Box(2, 2, 5, 5), 0.25, id="inside"),
        pytest.param(Box(40, 40, 5, 5), 0.0, id="far away"),
    ],
)
def test_iou_of_known_rectangles(other, expected):
    assert iou(Box(0, 0, 10, 10), other) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Box(2, 2, 5, 5), 1.0, id="inside"),
        pytest.param(Box(5, 0, 10, 10), 0.5, id="half over"),
        pytest.param(Box(10, 0, 10, 10), 0.0, id="touching edge"),
        pytest.param(Box(40, 40, 5, 5), 0.0, id="far away"),
    ],
)
def test_the_share_of_the_smaller_box(other, expected):
    assert shared(Box(0, 0, 10, 10), other) == expected == shared(other, Box(0, 0, 10, 10))


@given(boxes, boxes)
def test_iou_is_symmetric_and_a_share(box, other):
    assert iou(box, other) == iou(other, box)
    assert 0 <= iou(box, other) <= 1


@given(boxes, st.integers(1, 1000), st.integers(1, 1000))
def test_a_clipped_box_lies_on_the_page_and_is_left_alone_the_second_time(box, width, height):
    clipped = clip(box, width=width, height=height)

    if clipped is None:
        assert iou(box, Box(0, 0, width, height)) == 0
    else:
        assert clipped.x >= 0 and clipped.y >= 0
        assert clipped.x + clipped.width <= width and clipped.y + clipped.height <= height
        assert clip(clipped, width=width, height=height) == clipped


def kept_of(detected: list[DetectedRegion], max_iou: float) -> list[DetectedRegion]:
    corners = [(r.box.x, r.box.y, r.box.x + r.box.width, r.box.y + r.box.height) for r in detected]
    rows = suppressed(
        np.array(corners, dtype=np.float64).reshape(-1, 4),
        np.array([region.score for region in detected]),
        max_iou=max_iou,
        limit=300,
    )
    return [detected[row] for row in rows]


@given(regions, limits)
def test_what_is_kept_does_not_overlap_and_what_is_dropped_overlaps_a_better_one(detected, max_iou):
    kept = kept_of(detected, max_iou)

    assert [region.score for region in kept] == sorted((region.score for region in kept), reverse=True)
    for region in detected:
        rivals = [other for other in kept if other is not region]
        better = [r for r in rivals if r.score >= region.score and iou(r.box, region.box) > max_iou]
        assert bool(better) != any(region is other for other in kept)


@given(regions, limits)
def test_suppressing_twice_changes_nothing(detected, max_iou):
    once = kept_of(detected, max_iou)

    assert kept_of(once, max_iou) == once


def test_equal_scores_keep_the_one_that_came_first():
    first, second = DetectedRegion(Box(0, 0, 10, 10), 0.5), DetectedRegion(Box(1, 0, 10, 10), 0.5)

    assert kept_of([first, second], 0.45) == [first]
    assert kept_of([second, first], 0.45) == [second]


def test_suppression_on_arrays_stops_at_its_limit():
    corners = np.array([[step, 0, step + 1, 1] for step in range(10)], dtype=np.float32)

    assert suppressed(corners, np.linspace(1, 0, 10, dtype=np.float32), max_iou=0.45, limit=3) == [0, 1, 2]


pages = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
sizes = st.sampled_from([320, 416, 640])


@given(pages, sizes)
def test_the_page_comes_back_from_its_letterbox(page, size):
    frame = Letterbox.around(*page, size=size)
    right, bottom = frame.left + frame.inner_width, frame.top + frame.inner_height
    middle = (frame.left + frame.inner_width / 2, frame.top + frame.inner_height / 2)

    whole, quarter = frame.back(
        np.array([[frame.left, frame.top, right, bottom], [frame.left, frame.top, *middle]], np.float32)
    )

    assert whole == pytest.approx((0, 0, *page), rel=1e-5)
    assert quarter == pytest.approx((0, 0, page[0] / 2, page[1] / 2), rel=1e-5)


@given(pages, sizes)
def test_the_page_fills_its_letterbox_but_for_less_than_a_stride(page, size):
    frame = Letterbox.around(*page, size=size)

    assert frame.width % 32 == frame.height % 32 == 0
    assert 0 <= frame.width - frame.inner_width < 32
    assert 0 <= frame.height - frame.inner_height < 32
    assert max(frame.inner_width, frame.inner_height) == size


def test_one_box_alone_stays_exactly_where_it_is():
    corners = np.array([[10.1, 20.2, 30.3, 40.4]], np.float32)

    assert voted(corners, np.array([0.3], np.float32)).tolist() == corners[0].tolist()


def test_the_likelier_of_two_boxes_has_the_greater_say():
    corners = np.array([[0, 0, 20, 10], [4, 0, 20, 10]], np.float32)

    assert voted(corners, np.array([0.9, 0.3], np.float32))[0] == pytest.approx(1.0)


def test_what_overlaps_is_told_by_more_than_the_share():
    others = np.array([[0, 0, 20, 10], [10, 0, 30, 10], [20, 0, 40, 10]], np.float32)

    assert overlapping(others[0], others, min_iou=0.3).tolist() == [True, True, False]
    assert overlapping(others[0], others, min_iou=0.34).tolist() == [True, False, False]
