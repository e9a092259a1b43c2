"""How a verifier is measured: which queries meet which references, and what is made of their logits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.verifier import protocol, readers, scoring  # noqa: E402
from training.verifier.protocol import Draw, Gallery  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH  # noqa: E402
from worker.vision.verification.calibration import Calibration, Fit, OpenSetThreshold, Traits  # noqa: E402


def gallery(*counts: tuple[int, int]) -> Gallery:
    """Writers with so many genuine and forged specimens each, behind each other."""
    writers = np.concatenate([[i] * (genuine + forged) for i, (genuine, forged) in enumerate(counts)])
    kinds = np.concatenate([[True] * genuine + [False] * forged for genuine, forged in counts])
    return Gallery([], writers.astype(np.int64), kinds.astype(bool), "made up")


def numbered(size: int) -> np.ndarray:
    """A table whose cell (query, reference) holds 1000 * query + reference."""
    return 1000.0 * np.arange(size)[:, None] + np.arange(size)[None, :]


MADE = gallery((4, 2), (3, 1), (2, 0))
TABLE = numbered(len(MADE.writers))
DRAWS = [
    pytest.param(count, draw, id=f"{count} references, writer {number}, draw {turn}")
    for count in (1, 2, 3)
    for number, draws in enumerate(protocol.draws(TABLE, MADE, count=count))
    for turn, draw in enumerate(draws)
]


def references_of(draw: Draw) -> list[int]:
    return sorted({int(cell) % 1000 for cell in draw.genuine.ravel()})


@pytest.mark.parametrize(("count", "draw"), DRAWS)
def test_no_query_is_among_its_references(count, draw):
    references = references_of(draw)

    assert len(references) == count
    assert not set(references) & set(draw.genuine_rows.tolist())


@pytest.mark.parametrize(("count", "draw"), DRAWS)
def test_references_are_genuine_and_of_one_writer_whose_forgeries_all_ask(count, draw):
    references = references_of(draw)
    (writer,) = set(MADE.writers[references])
    of_writer = MADE.writers == writer

    assert MADE.genuine[references].all()
    assert set(draw.skilled_rows) == set(np.flatnonzero(of_writer & ~MADE.genuine))
    assert set(draw.genuine_rows) | set(references) == set(np.flatnonzero(of_writer & MADE.genuine))


@pytest.mark.parametrize(("count", "draw"), DRAWS)
def test_one_genuine_specimen_of_each_other_writer_is_a_random_forgery(count, draw):
    asked = np.unique(draw.random // 1000).astype(int)
    writer = MADE.writers[references_of(draw)[0]]

    assert sorted(MADE.writers[asked]) == sorted({0, 1, 2} - {int(writer)})
    assert MADE.genuine[asked].all()


def test_one_reference_is_tried_with_each_genuine_specimen_in_turn():
    drawn = protocol.draws(TABLE, MADE, count=1)

    assert [[references_of(draw)[0] for draw in draws] for draws in drawn] == [
        [0, 1, 2, 3],
        [6, 7, 8],
        [10, 11],
    ]


@pytest.mark.parametrize(("count", "writers"), [(1, 3), (2, 2), (3, 1), (4, 0)])
def test_writers_with_nothing_left_to_ask_about_are_left_out(count, writers):
    assert len(protocol.draws(TABLE, MADE, count=count)) == writers


def test_several_references_are_drawn_anew_every_round_and_alike_every_time():
    made = gallery((9, 1), (9, 1))
    table = numbered(20)

    first, again = (protocol.draws(table, made, count=4, rounds=6) for _ in range(2))

    sets = [tuple(references_of(draw)) for draw in first[0]]
    assert len(sets) == 6
    assert len(set(sets)) > 1
    assert sets == [tuple(references_of(draw)) for draw in again[0]]


@pytest.mark.parametrize(
    ("writer", "count", "expected"),
    [
        pytest.param(0, 1, [6, 10], id="one of each"),
        pytest.param(1, 2, [0, 1, 10, 11], id="two of each"),
        pytest.param(2, 3, [0, 1, 2, 6, 7, 8], id="three of each"),
        pytest.param(0, 9, [6, 7, 8, 10, 11], id="all there are"),
    ],
)
def test_random_forgeries_are_the_first_genuine_specimens_of_every_other_writer(writer, count, expected):
    assert protocol.some_of_each_other(MADE, writer, count).tolist() == expected


def test_only_pairs_that_a_trial_needs_are_asked():
    pairs = {
        (int(query), int(reference))
        for queries, references in protocol.asked(MADE)
        for query in queries
        for reference in references
    }

    needed = set()
    for count in (1, 2, 3):
        for draws in protocol.draws(TABLE, MADE, count=count):
            for draw in draws:
                cells = np.concatenate([draw.genuine.ravel(), draw.skilled.ravel(), draw.random.ravel()])
                needed |= {(int(cell) // 1000, int(cell) % 1000) for cell in cells}
    assert needed <= pairs
    assert all(MADE.genuine[reference] for _, reference in pairs)
    assert len(pairs) < len(MADE.writers) ** 2 / 2


def test_the_agreement_is_the_mean_of_the_references_without_themselves():
    among = np.array([[99.0, 1.0, 2.0], [3.0, 99.0, 4.0], [5.0, 6.0, 99.0]])
    table = np.zeros((4, 4))
    table[:3, :3] = among
    made = Gallery([], np.zeros(4, np.int64), np.ones(4, bool))

    agreements = [
        draw.traits.agreement
        for draw in protocol.draws(table, made, count=3, rounds=30)[0]
        if set(draw.genuine_rows.tolist()) == {3}
    ]

    assert agreements
    assert agreements == pytest.approx([(1 + 2 + 3 + 4 + 5 + 6) / 6] * len(agreements))


def test_a_single_reference_agrees_with_nobody():
    assert {draw.traits for draws in protocol.draws(TABLE, MADE, count=1) for draw in draws} == {Traits()}


@pytest.mark.parametrize(("count", "known"), [(1, True), (2, False)])
def test_a_single_reference_has_the_steadiness_of_its_specimen(count, known):
    steady = replace(MADE, steadiness=np.arange(1.0, len(MADE.writers) + 1))

    drawn = [draw for draws in protocol.draws(TABLE, steady, count=count) for draw in draws]

    genuine = np.flatnonzero(MADE.genuine) + 1.0
    assert {draw.traits.steadiness for draw in drawn} == (set(genuine.tolist()) if known else {0.0})


def test_trials_hold_one_score_a_query_by_writer():
    drawn = protocol.draws(TABLE, MADE, count=2, rounds=3)

    trials = protocol.trials(drawn, protocol.mean)

    assert [(len(t.genuine), len(t.skilled), len(t.random)) for t in trials] == [(6, 6, 6), (3, 3, 6)]
    draw = drawn[0][0]
    assert trials[0].genuine[0] == pytest.approx(draw.genuine[0].mean())


def fit(references: int, **changes: float) -> Fit:
    values = {
        "slope": 1.0,
        "agreement": 0.0,
        "intercept": 0.0,
        "genuine_from": 0.8,
        "forged_below": 0.2,
        "medium": 1.0,
        "high": 2.0,
        "medium_forged": 1.0,
        "high_forged": 2.0,
    }
    return Fit(references, **(values | changes))


@pytest.mark.parametrize(
    ("sharpness", "count", "expected"),
    [
        pytest.param(0.0, 1, 2.0 * 4 - 1, id="mean, fit of one reference"),
        pytest.param(0.0, 3, 3.0 * 4 + 0.5 * 10 + 1, id="mean, fit of three references"),
        pytest.param(1.0, 3, 3.0 * math.log((math.e**3 + math.e**5) / 2) + 0.5 * 10 + 1, id="soft maximum"),
    ],
)
def test_ratios_are_those_of_the_shipped_formula(sharpness, count, expected):
    fits = (fit(1, slope=2.0, intercept=-1.0), fit(3, slope=3.0, agreement=0.5, intercept=1.0))
    calibration = Calibration("v", sharpness, fits, OpenSetThreshold(0, 1, 0.05))

    score = protocol.llr(calibration, count)

    assert score(np.array([[3.0, 5.0]]), Traits(10.0)) == pytest.approx([expected])


@pytest.fixture(scope="module")
def signers():
    return readers.invented([1, 2], specimens=2)


def test_a_gallery_holds_every_specimen_with_whose_it_is(signers):
    made = protocol.make_gallery(signers, "drawn")

    assert made.writers.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert made.genuine.tolist() == [True, True, False, False] * 2
    assert {image.shape for image in made.images} == {(HEIGHT, WIDTH)}
    assert all(image.min() >= 0 and 0.9 < image.max() <= 1 for image in made.images)


def test_a_gallery_of_all_pens_differs_from_that_of_one(signers):
    common = protocol.make_gallery(signers)
    varied = protocol.make_gallery(signers, pen=np.random.default_rng(1))

    assert any(
        not np.array_equal(first, second) for first, second in zip(common.images, varied.images, strict=True)
    )


class Measure(torch.nn.Module):
    """An encoder of two numbers: the ink of the left and of the right half."""

    def forward(self, images):
        left, right = images[:, 0, :, : WIDTH // 2], images[:, 0, :, WIDTH // 2 :]
        return torch.stack([left.sum((1, 2)), right.sum((1, 2))], dim=1)


class Difference(torch.nn.Module):
    """A matcher that says a's first number less b's."""

    def forward(self, a, b):
        return a[:, 0] - b[:, 0]


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_embeddings_do_not_depend_on_the_batch(batch):
    images = [np.full((HEIGHT, WIDTH), value, np.float32) for value in (0.0, 0.25, 1.0)]

    embedded = protocol.embed(Measure(), images, batch=batch)

    half = HEIGHT * WIDTH / 2
    assert embedded == pytest.approx(np.array([[0, 0], [half / 4, half / 4], [half, half]]))


def test_logits_are_those_of_all_pairs_query_first():
    a, b = np.array([[1.0], [5.0]], np.float32), np.array([[1.0], [2.0], [4.0]], np.float32)

    assert protocol.logits(Difference(), a, b).tolist() == [[0, -1, -3], [4, 3, 1]]


class FirstLess:
    """The same as Difference, as a worker's matcher."""

    version = "first less"

    def logits(self, query, references):
        return (query[0] - references[:, 0]).astype(np.float64)


def test_scores_in_torch_and_as_shipped_fill_the_same_cells_alike():
    embeddings = np.arange(len(MADE.writers), dtype=np.float32)[:, None] ** 2

    torch_table = protocol.logits_within(Difference(), MADE, embeddings)
    shipped_table = scoring.within(MADE, embeddings, FirstLess())

    assert np.isnan(torch_table).any()
    assert np.array_equal(torch_table, shipped_table, equal_nan=True)


def test_dirty_queries_meet_clean_references():
    clean = np.zeros((len(MADE.writers), 1), np.float32)

    table = scoring.within(MADE, clean, FirstLess(), queries=clean + 7)

    assert set(table[~np.isnan(table)]) == {7.0}


def test_more_random_forgeries_are_scored_where_more_are_asked():
    embeddings = np.zeros((len(MADE.writers), 1), np.float32)

    few, many = (
        np.isfinite(scoring.within(MADE, embeddings, FirstLess(), others=others)).sum() for others in (1, 2)
    )

    assert many - few == 2 * 4 + 2 * 3 + 2 * 2


def test_validation_figures_are_perfect_where_hands_lie_apart(signers):
    far = torch.nn.ModuleDict({"encoder": Apart(), "matcher": Cosine()})
    made = gallery((6, 2), (6, 2))
    images = [
        np.full((HEIGHT, WIDTH), 0.1 * writer + 0.3 * (not genuine), np.float32)
        for writer, genuine in zip(made.writers + 1, made.genuine, strict=True)
    ]

    figures = protocol.quick_figures(far, Gallery(images, made.writers, made.genuine))

    assert figures == dict.fromkeys(("skilled_1", "random_1", "skilled_5", "cosine_skilled_1"), 0.0)


class Apart(torch.nn.Module):
    """Another axis for every tenth of darkness."""

    def forward(self, images):
        return torch.nn.functional.one_hot((images.mean((1, 2, 3)) * 10).round().long(), 256).float()


class Cosine(torch.nn.Module):
    """The product of both."""

    def forward(self, a, b):
        return (a * b).sum(dim=1)
