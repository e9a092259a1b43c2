"""How the crop classifier is trained, measured and shipped, on answers whose figures are known."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from rich.console import Console  # noqa: E402

from training.classifier import evaluate, gate  # noqa: E402
from training.classifier.evaluate import ClassifierReport, classify_pieces  # noqa: E402
from training.classifier.export import register_classifier, trained_classifier  # noqa: E402
from training.classifier.gate import DOUBTS, RescoringEffect, RescoringReport, Reviewed  # noqa: E402
from training.classifier.metrics import Predictions, confusions, crop_figures  # noqa: E402
from training.classifier.network import CropNetwork, KindProbabilities  # noqa: E402
from training.classifier.pieces import Piece  # noqa: E402
from training.classifier.settings import CLASSIFIER_SETTINGS, ClassifierSettings  # noqa: E402
from training.classifier.tables import show_classifier, show_effect  # noqa: E402
from training.classifier.train import CropBatches, fit_classifier, fixed, start_classifier  # noqa: E402
from training.common.checkpoints import read_checkpoint, save_checkpoint  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.common.statistics import Estimate  # noqa: E402
from training.detector.metrics import AtThreshold, FalseAlarms, LabelFigures  # noqa: E402
from training.detector.testsets import PageCase  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.detection.classifier import KINDS, LOOK_HEIGHT, LOOK_WIDTH, MARGINS, Kind, Look  # noqa: E402
from worker.vision.values import Box, DetectedRegion  # noqa: E402
from worker.vision.weights import entry  # noqa: E402

SIGNATURE, HANDWRITING, PRINT, STAMP = range(4)
HALF = Estimate(0.5, 0.4, 0.6)


def settings(**changed: object) -> ClassifierSettings:
    quick = {"batch": 16, "minutes": 5.0, "validate_minutes": 1e-6}
    return read_settings(ClassifierSettings, CLASSIFIER_SETTINGS, changes=quick | changed)


def piece(kind: Kind, *, source: str = "x", group: str = "g", dark: int = 60) -> Piece:
    """A bar on paper; how far it goes across tells kinds apart."""
    pixels = np.full((40, 100), 250, np.uint8)
    pixels[15:25, 10 : 30 + 20 * KINDS.index(kind)] = dark
    return Piece(kind, source, group, pixels, Box(5, 10, 90, 20))


PIECES = [
    piece(kind, source=f"source {kind}", group=f"{kind} {number}") for kind in KINDS for number in range(3)
]


def answers(rows: Sequence[tuple[int, int, str]]) -> Predictions:
    """Predictions from (true kind, answer, document)."""
    truths, answered, groups = zip(*rows, strict=True)
    return Predictions(
        np.array(truths), np.array(answered), groups, tuple(f"source {group}" for group in groups)
    )


def test_confusions_are_counted_a_document() -> None:
    tables = confusions(answers([(0, 0, "a"), (0, 2, "a"), (2, 2, "b"), (0, 2, "a")]))

    assert tables.shape == (2, 4, 4)
    assert tables[0, 0].tolist() == [1, 0, 2, 0]
    assert tables[1, 2, 2] == 1 == tables[1].sum()


@pytest.mark.parametrize(
    ("rows", "precision", "recall"),
    [
        pytest.param([(0, 0, "a"), (1, 0, "b")], 0.5, 1.0, id="a note called a signature"),
        pytest.param([(0, 1, "a"), (0, 0, "b")], 1.0, 0.5, id="a signature called a note"),
        pytest.param([(2, 0, "a"), (3, 0, "b"), (0, 0, "c")], 1 / 3, 1.0, id="print and a stamp"),
    ],
)
def test_precision_and_recall_are_those_of_signatures(rows, precision: float, recall: float) -> None:
    figures = crop_figures(answers(rows), rounds=20)

    assert figures.signature_precision.value == pytest.approx(precision)
    assert figures.signature_recall.value == pytest.approx(recall)


def test_figures_over_no_crop_are_no_numbers() -> None:
    figures = crop_figures(answers([(1, 1, "a"), (2, 2, "b")]), rounds=20)

    assert math.isnan(figures.signature_recall.value) and math.isnan(figures.signature_precision.value)
    assert figures.accuracy.value == 1.0


def test_an_interval_is_over_documents_and_not_over_crops() -> None:
    """One document of all errors among ten: drawn again, it weighs as many crops as it has."""
    rows = [(0, 0 if document else 2, str(document)) for document in range(10) for _ in range(20)]

    accuracy = crop_figures(answers(rows), rounds=400).accuracy

    assert accuracy.value == pytest.approx(0.9)
    assert accuracy.low <= 0.75 and accuracy.high == 1.0


def test_a_part_of_the_answers_keeps_their_documents_and_sources() -> None:
    part = answers([(0, 0, "a"), (1, 2, "b"), (2, 2, "c")]).of(np.array([True, False, True]))

    assert (part.truths.tolist(), part.groups, part.sources) == ([0, 2], ("a", "c"), ("source a", "source c"))


class ByExtent:
    """Answers by how much of the crop's middle row is dark, as the bars above are made; counts its calls."""

    def __init__(self) -> None:
        self.asked = 0

    def classify(self, looks: Sequence[Look]) -> np.ndarray:
        self.asked += len(looks)
        shares = np.zeros((len(looks), len(KINDS)), np.float32)
        for row, look in enumerate(looks):
            inked = np.flatnonzero((look > 0.5).any(axis=0))
            extent = np.ptp(inked) / LOOK_WIDTH if len(inked) else 0.0
            shares[row, int(np.clip((extent - 0.1) // 0.2, 0, 3))] = 1.0
        return shares


def test_every_crop_is_looked_at_with_every_margin_and_counted_by_its_kind() -> None:
    classifier = ByExtent()

    counted, milliseconds = classify_pieces(PIECES, classifier)

    assert classifier.asked == len(PIECES) * len(MARGINS)
    assert counted.truths.tolist() == [KINDS.index(piece.kind) for piece in PIECES]
    assert counted.groups == tuple(piece.group for piece in PIECES)
    assert milliseconds > 0


def test_own_crops_are_measured_without_other_data(tmp_path: Path) -> None:
    for kind in (Kind.SIGNATURE, Kind.PRINTED_TEXT):
        (tmp_path / kind).mkdir()
        Image.fromarray(piece(kind).pixels).save(tmp_path / kind / "1.png")

    report = evaluate.measure_classifier(None, own_data=tmp_path)

    assert report.sets["all"].crops == 2
    assert report.sources == {"own": (report.sets["all"].accuracy.value, 2)}
    assert report.weights == entry("classifier").sha256


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no evaluation data in"):
        evaluate.measure_classifier(tmp_path / "nowhere")
    with pytest.raises(WrongUse, match="name the folder with detection/"):
        evaluate.measure_classifier(None)


def test_sources_of_a_kind_are_taken_by_their_weights_and_not_by_their_sizes() -> None:
    common = [piece(Kind.SIGNATURE, source="common", dark=0) for _ in range(30)]
    rare = [piece(Kind.SIGNATURE, source="rare, of two words", dark=140)]
    shares = dict.fromkeys(KINDS, 0.0) | {Kind.SIGNATURE: 1.0}
    others = [piece(kind) for kind in KINDS if kind is not Kind.SIGNATURE]
    chosen = settings(shares=shares, weights={"common": 1.0, "rare": 3.0}, batch=64)

    batches = CropBatches([*common, *rare, *others], chosen)

    chances = batches._chances[SIGNATURE]
    assert chances.sum() == pytest.approx(1.0)
    assert chances[-1] == pytest.approx(0.75)
    assert chances[:-1] == pytest.approx(np.full(30, 0.25 / 30))


def test_a_batch_has_its_size_and_its_kinds_are_known() -> None:
    images, kinds = CropBatches(PIECES, settings(batch=12)).draw(0)

    assert images.shape == (12, 1, LOOK_HEIGHT, LOOK_WIDTH)
    assert kinds.shape == (12,) and set(kinds.tolist()) <= {0, 1, 2, 3}


def test_validation_crops_are_the_same_every_time() -> None:
    first, second = fixed(PIECES), fixed(PIECES)

    assert torch.equal(first[0], second[0])
    assert first[0].shape == (len(PIECES), len(MARGINS), LOOK_HEIGHT, LOOK_WIDTH)
    assert first[1].tolist() == [KINDS.index(piece.kind) for piece in PIECES]


class EnoughError(Exception):
    """The test has seen what it wanted."""


def test_the_checkpoint_kept_is_the_best_by_the_mean_over_kinds(tmp_path: Path) -> None:
    lines: list[dict[str, float]] = []

    def watch(line: dict[str, float]) -> None:
        lines.append(line)
        if len(lines) == 4:
            raise EnoughError

    with pytest.raises(EnoughError):
        fit_classifier(start_classifier(settings()), PIECES, PIECES, tmp_path, watch)

    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    balanced = [line["balanced"] for line in log]
    assert all(line["balanced"] == pytest.approx(np.mean([line[kind] for kind in KINDS])) for line in log)
    assert read_checkpoint(tmp_path / "best.pt")["best"] == max(balanced)


def test_the_network_takes_any_batch_and_gives_probabilities_of_every_kind() -> None:
    network = KindProbabilities(CropNetwork()).eval()

    with torch.no_grad():
        single, three = (network(torch.zeros(count, 1, LOOK_HEIGHT, LOOK_WIDTH)) for count in (1, 3))

    assert single.shape == (1, 4) and three.shape == (3, 4)
    assert torch.allclose(three.sum(dim=1), torch.ones(3))


def test_the_catalogue_says_what_the_classifier_calls_and_when_it_is_on(tmp_path: Path) -> None:
    save_checkpoint(start_classifier(settings()), tmp_path / "best.pt")

    written = register_classifier([tmp_path / "best.pt"], doubt=0.95, default=True, folder=tmp_path)

    assert written == entry("classifier", tmp_path)
    assert written.parameters["kinds"] == [kind.value for kind in KINDS]
    assert (written.parameters["doubt"], written.parameters["default"]) == (0.95, True)
    assert (written.parameters["width"], written.parameters["height"]) == (LOOK_WIDTH, LOOK_HEIGHT)


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="missing"), pytest.param(b"no weights", id="another file")]
)
def test_what_is_no_checkpoint_is_not_shipped(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "best.pt").write_bytes(content)

    with pytest.raises(WrongUse, match=r"best\.pt"):
        register_classifier([tmp_path / "best.pt"], doubt=0.9, default=False, folder=tmp_path)
    assert not (tmp_path / "catalogue.json").exists()


def test_a_checkpoint_of_another_network_is_named(tmp_path: Path) -> None:
    run = start_classifier(settings())
    run.average.head = torch.nn.Sequential(torch.nn.Linear(8, 2))
    save_checkpoint(run, tmp_path / "other.pt")

    with pytest.raises(WrongUse, match=r"other\.pt is a checkpoint of another network"):
        trained_classifier(tmp_path / "other.pt")


def read_nothing():
    raise AssertionError("pages were read already")


def alarms(name: str, *doubts: float, signed: bool = False) -> Reviewed:
    """A page with a signature a doubt, at 0.9, 0.8 and so on; where `signed`, the first is right."""
    boxes = [Box(0, 50 * row, 100, 40) for row in range(len(doubts))]
    regions = tuple(DetectedRegion(box, 0.9 - 0.1 * row, Label.SIGNATURE) for row, box in enumerate(boxes))
    return Reviewed(PageCase(name, name, read_nothing), tuple(boxes[:1]) if signed else (), regions, doubts)


def test_scores_fall_by_the_doubt_and_the_order_follows() -> None:
    scored = alarms("a", 0.5, 0.1).scored(0.9)

    assert scored.scores.tolist() == pytest.approx([0.8 * 0.9, 0.9 * 0.5])
    assert not scored.hits.any()


def test_rescoring_moves_a_hit_with_its_score() -> None:
    scored = alarms("a", 0.6, 0.0, signed=True).scored(0.9)

    assert scored.scores.tolist() == pytest.approx([0.8, 0.36])
    assert scored.hits[:, 0].tolist() == [False, True]


def test_the_lines_of_a_choice_say_what_every_doubt_does() -> None:
    pages = [alarms("false", 0.96), alarms("true", 0.0, signed=True)]

    choice = gate.chosen(pages, min_score=0.02)

    assert len(choice.lines) == 1 + len(DOUBTS)
    assert choice.lines[0] == "off: recall 1.0000, 1 false alarms"
    assert choice.lines[1] == "doubt 0.70: recall 1.0000, 0 false alarms"
    assert choice.lines[-1] == "doubt 0.99: recall 1.0000, 1 false alarms"
    assert (choice.doubt, choice.default) == (0.95, True)


def test_a_doubt_that_costs_a_signature_in_a_hundred_is_not_chosen() -> None:
    """Of a hundred signatures one is doubted by 0.85: doubts of 0.7 and 0.8 cost more than allowed."""
    pages = [alarms(f"t{number}", 0.85 if number == 0 else 0.0, signed=True) for number in range(100)]
    pages += [alarms(f"f{number}", 0.75) for number in range(20)]

    choice = gate.chosen(pages, min_score=0.02)

    assert choice.doubt >= 0.9
    assert not choice.default


def written(show, *values: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(console, *values)
    return console.file.getvalue()


def test_the_table_of_crops_shows_rates_confusion_and_sources() -> None:
    figures = crop_figures(answers([(0, 0, "a"), (0, 2, "b"), (2, 2, "c"), (3, 3, "d")]), rounds=20)
    nothing = crop_figures(answers([(1, 1, "a")]), rounds=20)
    report = ClassifierReport(
        "2026-01-02", "abc", "12" * 32, 1.25, {"all": figures, "notes": nothing}, {"memos": (0.75, 4)}
    )

    text = written(show_classifier, report)

    assert "75.0%" in text and "none" in text
    assert "1.25 ms a crop" in text and "memos" in text


@pytest.mark.parametrize(
    ("default", "word"), [pytest.param(True, "yes", id="on"), pytest.param(False, "no", id="off")]
)
def test_the_table_of_the_gate_shows_both_states(default: bool, word: str) -> None:
    figures = LabelFigures(9, 9, 10, 0.9, 0.6, 0.8, 0.7, 0.4, {})
    served = AtThreshold(0.5, truths=10, true_positives=8, false_alarms=3, recall=HALF, precision=HALF)
    called = FalseAlarms(5, 2, 2, 0.5, HALF, HALF)
    effect = RescoringEffect(figures, served)
    report = RescoringReport(
        *("detector", "34" * 32, "12" * 32),
        *(0.5, 0.9, default),
        {"test-9": (effect, effect)},
        {"flagged unsigned": (called, called)},
        ((served, called),),
    )

    text = written(show_effect, report)

    assert f"on by default: {word}" in text
    assert (
        "5 pages flagged unsigned, gate off: 50.0% (40.0%–60.0%) called signed (2 pages), 2 regions" in text
    )
    assert text.count("0.900") == 2
