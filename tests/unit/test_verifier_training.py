"""The verifier's training: measures that are right, losses that point the right way, runs that resume."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from tests.handwriting import signature  # noqa: E402
from training.common.checkpoints import save_checkpoint  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.common.statistics import equal_error_rate, isotonic_fit, logistic_fit  # noqa: E402
from training.verifier import (  # noqa: E402
    export,
    library,
    losses,
    metrics,
    own,
    protocol,
    readers,
    sets,
)
from training.verifier.augment import another_hand, augmented  # noqa: E402
from training.verifier.batches import Batches  # noqa: E402
from training.verifier.metrics import Trials  # noqa: E402
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings  # noqa: E402
from training.verifier.splice import spliced  # noqa: E402
from training.verifier.train import fit_verifier, resume_verifier, start_verifier  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH  # noqa: E402
from worker.vision.verification.embedding import COMPARED, GLOBAL, LEVELS  # noqa: E402
from worker.vision.verification.network import PairClassifier, SignatureEncoder  # noqa: E402

SHIPPED = read_settings(VerifierSettings, VERIFIER_SETTINGS)
SETTINGS = SHIPPED.model_copy(
    update={
        "writers_per_batch": 3,
        "genuine_per_writer": 2,
        "forged_per_writer": 2,
        "minutes": 0.03,
        "validate_minutes": 0.01,
    }
)


@pytest.fixture(scope="module")
def signers():
    return readers.invented(range(4), specimens=6)


def overlap(left, other):
    """Intersection over union of two forms' ink, thickened."""
    a, b = _thicker(left > 0.5), _thicker(other > 0.5)
    return (a & b).sum() / (a | b).sum()


def _thicker(ink):
    return cv2.dilate(ink.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0


@pytest.mark.parametrize(
    ("genuine", "impostor", "expected"),
    [
        pytest.param([3, 4, 5], [0, 1, 2], 0.0, id="apart"),
        pytest.param([0, 1, 2], [3, 4, 5], 1.0, id="upside down"),
        pytest.param([1, 2, 3, 4], [1, 2, 3, 4], 0.5, id="alike"),
        pytest.param([1, 3, 4, 5], [0, 1.5, 2, 3.5], 0.25, id="one in four"),
    ],
)
def test_the_equal_error_rate_is_where_both_errors_meet(genuine, impostor, expected):
    rate = equal_error_rate(np.array(genuine, float), np.array(impostor, float))

    assert rate == pytest.approx(expected, abs=0.13)


def test_the_interval_holds_the_rate_and_narrows_with_writers():
    rng = np.random.default_rng(1)
    trials = [Trials(rng.normal(1, 1, 20), rng.normal(0, 1, 20), rng.normal(-3, 1, 20)) for _ in range(40)]

    many = metrics.eer_estimate(trials, "skilled")
    few = metrics.eer_estimate(trials[:4], "skilled")

    assert many.value == metrics.skilled_eer(trials)
    assert many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low


def test_a_logistic_fit_finds_the_numbers_that_made_the_data():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 20_000)
    genuine = rng.random(20_000) < 1 / (1 + np.exp(-(1.5 * logits - 0.7)))

    (slope,), intercept = logistic_fit(logits[:, None], genuine, np.ones(20_000))

    assert slope == pytest.approx(1.5, abs=0.1)
    assert intercept == pytest.approx(-0.7, abs=0.1)


def test_isotonic_regression_pools_what_falls():
    x = np.array([3.0, 1.0, 2.0, 4.0])
    y = np.array([0.0, 0.0, 1.0, 1.0])

    assert isotonic_fit(x, y, np.ones(4)).tolist() == [0.5, 0.0, 0.5, 1.0]


def test_the_contrastive_loss_prefers_writers_apart_and_forgeries_away():
    writers = torch.tensor([0, 0, 0, 1, 1, 1])
    genuine = torch.tensor([True, True, False, True, True, False])
    axes = torch.eye(4)
    apart = axes[[0, 0, 1, 2, 2, 3]]
    fooled = axes[[0, 0, 0, 2, 2, 2]]
    mixed = axes[[0, 2, 1, 0, 2, 3]]

    def loss(embeddings, others=axes[:0]):
        return losses.contrastive(
            embeddings, writers, genuine, others=others, temperature=0.1, forgery_weight=4.0
        ).item()

    assert loss(apart) < loss(fooled) < loss(mixed)
    assert loss(apart, others=axes[3:]) < loss(apart, others=axes[:1])


def test_pairs_are_judged_alike_in_either_order():
    torch.manual_seed(1)
    matcher = PairClassifier().eval()
    with torch.no_grad():
        matcher.layers[-1].weight.normal_()
    a, b = SignatureEncoder().eval()(torch.rand(10, 1, HEIGHT, WIDTH)).split(5)

    assert torch.allclose(matcher(a, b), matcher(b, a), atol=1e-5)


@pytest.mark.parametrize("number", range(len(LEVELS)))
def test_a_part_that_moved_a_little_finds_its_counterpart_and_one_that_moved_far_does_not(number):
    matcher = PairClassifier().eval()
    matcher.parts_weight = torch.eye(2)[number]
    specimen = written_in(number, {(3, 5): 0, (3, 6): 1})
    near, farther, far = (written_in(number, {(3, 5 + by): 0, (3, 6 + by): 1}) for by in (1, 2, 9))

    with torch.no_grad():
        for layer in (matcher.coarse.likeness[0], matcher.coarse.likeness[2]):
            layer.weight.fill_(1.0)
            layer.bias.zero_()
        itself, nearby, apart, away = (matcher(specimen, b).item() for b in (specimen, near, farther, far))

    assert itself > nearby > apart > away
    assert itself - nearby < (itself - away) / 4


def written_in(number: int, cells: dict[tuple[int, int], int]) -> torch.Tensor:
    """(1, COMPARED): a constant global part, and in named cells of one level the descriptors of a number."""
    embedding = [torch.full((GLOBAL,), GLOBAL**-0.5)]
    for at, level in enumerate(LEVELS):
        parts = torch.zeros(level.rows, level.columns, level.descriptor)
        ink = torch.zeros(level.rows, level.columns)
        for cell, kind in cells.items() if at == number else ():
            parts[cell][kind], ink[cell] = 1.0, 1 / len(cells)
        embedding += [parts.flatten(), ink.flatten()]
    assert sum(map(len, embedding)) == COMPARED
    return torch.cat(embedding)[None]


def test_drawn_specimens_hide_how_fast_they_were_written():
    slow, fast = np.linspace(0, 9, 2000), np.linspace(0, 9, 100)
    paths = [np.stack([time * 30, np.sin(time) * 50], axis=1) for time in (slow, fast)]

    first, other = (readers.Drawn(readers.on_canvas([path])).mask() > 128 for path in paths)

    assert not (first & ~_thicker(other)).any()
    assert not (other & ~_thicker(first)).any()


def test_augmentation_is_the_generators_choice(signers):
    specimen = signers[0].genuine[0]

    first, same, other = (
        augmented(specimen, another_hand(rng), rng) for rng in map(np.random.default_rng, (1, 1, 2))
    )

    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_made_up_hand_changes_all_specimens_of_a_writer_alike(signers):
    specimen, hand = signers[0].genuine[0], another_hand(np.random.default_rng(3))

    first, again = (augmented(specimen, hand, np.random.default_rng(seed)) for seed in (1, 2))
    other = augmented(specimen, another_hand(np.random.default_rng(4)), np.random.default_rng(1))

    assert overlap(first, again) > overlap(first, other)


def test_a_batch_has_genuine_and_forged_specimens_of_every_writer(signers):
    batches = Batches(signers, {}, SETTINGS)

    images, writers, genuine = batches.draw(np.random.default_rng(1))

    assert images.shape == (12, 1, HEIGHT, WIDTH)
    assert writers.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert genuine.tolist() == [True, True, False, False] * 3


def test_a_made_up_writer_is_genuine_where_both_pieces_are(signers):
    first, other = signers[:2]
    real = {id(specimen) for specimen in first.genuine + other.genuine}

    made = spliced(first, other, 3, np.random.default_rng(1))

    pieces = [[id(specimen.first), id(specimen.second)] for specimen in made.genuine]
    assert len(made.genuine) == len(made.forged) == 3
    assert len({piece for pair in pieces for piece in pair} & real) == 6
    assert not any({id(forged.first), id(forged.second)} <= real for forged in made.forged)


def test_the_pieces_of_a_made_up_writer_stand_side_by_side(signers):
    mask = spliced(signers[0], signers[1], 1, np.random.default_rng(2)).genuine[0].mask()
    inked = np.flatnonzero(mask.any(axis=0))

    left, right = mask[:, : mask.shape[1] // 3], mask[:, -mask.shape[1] // 3 :]

    assert left.any()
    assert right.any()
    assert inked[-1] - inked[0] > 0.8 * mask.shape[1]


def test_trials_never_compare_a_specimen_with_itself(signers):
    gallery = protocol.make_gallery(signers)
    itself = np.where(np.eye(len(gallery.writers), dtype=bool), np.inf, 0.0)

    trials = [
        trial
        for count in (1, 2)
        for trial in protocol.trials(protocol.draws(itself, gallery, count=count), protocol.mean)
    ]

    assert all(np.isfinite(np.concatenate([t.genuine, t.skilled, t.random])).all() for t in trials)


def test_a_run_can_be_resumed_where_it_stopped(signers, tmp_path):
    batches, gallery = Batches(signers, {}, SETTINGS), [protocol.make_gallery(signers[:2])]
    reports: list[dict[str, float]] = []
    best = fit_verifier(start_verifier(SETTINGS), batches, gallery, tmp_path, reports.append)

    more = reports[-1]["seconds"] / 60 + 0.03
    again = resume_verifier(SETTINGS.model_copy(update={"minutes": more}), tmp_path / "last.pt")
    before = again.step
    fit_verifier(again, batches, gallery, tmp_path, reports.append)

    fine = torch.load(best, weights_only=True)["average"]["encoder.local.0.weight"][:, :, 0, 0]
    assert fine @ fine.T == pytest.approx(np.diag(np.diag(fine @ fine.T)), abs=1e-3)
    assert before > 0
    assert again.step > before
    assert all(math.isfinite(report["skilled_1"]) for report in reports if "skilled_1" in report)


def test_a_users_own_signers_train_and_every_tenth_is_kept_to_measure_by(tmp_path):
    for number in range(20):
        write_signer(tmp_path / f"signer {number:02d}", number)

    training, kept = sets.own_for_training(tmp_path), sets.own_held_out(tmp_path)
    figures = own.measure_own_signers(kept, library.load_verifier_models())

    assert len(training) == 18
    assert [len(signer.genuine) for signer in training] == [3] * 18
    assert [(one.references, one.signers) for one in figures] == [(1, 2)]
    assert figures[0].skilled is None


def test_a_signer_without_genuine_specimens_is_named(tmp_path):
    (tmp_path / "Ada" / "forged").mkdir(parents=True)

    with pytest.raises(WrongUse, match="Ada"):
        readers.folders(tmp_path)


def write_signer(folder, seed):
    """Three genuine specimens as PNG files."""
    (folder / "genuine").mkdir(parents=True)
    for wobble in range(3):
        cv2.imwrite(str(folder / "genuine" / f"{wobble}.png"), signature(seed, wobble=wobble))


def test_a_checkpoint_of_a_run_on_its_way_is_not_exported(tmp_path):
    save_checkpoint(start_verifier(SETTINGS), tmp_path / "best.pt")

    with pytest.raises(WrongUse, match="--resume"):
        export.trained_verifier(tmp_path / "best.pt")


def test_finishing_twice_blends_once(signers, tmp_path):
    batches, gallery = Batches(signers, {}, SETTINGS), [protocol.make_gallery(signers[:2])]
    other = (
        start_verifier(SETTINGS.model_copy(update={"seed": SETTINGS.seed + 1}))
        .average["encoder"]
        .state_dict()
    )
    initial = tmp_path / "initial.safetensors"
    save_file({name: value.contiguous() for name, value in other.items()}, initial)
    fit_verifier(start_verifier(SETTINGS), batches, gallery, tmp_path, lambda _: None, initial=initial)
    once = torch.load(tmp_path / "final.pt", weights_only=True)["average"]

    again = resume_verifier(SETTINGS, tmp_path / "last.pt")
    fit_verifier(again, batches, gallery, tmp_path, lambda _: None, initial=initial)

    twice = torch.load(tmp_path / "final.pt", weights_only=True)["average"]
    assert all(torch.equal(once[name], twice[name]) for name in once)


def test_signers_whom_nobody_forged_can_train_alone(signers):
    genuine = [readers.SignerSpecimens(one.source, one.name, one.genuine) for one in signers]
    images, writers, kinds = Batches(genuine, {}, SETTINGS).draw(np.random.default_rng(1))
    embeddings = SignatureEncoder().eval()(images)

    loss = losses.pairwise(PairClassifier().eval(), embeddings, writers, kinds)

    assert math.isfinite(loss.item())
