"""How cleaners are measured: strokes against hand-made crops, the verifier's part, the gate, the export."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from rich.console import Console  # noqa: E402

from tests.handwriting import signature  # noqa: E402
from training.cleaner import evaluate, gate  # noqa: E402
from training.cleaner.dirt import Pair  # noqa: E402
from training.cleaner.evaluate import CleaningCase, Judge  # noqa: E402
from training.cleaner.export import register_cleaner  # noqa: E402
from training.cleaner.network import StrokeProbabilities, StrokeUNet  # noqa: E402
from training.cleaner.picture import draw_cleaners  # noqa: E402
from training.cleaner.settings import CLEANER_SETTINGS, CleanerSettings  # noqa: E402
from training.cleaner.tables import show_cleaners  # noqa: E402
from training.cleaner.train import loss_of, start_cleaner  # noqa: E402
from training.common.checkpoints import save_checkpoint  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.verifier import readers  # noqa: E402
from training.verifier.protocol import Gallery  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Cleaning  # noqa: E402
from worker.vision.cleaning.cleaner import Cleaner  # noqa: E402
from worker.vision.cleaning.learned import load_network  # noqa: E402
from worker.vision.crops import HEIGHT  # noqa: E402
from worker.vision.values import Embeddings, Grey  # noqa: E402
from worker.vision.verification.embedding import DIMENSION  # noqa: E402
from worker.vision.verification.encoder import load_encoder  # noqa: E402
from worker.vision.verification.matcher import load_matcher  # noqa: E402
from worker.vision.weights import WEIGHTS_DIR, entry  # noqa: E402

SETTINGS = read_settings(CleanerSettings, CLEANER_SETTINGS)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(load_encoder(), load_matcher())


def barred(writer: int, *, genuine: bool) -> CleaningCase:
    """A bar of stroke and, as large and well away from it, a bar of dirt; the scan has the stroke alone."""
    scan = np.full((120, 200), 255, np.uint8)
    scan[20 : 30 + 4 * writer, 40:160] = 0
    strokes = cv2.bitwise_not(scan)
    dirty = np.full((120, 200, 3), 255, np.uint8)
    dirty[scan == 0] = 0
    dirty[80 : 90 + 4 * writer, 40:160] = 0
    return CleaningCase(writer, genuine, scan, Pair(dirty, np.asarray(strokes, np.uint8)))


CASES = [barred(writer, genuine=genuine) for writer in (0, 1) for genuine in (True, True, False)]


def cleaner(*, keep: slice) -> Cleaner:
    """A cleaner that keeps the dark pixels of those rows."""

    def find(crop: object, whitened: Grey, mask: Grey) -> Grey:
        kept = np.zeros_like(mask)
        kept[keep] = mask[keep]
        return kept

    return Cleaner(Cleaning.LEARNED, "by rows", find)


@pytest.mark.parametrize(
    ("keep", "precision", "recall", "invented"),
    [
        pytest.param(slice(None), 0.5, 1.0, 1.0, id="all: half of what stays is dirt"),
        pytest.param(slice(0, 60), 1.0, 1.0, 0.0, id="strokes alone"),
        pytest.param(slice(60, None), 0.0, 0.0, 1.0, id="dirt alone"),
        pytest.param(slice(0, 0), 0.0, 0.0, 0.0, id="nothing"),
    ],
)
def test_strokes_are_counted_against_the_known_truth(
    keep: slice, precision: float, recall: float, invented: float, judge: Judge
) -> None:
    strokes = evaluate.measure_cases(CASES, {"it": cleaner(keep=keep)}, judge).figures["it"].strokes

    assert strokes.precision.value == pytest.approx(precision, abs=0.01)
    assert strokes.recall.value == pytest.approx(recall, abs=0.01)
    assert strokes.invented.value == pytest.approx(invented, abs=0.01)
    harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert strokes.f1.value == pytest.approx(harmonic, abs=0.01)


@pytest.mark.parametrize(
    ("keep", "touched"),
    [
        pytest.param(slice(None), 0.0, id="keeps all"),
        pytest.param(slice(0, 60), 0.0, id="takes dirt"),
        pytest.param(slice(31, None), 1.0, id="takes strokes"),
    ],
)
def test_clean_crops_are_touched_when_any_of_their_ink_goes(
    keep: slice, touched: float, judge: Judge
) -> None:
    report = evaluate.measure_cases(CASES, {"it": cleaner(keep=keep)}, judge)

    assert report.figures["it"].touched == touched


def test_a_cleaner_that_takes_all_dirt_is_as_good_as_one_that_knows_the_truth(judge: Judge) -> None:
    report = evaluate.measure_cases(CASES, {"it": cleaner(keep=slice(0, 60))}, judge)

    assert report.figures["it"].dirty == report.perfect
    assert (report.writers, report.specimens) == (2, 6)


class CountingEncoder:
    """Embeds an image as the ink of its rows, and counts what it is asked for."""

    version = "rows"

    def __init__(self) -> None:
        self.asked = 0

    def encode(self, images: list[np.ndarray]) -> np.ndarray:
        self.asked += len(images)
        rows = np.array([image.mean(axis=1) for image in images], np.float32).reshape(-1, HEIGHT)
        return np.pad(rows, ((0, 0), (0, DIMENSION - rows.shape[1])))


def test_images_that_came_out_the_same_are_encoded_once() -> None:
    encoder = CountingEncoder()
    counting = Judge(encoder, load_matcher())
    first, second = signature(1), signature(2)

    once = counting.embed([first, second, first])
    again = counting.embed([second])

    assert encoder.asked == 2
    assert np.array_equal(once[0], once[2]) and not np.array_equal(once[0], once[1])
    assert np.array_equal(again[0], once[1])


def test_cases_are_the_first_specimens_of_every_signer_and_their_dirt_is_the_seed_s() -> None:
    signers = [
        readers.SignerSpecimens(
            "drawn",
            str(number),
            [readers.Scanned(signature(number, wobble=index)) for index in range(4)],
            [readers.Scanned(signature(number + 10, wobble=index)) for index in range(1)],
        )
        for number in (1, 2)
    ]

    first, again, other = (evaluate.cases(signers, (seed,), specimens=2) for seed in (1, 1, 2))

    assert [(case.writer, case.genuine) for case in first] == [
        *((0, True), (0, True), (0, False)),
        *((1, True), (1, True), (1, False)),
    ]
    assert all(np.array_equal(a.soiled.dirty, b.soiled.dirty) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.soiled.dirty, b.soiled.dirty) for a, b in zip(first, other, strict=True))


class KeepsTop:
    """A network that calls the top share of a crop strokes."""

    def __init__(self, share: float) -> None:
        self.share = share

    def strokes(self, whitened: Grey) -> np.ndarray:
        answer = np.zeros(whitened.shape, np.float32)
        answer[: round(self.share * whitened.shape[0])] = 1.0
        return answer


def test_a_network_that_takes_nothing_costs_and_gains_nothing_at_any_gate(judge: Judge) -> None:
    tried = gate.choices(KeepsTop(1.0), CASES, judge)

    assert [choice.min_removed for choice in tried] == list(gate.GATES)
    assert len({(choice.dirty, choice.clean) for choice in tried}) == 1
    assert gate.best_gate(tried).min_removed == 0.0


@dataclass(frozen=True)
class RecordingJudge(Judge):
    """Keeps the embeddings on file that it is asked about, a set a call."""

    filed: list[Embeddings] = field(default_factory=list)

    def errors(self, gallery: Gallery, on_file: Embeddings, asked: Embeddings) -> evaluate.Errors:
        self.filed.append(on_file)
        return super().errors(gallery, on_file, asked)


def test_a_gate_keeps_the_network_off_crops_of_which_it_wants_little() -> None:
    """Of a bar ten rows high the network wants one: gates above a tenth leave the clean bar as it is."""
    judge = RecordingJudge(CountingEncoder(), load_matcher())
    untouched = judge.embed([case.scan for case in CASES])

    gate.choices(KeepsTop(0.9), CASES, judge)

    first = {least: judge.filed[2 * index][0] for index, least in enumerate(gate.GATES)}
    assert [least for least, embedding in first.items() if np.array_equal(embedding, untouched[0])] == [
        least for least in gate.GATES if least > 0.1
    ]


def test_every_place_learns_what_its_whole_row_holds() -> None:
    """A rule's far end decides about its near end: twenty pixels of context would not tell them."""
    torch.manual_seed(3)
    network = StrokeUNet().eval()
    blank = torch.zeros(1, 1, 192, 384)
    marked = blank.clone()
    marked[..., 96, 370:] = 1.0

    with torch.no_grad():
        changed = (network(marked) - network(blank)).abs()[0, 0, :, :16].max()

    assert changed > 0


def test_what_ships_answers_with_probabilities_of_the_logits() -> None:
    torch.manual_seed(3)
    network = StrokeUNet().eval()
    image = torch.rand(1, 1, 192, 384)

    with torch.no_grad():
        assert torch.allclose(StrokeProbabilities(network)(image), torch.sigmoid(network(image)))


def test_undecided_answers_cost_the_same_wherever_they_are() -> None:
    """Logits of zero have an entropy of ln 2 a pixel, however pixels are weighted."""
    strokes, dark = torch.rand(2, 1, 8, 8).round(), torch.rand(2, 1, 8, 8).round()

    assert loss_of(torch.zeros(2, 1, 8, 8), strokes, dark, SETTINGS).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("weight", [pytest.param(0.1, id="little"), pytest.param(0.5, id="half")])
def test_paper_weighs_as_the_settings_say(weight: float) -> None:
    """One dark pixel is certainly right, one of paper undecided: the loss is the paper's share."""
    chosen = SETTINGS.model_copy(update={"paper_weight": weight, "stroke_weight": 1.0})
    logits = torch.tensor([[[[30.0, 0.0]]]])
    strokes, dark = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[1.0, 0.0]]]])

    loss = loss_of(logits, strokes, dark, chosen).item()

    assert loss == pytest.approx(weight * math.log(2) / (1 + weight), rel=1e-4)


@pytest.fixture
def bhsig(tmp_path: Path) -> Path:
    """Evaluation data with two validation writers and one of the test split, as BHSig260-Hindi is stored."""
    folder = tmp_path / "data" / "verification" / "bhsig_hindi"
    folder.mkdir(parents=True)
    rows = []
    with zipfile.ZipFile(folder / "images.zip", "w") as images:
        for writer, split in (("101", "validation"), ("102", "validation"), ("121", "test")):
            for index, label in enumerate(("genuine", "genuine", "forged")):
                name = f"{writer}/{index}.png"
                hand = int(writer) + (50 if label == "forged" else 0)
                _, encoded = cv2.imencode(".png", signature(hand, wobble=index))
                images.writestr(name, encoded.tobytes())
                rows.append(
                    {"writer": writer, "split": split, "label": label, "file": name, "duplicate_group": ""}
                )
    written = io.StringIO()
    table = csv.DictWriter(written, rows[0])
    table.writeheader()
    table.writerows(rows)
    (folder / "manifest.csv").write_text(written.getvalue(), encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A folder of weights with what the cleaner's export needs: the verifier."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("encoder", "matcher"):
        shutil.copy(WEIGHTS_DIR / entry(name).file, folder)
    shutil.copy(WEIGHTS_DIR / "catalogue.json", folder)
    return folder


def test_the_gate_is_chosen_on_validation_writers_alone(bhsig: Path) -> None:
    cases = gate.validation_cases(bhsig)

    assert [case.genuine for case in cases] == [True, True, False] * 2
    assert {case.writer for case in cases} == {0, 1}


def test_a_trained_cleaner_ships_with_its_gate_and_its_size(
    bhsig: Path, shipped: Path, tmp_path: Path
) -> None:
    save_checkpoint(start_cleaner(SETTINGS), tmp_path / "best.pt")

    tried = register_cleaner(tmp_path / "best.pt", bhsig, folder=shipped)

    written = entry("cleaner", shipped)
    assert written.parameters["min_removed"] == gate.best_gate(tried).min_removed
    assert (written.parameters["width"], written.parameters["height"]) == (384, 192)
    assert written.sha256 != entry("cleaner").sha256
    answer = load_network(shipped).strokes(signature(1))
    assert answer.shape == (150, 360) and 0 <= answer.min() <= answer.max() <= 1


def test_what_is_no_checkpoint_ships_nothing(bhsig: Path, shipped: Path, tmp_path: Path) -> None:
    before = (shipped / "catalogue.json").read_bytes()
    (tmp_path / "notes.pt").write_text("not weights", encoding="utf-8")

    with pytest.raises(WrongUse, match=r"notes\.pt is no checkpoint"):
        register_cleaner(tmp_path / "notes.pt", bhsig, folder=shipped)

    assert (shipped / "catalogue.json").read_bytes() == before


def test_the_tables_name_every_cleaner_and_what_it_costs(judge: Judge) -> None:
    measured = evaluate.measure_cases(CASES, {"strict": cleaner(keep=slice(0, 60))}, judge)
    figures = {"strict": measured.figures["strict"], "lax": replace(measured.figures["strict"], touched=0.25)}
    report = evaluate.CleanerReport(
        "2026-01-02",
        "abc",
        {"cleaner": "12" * 32, "encoder": "34" * 32},
        {"a set": replace(measured, figures=figures)},
    )
    console = Console(file=io.StringIO(), width=220)

    show_cleaners(console, report)

    written = console.file.getvalue()
    assert all(
        word in written for word in ("a set", "strict", "lax", "perfect", "25.0%", "2 writers", "6 crops")
    )
    assert json.dumps("121212121212")[1:-1] in written


def test_the_picture_of_the_manual_has_a_row_a_signature_and_is_its_seed_s(tmp_path: Path) -> None:
    for name, seed in (("a", 6), ("b", 6), ("c", 7)):
        draw_cleaners(tmp_path / f"{name}.png", seed=seed)

    first, again, other = (cv2.imread(str(tmp_path / f"{name}.png")) for name in "abc")
    assert first.shape == (5 * 150, 3 * 360, 3)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
