"""The cleaner's training: dirt that knows its strokes, runs that resume, one network in both engines."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.handwriting import signature  # noqa: E402
from training.cleaner import evaluate, gate, pairs  # noqa: E402
from training.cleaner.dirt import soil  # noqa: E402
from training.cleaner.export import write_onnx  # noqa: E402
from training.cleaner.network import StrokeProbabilities, StrokeUNet  # noqa: E402
from training.cleaner.pairs import Clean  # noqa: E402
from training.cleaner.settings import CLEANER_SETTINGS, CleanerSettings  # noqa: E402
from training.cleaner.train import fit_cleaner, loss_of, resume_cleaner, start_cleaner  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.common.statistics import Estimate  # noqa: E402
from training.verifier import readers  # noqa: E402
from worker.vision.choices import Cleaning  # noqa: E402
from worker.vision.cleaning.cleaner import load_cleaner, whiten  # noqa: E402
from worker.vision.cleaning.learned import StrokeNetwork, fitted, load_network, unfitted  # noqa: E402
from worker.vision.crops import dark_pixels, grey, ink_mask  # noqa: E402
from worker.vision.onnx import OnnxModel  # noqa: E402
from worker.vision.verification.encoder import load_encoder  # noqa: E402
from worker.vision.verification.matcher import load_matcher  # noqa: E402

SETTINGS = read_settings(
    CleanerSettings,
    CLEANER_SETTINGS,
    changes={"batch": 2, "minutes": 0.02, "validate_minutes": 0.01, "validation_pairs": 2},
)


@pytest.fixture(scope="module")
def clean() -> Clean:
    signers = readers.invented(range(3), specimens=2)
    return Clean((([specimen for signer in signers for specimen in signer.genuine], 1.0),))


def soiled(seed: int):
    return soil(ink_mask(signature(seed % 6 + 1)), np.random.default_rng(seed))


def test_dirt_is_the_generator_s_choice() -> None:
    first, same, other = soiled(1), soiled(1), soiled(7)

    assert np.array_equal(first.dirty, same.dirty) and np.array_equal(first.strokes, same.strokes)
    assert first.dirty.shape != other.dirty.shape or not np.array_equal(first.dirty, other.dirty)


def test_strokes_are_dark_in_the_soiled_crop_and_dirt_lies_beside_them() -> None:
    drawn = [soiled(seed) for seed in range(24)]

    dark = [dark_pixels(whiten(grey(one.dirty))) > 0 for one in drawn]
    strokes = [one.strokes > 0 for one in drawn]

    written = sum(int(s.sum()) for s in strokes)

    assert sum(int((d & s).sum()) for d, s in zip(dark, strokes, strict=True)) > 0.85 * written
    assert sum(int((d & ~s).sum()) for d, s in zip(dark, strokes, strict=True)) > 0.2 * written


def test_a_batch_is_the_seed_s_choice(clean: Clean) -> None:
    first, same, other = (pairs.batch(clean, 2, (1, seed)) for seed in (1, 1, 2))

    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    assert not torch.equal(first[0], other[0])
    assert all(part.shape == (2, 1, 192, 384) and 0 <= part.min() <= part.max() <= 1 for part in first)


def test_the_loss_asks_for_strokes_more_than_for_dirt() -> None:
    dark, strokes = torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 0.0]]]])

    right, lost, dirty = (
        loss_of(torch.tensor([[[logits]]]), strokes, dark, SETTINGS)
        for logits in ([4.0, -4.0], [-4.0, -4.0], [4.0, 4.0])
    )

    assert right < dirty < lost


def test_a_run_can_be_resumed_where_it_stopped(clean: Clean, tmp_path) -> None:
    reports: list[dict[str, float]] = []
    best = fit_cleaner(start_cleaner(SETTINGS), clean, clean, tmp_path, reports.append)

    again = resume_cleaner(SETTINGS.model_copy(update={"minutes": 0.04}), tmp_path / "last.pt")
    before = again.step
    fit_cleaner(again, clean, clean, tmp_path, reports.append)

    assert best.exists()
    assert 0 < before < again.step
    assert all(math.isfinite(one["validation_loss"]) for one in reports if "validation_loss" in one)


def test_torch_and_onnx_runtime_see_the_same_strokes(tmp_path) -> None:
    torch.manual_seed(1)
    network = StrokeUNet().eval()
    write_onnx(network, tmp_path / "cleaner.onnx")
    image = whiten(grey(soiled(3).dirty))

    there = StrokeNetwork(OnnxModel(tmp_path / "cleaner.onnx", version="")).strokes(image)
    darkness = torch.from_numpy(1 - fitted(image).astype(np.float32) / 255)[None, None]
    here = unfitted(StrokeProbabilities(network)(darkness).detach().numpy()[0, 0], image.shape)

    assert np.abs(there - here).max() < 1e-4


def test_the_same_network_gives_the_same_file(tmp_path) -> None:
    network = StrokeUNet().eval()

    for name in ("a.onnx", "b.onnx"):
        write_onnx(network, tmp_path / name)

    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_a_user_s_own_signatures_train_and_every_tenth_is_held_out(tmp_path) -> None:
    for number in range(10):
        (tmp_path / str(number)).mkdir()
        cv2.imwrite(str(tmp_path / str(number) / "signature.png"), signature(number + 1))

    training, held_out = pairs.own_signatures(tmp_path, [], SETTINGS)

    assert [len(specimens) for specimens, _ in held_out.sources] == [1]
    assert len(training.sources[0][0]) == 9


def test_too_few_of_a_user_s_own_signatures_are_refused_with_their_number(tmp_path) -> None:
    with pytest.raises(ValueError, match="holds 0 images"):
        pairs.own_signatures(tmp_path, [], SETTINGS)


def test_shares_of_strokes_are_counted_over_writers() -> None:
    counts = np.array([[10, 8, 6, 12], [10, 10, 9, 12]], float)

    shares = evaluate.stroke_shares(counts, np.array([0, 1]))

    assert shares.precision.value == pytest.approx(18 / 20)
    assert shares.recall.value == pytest.approx(15 / 24)
    assert shares.invented.value == pytest.approx(2 / 24)
    assert shares.precision.low == pytest.approx(0.8) and shares.precision.high == pytest.approx(1.0)


def test_cleaners_and_gates_are_measured_on_the_same_cases() -> None:
    signers = readers.invented(range(4), specimens=3)
    for signer in signers:
        signer.genuine, signer.forged = (
            [readers.Scanned(cv2.bitwise_not(one.mask())) for one in kind]
            for kind in (signer.genuine, signer.forged)
        )
    judge = evaluate.Judge(load_encoder(), load_matcher())
    cases = evaluate.cases(signers, (1,), specimens=3)

    report = evaluate.measure_cases(cases, {"off": load_cleaner(Cleaning.OFF)}, judge)
    tried = gate.choices(load_network(), cases, judge)

    assert (report.writers, report.specimens, report.trials) == (4, 24, (24, 36, 36))
    assert report.figures["off"].strokes.recall.value == 1.0
    assert report.figures["off"].touched == 0.0
    assert [one.min_removed for one in tried] == list(gate.GATES)


def test_the_gate_is_the_lowest_that_costs_clean_crops_nothing() -> None:
    def choice(min_removed: float, dirty: float, clean: float) -> gate.GateChoice:
        errors = [evaluate.Errors(Estimate(rate, rate, rate), Estimate(0, 0, 0)) for rate in (dirty, clean)]
        return gate.GateChoice(min_removed, *errors)

    tried = [
        choice(0.0, 0.10, 0.06),
        choice(0.05, 0.12, 0.05),
        choice(0.1, 0.12, 0.05),
        choice(0.2, 0.2, 0.05),
    ]

    assert gate.best_gate(tried).min_removed == 0.05
