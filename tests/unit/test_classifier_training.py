"""Training the crop classifier: drawn pieces, figures, the choice of the gate, resuming, export."""

import shutil

import cv2
import numpy as np
import pytest
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from training.classifier import drawn, gate, sets  # noqa: E402
from training.classifier.augment import moved, varied_look  # noqa: E402
from training.classifier.evaluate import classify_pieces  # noqa: E402
from training.classifier.export import mean_classifier, register_classifier, trained_classifier  # noqa: E402
from training.classifier.metrics import Predictions, confusions, crop_figures  # noqa: E402
from training.classifier.network import KindProbabilities  # noqa: E402
from training.classifier.pieces import Piece, cut_piece, whole  # noqa: E402
from training.classifier.settings import CLASSIFIER_SETTINGS, ClassifierSettings  # noqa: E402
from training.classifier.shipped import shipped_network  # noqa: E402
from training.classifier.train import (  # noqa: E402
    CropBatches,
    fit_classifier,
    resume_classifier,
    start_classifier,
)
from training.common.checkpoints import save_checkpoint  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.detector.testsets import PageCase  # noqa: E402
from training.synthesis.typeset import CARRIED, SEEN, UNSEEN, folder_faces, package_faces  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.crops import crop  # noqa: E402
from worker.vision.detection.classifier import (  # noqa: E402
    KINDS,
    LOOK_HEIGHT,
    LOOK_WIDTH,
    MARGIN,
    Kind,
    Look,
    OnnxClassifier,
    as_look,
)
from worker.vision.values import Box, DetectedRegion  # noqa: E402

SEEDS = range(7_000_000, 7_000_006)
#: What the shipped weights say of the drawn pieces: a row per true kind, a column per answer.
SHIPPED = [[6, 0, 0, 0], [0, 6, 0, 0], [0, 1, 11, 0], [0, 0, 0, 6]]


@pytest.fixture(scope="module")
def pieces():
    """A few drawn pieces of every kind."""
    return [
        *drawn.draw_signatures(SEEDS),
        *drawn.draw_handwriting(SEEDS),
        *drawn.draw_typed(SEEDS, CARRIED, (*SEEN, *UNSEEN), source="print", a_sheet=2),
        *drawn.draw_emblems(SEEDS),
    ]


def plain_look(piece: Piece) -> Look:
    """The piece as a perfect detector would hand it over."""
    return as_look(crop(piece.pixels, piece.box, margin=MARGIN))


def settings(**changed):
    quick = {"batch": 8, "minutes": 5.0, "validate_minutes": 1e-6}
    return read_settings(ClassifierSettings, CLASSIFIER_SETTINGS, changes=quick | changed)


def test_the_same_seed_draws_the_same_pieces(pieces):
    again = [*drawn.draw_signatures(SEEDS[:2]), *drawn.draw_handwriting(SEEDS[:2])]

    first = {(one.kind, one.group): one for one in pieces}
    assert all(np.array_equal(one.pixels, first[one.kind, one.group].pixels) for one in again)


def test_every_kind_is_drawn_with_its_ink_inside_its_box(pieces):
    assert {piece.kind for piece in pieces} == set(KINDS)
    for piece in pieces:
        box, shape = piece.box, piece.pixels.shape
        assert 0 <= box.x < box.x + box.width <= shape[1] + 1
        assert 0 <= box.y < box.y + box.height <= shape[0] + 1
        assert plain_look(piece).max() > 0.5


def test_a_cut_piece_keeps_its_surroundings_and_is_reduced():
    page = np.full((2000, 2000), 255, np.uint8)
    page[1000:1200, 800:1600] = 0

    piece = cut_piece(page, Box(800, 1000, 800, 200), Kind.SIGNATURE, source="page", group="page")

    inside = piece.pixels[
        int(piece.box.y) + 1 : int(piece.box.y + piece.box.height) - 1,
        int(piece.box.x) + 1 : int(piece.box.x + piece.box.width) - 1,
    ]
    assert piece.box.width == pytest.approx(320)
    assert piece.pixels.shape[1] > 500
    assert inside.max() < 10


def test_training_goes_on_from_what_ships(pieces):
    looks = np.stack([plain_look(piece) for piece in pieces])
    images = torch.from_numpy(looks[:, None])

    network = shipped_network(images, dropout=0.0)

    with torch.no_grad():
        served, trained = (KindProbabilities(network.train(mode))(images).numpy() for mode in (False, True))
    wanted = OnnxClassifier().classify(list(looks))
    assert np.allclose(served, wanted, atol=1e-4)
    assert np.allclose(trained, wanted, atol=1e-3)


def test_ink_without_extent_is_no_piece():
    assert whole(np.zeros((40, 40), np.uint8), Kind.SIGNATURE, source="x", group="x") is None


def test_pieces_come_back_from_disk_as_they_were(pieces, tmp_path):
    store = sets.PieceFile(tmp_path / "pieces.npz")
    store.save(pieces)

    for loaded, piece in zip(store.load(), pieces, strict=True):
        assert np.array_equal(loaded.pixels, piece.pixels)
        assert (loaded.kind, loaded.source, loaded.group, loaded.box, loaded.ink) == (
            piece.kind,
            piece.source,
            piece.group,
            piece.box,
            piece.ink,
        )


def test_variations_differ_and_stay_within_the_networks_range(pieces):
    looks = [varied_look(pieces[0], pieces, np.random.default_rng(seed)) for seed in range(6)]

    assert all(
        look.shape == (LOOK_HEIGHT, LOOK_WIDTH) and 0 <= look.min() <= look.max() <= 1 for look in looks
    )
    assert not np.array_equal(looks[0], looks[1])


def test_boxes_as_detectors_give_them_still_overlap_the_true_one():
    box = Box(100, 100, 200, 80)

    for seed in range(50):
        other = moved(box, np.random.default_rng(seed))
        across = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
        down = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
        assert across * down >= 0.4 * box.width * box.height


def test_figures_count_what_was_called_what():
    truths, answers = np.array([0, 0, 0, 2, 2, 3]), np.array([0, 0, 2, 2, 0, 3])
    figures = crop_figures(Predictions(truths, answers, tuple("aabbcc"), ("x",) * 6), rounds=50)

    assert figures.accuracy.value == pytest.approx(4 / 6)
    assert figures.signature_accuracy.value == pytest.approx(4 / 6)
    assert figures.signature_precision.value == pytest.approx(2 / 3)
    assert figures.signature_recall.value == pytest.approx(2 / 3)
    assert figures.documents == 3
    assert figures.confusion == ((2, 0, 1, 0), (0, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 1))


def test_signatures_are_told_from_all_else_whatever_else_it_is():
    truths, answers = np.array([0, 2, 3]), np.array([0, 3, 1])

    figures = crop_figures(Predictions(truths, answers, tuple("abc"), ("x",) * 3), rounds=50)

    assert figures.signature_accuracy.value == 1.0
    assert figures.accuracy.value == pytest.approx(1 / 3)


def reviewed(*doubts: float, signed: float) -> list[gate.Reviewed]:
    """Pages with one false alarm of each doubt, and as many signed ones whose signature has that doubt."""

    def read_nothing():
        raise AssertionError("pages were read already")

    box, region = Box(0, 0, 10, 10), DetectedRegion(Box(0, 0, 10, 10), 0.9, Label.SIGNATURE)
    false = [
        gate.Reviewed(PageCase(str(i), str(i), read_nothing), (), (region,), (doubt,))
        for i, doubt in enumerate(doubts)
    ]
    true = [
        gate.Reviewed(PageCase(f"s{i}", f"s{i}", read_nothing), (box,), (region,), (signed,))
        for i in range(len(doubts))
    ]
    return false + true


def test_the_greatest_doubt_that_takes_all_false_alarms_away_is_chosen():
    choice = gate.chosen(reviewed(0.85, 0.97, signed=0.01), min_score=0.02)

    assert (choice.doubt, choice.default) == (0.8, True)


def test_a_gate_that_costs_signatures_is_off_by_default():
    choice = gate.chosen(reviewed(0.75, 0.75, signed=0.995), min_score=0.5)

    assert not choice.default


def test_a_gate_that_takes_nothing_away_is_off_by_default():
    choice = gate.chosen(reviewed(0.1, 0.2, signed=0.01), min_score=0.5)

    assert (choice.doubt, choice.default) == (0.99, False)


def test_the_gate_weighs_scores_and_without_it_they_stay():
    (alarm,) = (one for one in reviewed(0.5, signed=0.0) if not one.truths)

    assert alarm.scored(None).scores.tolist() == [0.9]
    assert alarm.scored(0.7).scores.tolist() == [0.45]
    assert alarm.scored(0.4).scores.tolist() == []


class PulledPlugError(Exception):
    """The machine went away in the middle of a training."""


def test_an_interrupted_training_goes_on_after_its_last_checkpoint(pieces, tmp_path):
    seen: list[float] = []

    def pull_the_plug(figures: dict[str, float]) -> None:
        seen.append(figures["step"])
        if len(seen) in (2, 4):
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        fit_classifier(start_classifier(settings()), pieces, pieces, tmp_path, pull_the_plug)
    with pytest.raises(PulledPlugError):
        fit_classifier(
            resume_classifier(settings(), tmp_path / "last.pt"), pieces, pieces, tmp_path, pull_the_plug
        )

    assert seen == [1, 2, 3, 4]


def test_a_step_has_the_same_batch_in_every_run(pieces):
    first, second = (CropBatches(pieces, settings()).draw(3) for _ in range(2))

    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_kinds_are_taken_by_their_shares(pieces):
    shares = dict.fromkeys(KINDS, 0.0) | {Kind.PRINTED_TEXT: 3.0, Kind.SIGNATURE: 1.0}
    batches = CropBatches(pieces, settings(shares=shares))

    taken = torch.cat([batches.draw(step)[1] for step in range(20)]).bincount(minlength=len(KINDS))

    assert taken[KINDS.index(Kind.PRINTED_TEXT)] > 2 * taken[KINDS.index(Kind.SIGNATURE)] > 0
    assert taken.sum() == 160 == taken[KINDS.index(Kind.PRINTED_TEXT)] + taken[KINDS.index(Kind.SIGNATURE)]


def test_onnx_and_torch_give_the_same_probabilities(pieces, tmp_path):
    run = start_classifier(settings())
    for module in run.average.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    save_checkpoint(run, tmp_path / "last.pt")
    register_classifier([tmp_path / "last.pt"], doubt=0.9, default=False, folder=tmp_path)

    looks = [plain_look(piece) for piece in pieces]
    with torch.no_grad():
        wanted = KindProbabilities(trained_classifier(tmp_path / "last.pt"))(
            torch.from_numpy(np.stack(looks)[:, None])
        )

    assert np.allclose(OnnxClassifier(folder=tmp_path).classify(looks), wanted.numpy(), atol=1e-5)


def test_the_mean_of_checkpoints_lies_between_them(pieces, tmp_path):
    paths = [tmp_path / "first.pt", tmp_path / "second.pt"]
    for seed, path in enumerate(paths):
        run = start_classifier(settings(seed=seed))
        for module in run.average.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        save_checkpoint(run, path)
    images = torch.from_numpy(np.stack([plain_look(piece) for piece in pieces])[:, None])

    once, twice, both = (mean_classifier(names) for names in (paths[:1], paths[:1] * 2, paths))

    with torch.no_grad():
        wanted = trained_classifier(paths[0])(images)
        assert torch.allclose(once(images), wanted, atol=1e-4)
        assert torch.allclose(twice(images), wanted, atol=1e-4)
        assert not torch.allclose(both(images), wanted, atol=1e-2)
    ends = [mean_classifier([path]).head[3].bias for path in paths]
    assert torch.allclose(both.head[3].bias, (ends[0] + ends[1]) / 2)


def test_own_crops_are_named_by_their_folders(tmp_path):
    for kind in ("signature", "stamp_or_logo"):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "1.png"), np.full((30, 60), 200, np.uint8))

    pieces = list(sets.own_pieces(tmp_path))

    assert [(one.kind, one.pixels.shape) for one in pieces] == [
        (Kind.SIGNATURE, (30, 60)),
        (Kind.STAMP_OR_LOGO, (30, 60)),
    ]


@pytest.mark.parametrize(
    "folder", [pytest.param("signatures", id="unknown name"), pytest.param("", id="empty")]
)
def test_own_folders_that_mean_nothing_are_refused_with_the_names_that_do(folder, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)

    with pytest.raises(WrongUse, match="signature, handwriting, printed_text, stamp_or_logo"):
        list(sets.own_pieces(tmp_path))


def test_the_shipped_classifier_answers_drawn_crops_as_it_did_when_it_was_measured(pieces):
    classified, _ = classify_pieces(pieces, OnnxClassifier())

    assert confusions(classified).sum(axis=0).tolist() == SHIPPED


def test_fonts_of_a_folder_are_learnt_from_but_for_the_hands_that_measure(tmp_path):
    face, hand, other = (
        package_faces(name)[0].file for name in ("matplotlib", "fontpkg_kalam", "fontpkg_delius")
    )
    web = tmp_path / "fonts" / "hands" / "kalam-latin-400.woff"
    web.parent.mkdir(parents=True)
    with TTFont(hand) as font:
        font.flavor = "woff"
        font.save(web)
    shutil.copy(other, web.parent / other.name)
    (tmp_path / "fonts" / "print").mkdir()
    shutil.copy(face, tmp_path / "fonts" / "print")

    fonts = sets.read_fonts(tmp_path / "fonts", tmp_path / "converted")

    installed = sets.read_fonts(None, tmp_path).hands
    assert [one.file.name for faces in fonts.hands[len(installed) :] for one in faces] == [
        "kalam-latin-400.ttf"
    ]
    assert face.name in {one.file.name for one in fonts.printed if one.file}
    (note, *_) = drawn.draw_penned(range(3), fonts.hands[len(installed) :])
    assert note.pixels.min() < 128


def test_a_font_without_letters_is_left_out(tmp_path):
    with TTFont(package_faces("fontpkg_kalam")[0].file) as font:
        part = Subsetter()
        part.populate(unicodes=range(0x915, 0x929))
        part.subset(font)
        font.save(tmp_path / "devanagari.ttf")

    assert folder_faces(tmp_path, tmp_path / "converted") == []


def test_a_folder_without_fonts_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="has no font"):
        sets.read_fonts(tmp_path, tmp_path / "converted")
