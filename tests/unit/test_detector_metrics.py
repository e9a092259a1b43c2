"""Detection figures: they agree with ultralytics and say what they claim."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from types import SimpleNamespace  # noqa: E402

from ultralytics.engine.validator import BaseValidator  # noqa: E402
from ultralytics.utils.metrics import box_iou  # noqa: E402

from training.detector.evaluate import evaluate  # noqa: E402
from training.detector.metrics import IOU_THRESHOLDS, Scored, figures, score_page  # noqa: E402
from training.detector.select import Choice, choose, threshold  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.values import Box, Region  # noqa: E402


def at(x: float, *, score: float = 0.9) -> Region:
    return Region(Box(x=x, y=0, width=10, height=10), score)


def truth(*xs: float) -> list[Box]:
    return [Box(x=x, y=0, width=10, height=10) for x in xs]


def test_perfect_boxes_have_full_marks():
    found = figures([score_page("a", [at(0)], truth(0)), score_page("b", [at(50)], truth(50))])

    assert found.map50 == pytest.approx(0.995, abs=0.006)
    assert (found.precision, found.recall) == pytest.approx((1, 1), abs=0.01)
    assert found.pages == found.documents == found.signatures == 2


def test_a_second_box_on_one_signature_is_a_false_alarm():
    scored = score_page("a", [at(0), at(1, score=0.5)], truth(0))

    assert scored.hits[:, 0].tolist() == [True, False]


def test_a_shifted_box_counts_at_half_overlap_but_not_at_nearly_full():
    hits = score_page("a", [at(2)], truth(0)).hits[0]

    assert hits[0] and not hits[-1]
    assert np.all(np.diff(hits.astype(int)) <= 0)


def test_an_alarm_on_an_unsigned_page_costs_precision():
    signed = score_page("a", [at(0, score=0.6)], truth(0))

    clean = figures([signed, score_page("b", [], [])])
    alarmed = figures([signed, score_page("b", [at(0, score=0.9)], [])])

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

    found = figures(pages)

    assert found.low < found.map50 < found.high
    assert figures(pages) == found


def test_pages_of_one_document_are_drawn_together():
    scattered = [score_page(f"d{i}", [at(0 if i % 2 else 40)], truth(0)) for i in range(40)]
    bundled = [score_page(f"d{i // 10}", [at(0 if i % 20 < 10 else 40)], truth(0)) for i in range(40)]

    wide, narrow = figures(bundled), figures(scattered)

    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize(
    ("gain", "size"),
    [pytest.param(0.005, 416, id="too small a gain"), pytest.param(0.02, 640, id="worth it")],
)
def test_a_larger_input_must_be_worth_its_time(gain, size):
    tried = [
        Choice(size=640, map50=0.9, map50_95=0.5 + gain, min_score=0.3),
        Choice(size=416, map50=0.9, map50_95=0.5, min_score=0.4),
    ]

    assert choose(tried).size == size


def test_the_threshold_falls_to_where_the_recall_is_reached():
    hits, scores = np.ones((10, 10), dtype=bool), np.linspace(0.1, 1.0, 10)
    scored = [Scored(group="one", hits=hits, scores=scores, truths=10)]

    assert threshold(scored, best=0.5, recall=0.9) == pytest.approx(0.2)
    assert threshold(scored, best=0.15, recall=0.9) == pytest.approx(0.15)
    assert threshold([Scored("one", hits, scores, truths=20)], best=0.5, recall=0.9) == 0.5


def test_evaluation_without_data_says_where_it_looked(tmp_path):
    with pytest.raises(WrongUse, match=r"no evaluation data in .*--data"):
        evaluate(tmp_path)
