"""What a verifier is trained on: the composition of batches, changes of a hand, made-up writers, losses."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.pixels import cut_to_ink  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.verifier import augment, losses, readers  # noqa: E402
from training.verifier.augment import Hand, another_hand, augmented  # noqa: E402
from training.verifier.batches import Batches  # noqa: E402
from training.verifier.describe import describe_fine_cells  # noqa: E402
from training.verifier.readers import CANVAS, Drawn, Scanned, SignerSpecimens  # noqa: E402
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings  # noqa: E402
from training.verifier.splice import (  # noqa: E402
    GAP,
    LONGEST,
    RATIO,
    SHORTEST,
    STEP,
    Spliced,
    SplicePlan,
    plan,
    spliced,
)
from training.verifier.train import Memory  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH  # noqa: E402
from worker.vision.verification.embedding import GLOBAL, LEVELS  # noqa: E402
from worker.vision.verification.network import FINE, PairClassifier, SignatureEncoder  # noqa: E402

SETTINGS = read_settings(VerifierSettings, VERIFIER_SETTINGS).model_copy(
    update={"writers_per_batch": 10, "genuine_per_writer": 2, "forged_per_writer": 1, "spliced": 0.0}
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def marked(source: str, count: int, *, genuine: int = 3, forged: int = 2) -> list[SignerSpecimens]:
    """Signers whose specimens are bars; a source is told by its signers' names alone."""
    bar = np.zeros((20, 60), np.uint8)
    bar[8:12, 5:55] = 255
    return [
        SignerSpecimens(source, f"{source} {number}", [Scanned(bar)] * genuine, [Scanned(255 - bar)] * forged)
        for number in range(count)
    ]


def composition(batches: Batches, draws: int) -> dict[str, float]:
    """The mean number of writers of each source in a batch."""
    names = [signer.source for seed in range(draws) for signer in batches._signers(rng(seed))]
    return {name: names.count(name) / draws for name in set(names)}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        pytest.param({}, {"paper": 10}, id="nothing beside paper"),
        pytest.param({"tablet": 0.3}, {"tablet": 3, "paper": 7}, id="three of ten"),
        pytest.param({"tablet": 0.5, "names": 0.5}, {"tablet": 5, "names": 5}, id="no paper left"),
        pytest.param({"tablet": 0.25}, {"tablet": 2.5, "paper": 7.5}, id="two or three by lot"),
        pytest.param({"tablet": 0.9, "names": 0.9}, {"tablet": 9, "names": 1}, id="never more than a batch"),
        pytest.param({"elsewhere": 0.5}, {"paper": 10}, id="a source that is not there"),
    ],
)
def test_sources_have_their_shares_of_the_writers(shares, expected):
    settings = SETTINGS.model_copy(update={"shares": shares})
    others = {"tablet": marked("tablet", 20), "names": marked("names", 20)}

    seen = composition(Batches(marked("paper", 20), others, settings), 200)

    assert seen == pytest.approx(expected, abs=0.15)


def test_writers_of_a_batch_are_distinct():
    batches = Batches(marked("paper", 12), {}, SETTINGS)

    names = [signer.name for signer in batches._signers(rng())]

    assert len(set(names)) == len(names) == 10


@pytest.mark.parametrize(
    ("genuine", "forged", "expected"),
    [
        pytest.param(3, 2, [True, True, False], id="as many as wanted"),
        pytest.param(1, 2, [True, False], id="one genuine alone"),
        pytest.param(3, 0, [True, True], id="nobody forged it"),
    ],
)
def test_a_writer_gives_what_it_has(genuine, forged, expected):
    settings = SETTINGS.model_copy(update={"writers_per_batch": 1})

    images, writers, kinds = Batches(marked("paper", 1, genuine=genuine, forged=forged), {}, settings).draw(
        rng()
    )

    assert kinds.tolist() == expected
    assert writers.tolist() == [0] * len(expected)
    assert images.shape == (len(expected), 1, HEIGHT, WIDTH)


def test_a_batch_is_the_generators_choice():
    batches = Batches(readers.invented(range(3), specimens=2), {}, SETTINGS)

    first, again, other = (batches.draw(rng(seed))[0] for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_made_up_writers_is_kept(share):
    settings = SETTINGS.model_copy(update={"spliced": share})

    signers = Batches(marked("paper", 12), {}, settings)._signers(rng())

    assert {"+" in signer.name for signer in signers} == {bool(share)}


def hand(linear: list[list[float]]) -> Hand:
    return Hand(np.array(linear), None)


def corner() -> Drawn:
    """An L: a long stroke down the left and a short one along the bottom."""
    down = np.stack([np.full(100, 10.0), np.linspace(0, 200, 100)], axis=1)
    across = np.stack([np.linspace(10, 150, 100), np.full(100, 200.0)], axis=1)
    return Drawn(readers.on_canvas([down, across]))


def balance(image: np.ndarray) -> tuple[bool, bool]:
    """Whether most ink is left, and whether most is at the bottom, of its own box."""
    ink = cut_to_ink((image > 0.3).astype(np.uint8))
    columns, rows = ink.sum(axis=0), ink.sum(axis=1)
    return bool(columns[: len(columns) // 2].sum() > columns.sum() / 2), bool(
        rows[len(rows) // 2 :].sum() > rows.sum() / 2
    )


@pytest.mark.parametrize(
    ("linear", "expected"),
    [
        pytest.param([[1, 0], [0, 1]], (True, True), id="as written"),
        pytest.param([[-1, 0], [0, 1]], (False, True), id="mirrored across"),
        pytest.param([[1, 0], [0, -1]], (True, False), id="upside down"),
        pytest.param([[-1, 0], [0, -1]], (False, False), id="both"),
    ],
)
def test_a_mirrored_hand_mirrors_every_specimen(linear, expected):
    for seed in range(4):
        assert balance(augmented(corner(), hand(linear), rng(seed))) == expected


@pytest.mark.parametrize("seed", range(8))
def test_augmentation_keeps_the_form_and_the_ink(seed):
    specimen = readers.invented([seed], specimens=1)[0].genuine[0]

    image = augmented(specimen, another_hand(rng(seed)), rng(seed))

    assert image.shape == (HEIGHT, WIDTH)
    assert image.dtype == np.float32
    assert image.min() >= 0.0
    assert image.max() <= 1.0
    assert 0.005 < (image > 0.5).mean() < 0.5


def test_an_eroding_pen_does_not_break_a_hairline():
    line = np.zeros((40, 200), np.uint8)
    cv2.line(line, (10, 20), (190, 20), 255, 1)
    thick = cv2.dilate(line, np.ones((9, 9), np.uint8))

    hairlines = [augment._another_pen(line, rng(seed)) for seed in range(30)]
    thick_ones = [cv2.countNonZero(augment._another_pen(thick, rng(seed))) for seed in range(30)]

    assert all(cv2.countNonZero(ink) >= cv2.countNonZero(line) for ink in hairlines)
    assert min(thick_ones) < cv2.countNonZero(thick) < max(thick_ones)


def test_a_turned_signature_stays_whole():
    wide = np.zeros((60, CANVAS[0]), np.uint8)
    wide[20:40, 2:-2] = 255
    angle = np.deg2rad(80)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    turned = augment._warped(wide, turn)

    assert turned.any()
    assert not turned[[0, -1]].any()
    assert not turned[:, [0, -1]].any()


def test_a_coarse_scan_is_smaller_and_black_and_white():
    ink = corner().mask()

    coarse = augment._coarse(ink, rng())

    assert set(np.unique(coarse)) == {0, 255}
    assert 0.3 < coarse.shape[0] / ink.shape[0] < 0.75


def test_a_stray_rule_adds_ink_in_the_lower_half_alone():
    ink = corner().mask()
    x, y, _, height = cv2.boundingRect(ink)

    crossed = augment._crossed(ink, rng())

    added = np.argwhere(crossed > ink)
    assert len(added)
    assert added[:, 0].min() >= y + height // 2 - 3
    assert added[:, 1].min() >= x - 3
    assert (crossed >= ink).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_keeps_its_limits(seed):
    drawn = plan(rng(seed))

    for start, end in (drawn.first, drawn.second):
        assert 0 <= start < end <= 1
        assert SHORTEST <= end - start <= LONGEST
    assert math.exp(-RATIO) <= drawn.ratio <= math.exp(RATIO)
    assert GAP[0] <= drawn.gap <= GAP[1]
    assert -STEP <= drawn.step <= STEP


def block(height: int = 40, width: int = 80) -> Scanned:
    return Scanned(np.full((height, width), 255, np.uint8))


@pytest.mark.parametrize(
    ("gap", "blank"), [pytest.param(0.0, False, id="touching"), pytest.param(0.4, True, id="apart")]
)
def test_the_gap_lies_between_the_pieces(gap, blank):
    lies = SplicePlan((0.0, 1.0), (0.0, 1.0), ratio=1.0, gap=gap, step=0.0)

    mask = Spliced(block(), block(), lies, seed=1).mask()

    columns = mask.any(axis=0)
    assert (not columns[len(columns) // 2 - 20 : len(columns) // 2 + 20].all()) == blank


def test_a_step_moves_the_second_piece_and_a_ratio_changes_its_size():
    plain = SplicePlan((0.0, 1.0), (0.0, 1.0), ratio=1.0, gap=0.2, step=0.0)
    moved = SplicePlan((0.0, 1.0), (0.0, 1.0), ratio=0.5, gap=0.2, step=0.3)

    level, lower = (Spliced(block(), block(), lies, seed=1).mask() for lies in (plain, moved))

    def halves(mask):
        left, right = mask[:, : mask.shape[1] // 4], mask[:, -mask.shape[1] // 8 :]
        return [np.flatnonzero(part.any(axis=1)) for part in (left, right)]

    (left, right), (before, after) = halves(level), halves(lower)
    assert left.mean() == pytest.approx(right.mean())
    assert len(after) == pytest.approx(len(before) / 2, abs=2)
    assert after.mean() > before.mean() + 10


def test_a_blank_specimen_makes_a_blank_piece():
    lies = SplicePlan((0.0, 1.0), (0.0, 1.0), ratio=1.0, gap=0.1, step=0.0)

    mask = Spliced(Scanned(np.zeros((30, 30), np.uint8)), block(), lies, seed=1).mask()

    assert mask.any()


def test_without_forgeries_of_both_nothing_made_up_is_forged():
    (first,), (second,) = marked("a", 1), marked("b", 1, forged=0)

    made = spliced(first, second, 2, rng())

    assert made.name == "a 0+b 0"
    assert len(made.genuine) == 2
    assert made.forged == []


def contrastive(embeddings, *, forgery_weight=4.0, temperature=0.1, others=None):
    writers = torch.tensor([0, 0, 0, 1, 1])
    genuine = torch.tensor([True, True, False, True, True])
    return losses.contrastive(
        embeddings,
        writers,
        genuine,
        others=torch.zeros(0, embeddings.shape[1]) if others is None else others,
        temperature=temperature,
        forgery_weight=forgery_weight,
    )


def unit(*angles: float) -> torch.Tensor:
    """Vectors of length 1 in a plane, by degrees."""
    turned = torch.deg2rad(torch.tensor(angles))
    return torch.stack([turned.cos(), turned.sin()], dim=1)


def test_the_contrastive_loss_pulls_genuine_ones_together_and_pushes_the_forgery_away():
    embeddings = unit(0.0, 20.0, 60.0, 180.0, 200.0).requires_grad_()

    contrastive(embeddings).backward()

    with torch.no_grad():
        better = torch.nn.functional.normalize(embeddings - 0.05 * embeddings.grad, dim=1)
    embeddings = embeddings.detach()
    before, after = (float(x[0] @ x[1]) for x in (embeddings, better))
    forged_before, forged_after = (float(x[1] @ x[2]) for x in (embeddings, better))
    assert after > before
    assert forged_after < forged_before


@pytest.mark.parametrize("weights", [(1.0, 4.0), (4.0, 16.0)])
def test_a_forgery_that_weighs_more_costs_more(weights):
    embeddings = unit(0.0, 40.0, 20.0, 180.0, 200.0)

    light, heavy = (float(contrastive(embeddings, forgery_weight=weight)) for weight in weights)

    assert light < heavy


def test_the_contrastive_loss_of_one_pair_among_others_is_the_softmax():
    embeddings = unit(0.0, 0.0, 90.0, 180.0, 180.0)

    loss = float(contrastive(embeddings, temperature=1.0, forgery_weight=1.0))

    # Anchors of writer 0 see their like at 1, the forgery at 0, and two others at -1; those of writer 1
    # their like at 1, two others at -1 and the other writer's forgery at 0.
    expected = -math.log(math.e / (math.e + 1 + 2 / math.e))
    assert loss == pytest.approx(expected, abs=1e-5)


def test_remembered_others_are_negatives_that_get_no_gradient():
    memory = Memory(torch.zeros(0, 2))
    rows = unit(10.0, 20.0, 30.0).requires_grad_()

    memory.remember(rows[:2], at_most=2)
    memory.remember(rows[2:], at_most=2)

    assert torch.equal(memory.rows, rows[1:].detach())
    assert not memory.rows.requires_grad
    embeddings = unit(0.0, 40.0, 20.0, 180.0, 200.0)
    assert contrastive(embeddings, others=memory.rows) > contrastive(embeddings)


def whole_embeddings(*axes: int) -> torch.Tensor:
    """Embeddings with a global part along an axis and blank cells."""
    blank = sum(level.floats for level in LEVELS)
    return torch.cat([torch.eye(GLOBAL)[list(axes)], torch.zeros(len(axes), blank)], dim=1)


def test_the_pair_loss_is_less_where_genuine_pairs_are_near_and_others_far():
    matcher = PairClassifier().eval()
    writers, genuine = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([True, True, False, True, True])

    right, fooled, wrong = (
        losses.pairwise(matcher, whole_embeddings(*axes), writers, genuine).item()
        for axes in ((0, 0, 1, 2, 2), (0, 0, 0, 2, 2), (0, 1, 0, 0, 1))
    )

    assert right < fooled < wrong


def test_a_batch_of_one_writer_without_forgeries_has_genuine_pairs_alone():
    matcher = PairClassifier().eval()
    rows = whole_embeddings(0, 0)

    loss = losses.pairwise(matcher, rows, torch.tensor([0, 0]), torch.tensor([True, True])).item()

    logit = matcher.trained(rows[:1], rows[1:])
    expected = torch.nn.functional.softplus(-logit).item() / 2
    assert loss == pytest.approx(expected, abs=1e-6)


def test_fine_cells_are_described_by_directions_that_are_independent_and_centred():
    torch.manual_seed(1)
    encoder = SignatureEncoder().eval()
    batches = Batches(readers.invented(range(3), specimens=2), {}, SETTINGS)

    describe_fine_cells(encoder, batches)

    images, _, genuine = batches.draw(np.random.default_rng((SETTINGS.seed, 0)))
    images = images[genuine]
    inked = torch.nn.functional.avg_pool2d(images, HEIGHT // LEVELS[0].rows)[:, 0] > 0
    with torch.no_grad():
        cells = encoder.local[0](encoder.features[:FINE](images)).movedim(1, -1)[inked]
    spread = torch.cov(cells.T)
    scale = spread.diagonal().max()
    assert (cells.mean(dim=0).abs() < 0.5 * scale.sqrt()).all()
    assert (spread - torch.diag(spread.diagonal())).abs().max() < 0.35 * scale
