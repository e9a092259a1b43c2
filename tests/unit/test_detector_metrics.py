"""Detection figures: they agree with ultralytics and say what they claim."""

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from types import SimpleNamespace  # noqa: E402

from ultralytics.engine.validator import BaseValidator  # noqa: E402
from ultralytics.utils.metrics import box_iou  # noqa: E402

from training.detector.evaluate import Evaluation  # noqa: E402
from training.detector.metrics import (  # noqa: E402
    IOU_THRESHOLDS,
    Scored,
    curve,
    false_alarms,
    label_figures,
    score_page,
    served_figures,
)
from training.detector.select import Choice, choose_input_sizes, label_thresholds, threshold  # noqa: E402
from training.detector.sheets import LABELS, Marked, Sheet  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.values import Box, DetectedRegion  # noqa: E402


def at(x: float, *, score: float = 0.9) -> DetectedRegion:
    return DetectedRegion(Box(x=x, y=0, width=10, height=10), score)


def truth(*xs: float) -> list[Box]:
    return [Box(x=x, y=0, width=10, height=10) for x in xs]


def test_perfect_boxes_have_full_marks():
    figures = label_figures([score_page("a", [at(0)], truth(0)), score_page("b", [at(50)], truth(50))])

    assert figures.map50 == pytest.approx(0.995, abs=0.006)
    assert (figures.precision, figures.recall) == pytest.approx((1, 1), abs=0.01)
    assert figures.pages == figures.documents == figures.truths == 2


def test_a_second_box_on_one_signature_is_a_false_alarm():
    scored = score_page("a", [at(0), at(1, score=0.5)], truth(0))

    assert scored.hits[:, 0].tolist() == [True, False]


def test_a_shifted_box_counts_at_half_overlap_but_not_at_nearly_full():
    hits = score_page("a", [at(2)], truth(0)).hits[0]

    assert hits[0] and not hits[-1]
    assert np.all(np.diff(hits.astype(int)) <= 0)


def test_an_alarm_on_an_unsigned_page_costs_precision():
    signed = score_page("a", [at(0, score=0.6)], truth(0))

    clean = label_figures([signed, score_page("b", [], [])])
    alarmed = label_figures([signed, score_page("b", [at(0, score=0.9)], [])])

    assert alarmed.map50 < clean.map50


def test_matching_agrees_with_ultralytics_on_random_boxes():
    rng = np.random.default_rng(5)
    theirs = SimpleNamespace(iouv=torch.from_numpy(IOU_THRESHOLDS))
    for _ in range(40):
        truths = truth(*rng.uniform(0, 60, size=4))
        regions = sorted(
            (at(x, score=s) for x, s in rng.uniform(0, 1, (9, 2)) * (60, 1)), key=lambda r: -r.score
        )
        corners = [
            torch.tensor([[b.x, b.y, b.x + b.width, b.y + b.height] for b in boxes], dtype=torch.float64)
            for boxes in (truths, [region.box for region in regions])
        ]
        expected = BaseValidator.match_predictions(theirs, torch.zeros(9), torch.zeros(4), box_iou(*corners))

        assert np.array_equal(score_page("a", regions, truths).hits, expected.numpy())


def test_the_interval_holds_the_figure_and_repeats():
    pages = [score_page(f"d{i}", [at(0 if i % 3 else 40, score=i / 40)], truth(0)) for i in range(1, 31)]

    figures = label_figures(pages)

    for name, (low, high) in figures.intervals.items():
        assert low <= getattr(figures, name) <= high, name
    assert width(figures.intervals["map50"]) > 0
    assert label_figures(pages) == figures


def test_pages_of_one_document_are_drawn_together():
    scattered = [score_page(f"d{i}", [at(0 if i % 2 else 40)], truth(0)) for i in range(40)]
    bundled = [score_page(f"d{i // 10}", [at(0 if i % 20 < 10 else 40)], truth(0)) for i in range(40)]

    wide, narrow = label_figures(bundled), label_figures(scattered)

    assert width(wide.intervals["map50"]) > width(narrow.intervals["map50"])


def width(bounds: tuple[float, float]) -> float:
    return bounds[1] - bounds[0]


def test_only_boxes_that_reach_the_threshold_are_served():
    pages = [
        score_page("a", [at(0, score=0.9), at(40, score=0.6), at(80, score=0.2)], truth(0, 80)),
        score_page("b", [at(0, score=0.7)], truth(0)),
    ]

    served = served_figures(pages, 0.5)

    assert (served.truths, served.true_positives, served.false_alarms) == (3, 2, 1)
    assert served.recall.value == pytest.approx(2 / 3)
    assert served.precision.value == pytest.approx(2 / 3)
    assert served.recall.low <= served.recall.value <= served.recall.high


def test_alarms_are_counted_by_page_and_by_region():
    pages = [
        score_page("a", [at(0, score=0.9), at(40, score=0.6)], []),
        score_page("b", [at(0, score=0.1)], []),
    ]

    alarms = false_alarms(pages, 0.5)

    assert (alarms.pages, alarms.regions, alarms.pages_with_any) == (2, 2, 1)
    assert (alarms.called.value, alarms.per_page.value) == (0.5, 1.0)


def test_the_curve_gains_recall_and_ends_with_every_box():
    points = curve([score_page("a", [at(0), at(40, score=0.5)], truth(0, 80))])

    assert points.tolist() == [[0.5, 1.0], [0.5, 0.5]]


def test_a_set_without_boxes_has_figures_too():
    assert label_figures([score_page("a", [at(0)], []), score_page("b", [], [])]).map50 == 0


@pytest.mark.parametrize(
    ("larger", "twice", "sizes"),
    [
        pytest.param(0.505, 0.509, (416,), id="too small a gain"),
        pytest.param(0.52, 0.525, (640,), id="worth it"),
        pytest.param(0.52, 0.535, (416, 640), id="worth two looks"),
    ],
)
def test_more_work_must_be_worth_its_time(larger, twice, sizes):
    tried = [
        Choice(sizes=(416, 640), map50=0.9, map50_95=twice, min_score=0.3),
        Choice(sizes=(640,), map50=0.9, map50_95=larger, min_score=0.3),
        Choice(sizes=(416,), map50=0.9, map50_95=0.5, min_score=0.4),
    ]

    assert choose_input_sizes(tried).sizes == sizes


def page_of(truths: int, scores: npt.ArrayLike) -> Scored:
    """A page of so many signatures, these scores all right ones; all wrong where there are none."""
    numbers = np.asarray(scores, dtype=float)
    return Scored("page", np.full((len(numbers), 10), bool(truths)), numbers, truths=truths)


HUNDRED = page_of(100, np.arange(1, 101) / 100 - 0.005)


@pytest.mark.parametrize(
    ("alarms", "chosen"),
    [
        pytest.param([], 0.05, id="no unsigned pages: the highest that keeps the recall safely"),
        pytest.param([0.03] * 500, 0.05, id="no alarms there"),
        pytest.param([0.03] * 480 + [0.3] * 20, 0.05, id="alarms that may stay"),
        pytest.param([0.03] * 470 + [0.073] * 30, 0.08, id="as high as alarms ask for"),
        pytest.param([0.03] * 470 + [0.073] * 10 + [0.3] * 20, 0.08, id="both margins about equal"),
    ],
)
def test_the_threshold_keeps_recall_and_alarms_with_the_most_equal_margins(alarms, chosen):
    pages = [HUNDRED, *(page_of(0, [alarm]) for alarm in alarms)]

    assert threshold(pages, best=0.5) == pytest.approx(chosen)


def test_the_threshold_is_where_f1_is_greatest_when_no_other_keeps_the_recall():
    assert threshold([page_of(200, [0.9])], best=0.517) == pytest.approx(0.51)


@pytest.mark.parametrize(
    ("highest", "chosen"),
    [
        pytest.param(0.9, 0.8, id="where F1 is greatest"),
        pytest.param(0.2, 0.2, id="never above the signature"),
    ],
)
def test_other_labels_ask_for_no_higher_scores_than_signatures(highest, chosen):
    date = Box(x=10, y=10, width=20, height=10)
    sheet = Sheet(
        np.full((64, 64), 255, np.uint8), (Marked(Label.HANDWRITTEN_DATE, date),), frozenset(LABELS), "drawn"
    )
    regions = [
        DetectedRegion(date, 0.8, Label.HANDWRITTEN_DATE),
        DetectedRegion(Box(40, 40, 9, 9), 0.3, Label.HANDWRITTEN_DATE),
    ]
    detector = SimpleNamespace(detect=lambda pages: [regions for _ in pages])

    thresholds = label_thresholds([sheet], detector, highest)

    assert thresholds == {Label.HANDWRITTEN_DATE: pytest.approx(chosen, abs=0.02)}


def test_evaluation_without_data_says_where_it_looked(tmp_path):
    with pytest.raises(WrongUse, match=r"no evaluation data in .*--data"):
        Evaluation(tmp_path)
    with pytest.raises(WrongUse, match="name the folder with detection/"):
        Evaluation(None)
