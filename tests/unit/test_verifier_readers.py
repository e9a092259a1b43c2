"""Signature sets as they lie on disk: whose specimens they are, how they look, and what is left out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training is an optional extra")

from tests import signature_sets
from tests.handwriting import signature
from training.common.pixels import cut_to_ink
from training.verifier import readers, sets
from training.verifier.readers import CANVAS, Drawn, Scanned
from worker.errors import WrongUse


def sizes(signers):
    """Genuine and forged specimens by signer."""
    return {signer.name: (len(signer.genuine), len(signer.forged)) for signer in signers}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return signature_sets.write_all(tmp_path_factory.mktemp("data"), genuine=3, forged=2)


@pytest.mark.parametrize(
    ("split", "writers"),
    [
        pytest.param("train", ["1", "2", "3"], id="training"),
        pytest.param("validation", ["101", "102", "103"], id="validation"),
        pytest.param("test", ["121", "122", "123"], id="test"),
    ],
)
def test_a_split_holds_its_own_writers_and_duplicates_once(data, split, writers):
    signers = readers.bhsig(data / "verification" / "bhsig_hindi", split)

    assert sizes(signers) == dict.fromkeys(writers, (3, 2))


def test_no_writer_is_in_two_splits(data):
    by_split = [
        {signer.name for signer in readers.bhsig(data / "verification" / "bhsig_hindi", split)}
        for split in ("train", "validation", "test")
    ]

    assert sum(map(len, by_split)) == len(set().union(*by_split))


@pytest.mark.parametrize(
    ("read", "folder", "expected"),
    [
        pytest.param(readers.read_cedar, "cedar", dict.fromkeys(["201", "202", "203"], (3, 2)), id="CEDAR"),
        pytest.param(readers.read_dutch, "dutch", dict.fromkeys(["301", "302", "303"], (3, 2)), id="Dutch"),
        pytest.param(
            readers.crossmedia,
            "crossmedia_cn",
            {f"{volunteer}/{prompt}": (4, 0) for volunteer in range(80, 86) for prompt in (1, 2)},
            id="cross-media",
        ),
    ],
)
def test_a_set_gives_every_writers_specimens(data, read, folder, expected):
    assert sizes(read(data / "verification" / folder)) == expected


def test_images_for_measuring_are_those_of_the_file(data):
    (first, *_) = readers.read_cedar(data / "verification" / "cedar")

    assert np.array_equal(first.genuine[0].mask(), signature(201, wobble=1, scale=0.6))
    assert first.genuine[0].mask(np.random.default_rng(1)) is first.genuine[0].mask()


def test_images_for_training_are_ink_on_black_that_fits_the_canvas(data):
    (first, *_) = readers.bhsig(data / "verification" / "bhsig_hindi", "train")

    masks = [specimen.mask() for specimen in first.genuine + first.forged]

    assert all(mask.shape[0] <= CANVAS[1] and mask.shape[1] <= CANVAS[0] for mask in masks)
    assert all(mask[[0, -1]].any() and mask[:, [0, -1]].any() for mask in masks), "cut to the ink"
    assert all(mask.mean() < 128 for mask in masks)


def test_a_large_scan_is_brought_down_to_the_canvas_with_its_proportions(tmp_path):
    folder = tmp_path / "Ada" / "genuine"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "large.png"), signature(1, scale=3))

    ((signer,), (whole,)) = readers.folders(tmp_path), readers.folders(tmp_path, shrink=False)

    mask = signer.genuine[0].mask()
    ink = 255 - whole.genuine[0].mask()
    rows, columns = np.nonzero(ink > 128)
    proportion = np.ptp(columns) / np.ptp(rows)
    assert mask.shape[1] == CANVAS[0] or mask.shape[0] == CANVAS[1]
    assert mask.shape[1] / mask.shape[0] == pytest.approx(proportion, rel=0.05)


def test_writers_are_in_the_order_of_their_numbers(tmp_path):
    signature_sets.write_cedar(tmp_path, (10, 9, 101), genuine=1, forged=0)

    assert [signer.name for signer in readers.read_cedar(tmp_path)] == ["9", "10", "101"]


def test_tablet_signatures_are_named_by_their_corpus(tmp_path):
    signature_sets.write_online(tmp_path / "set.npz", (1, 2), genuine=2, forged=1, corpora=("a", "b"))
    signature_sets.write_online(tmp_path / "plain.npz", (1, 2), genuine=2, forged=1)

    assert sizes(readers.online(tmp_path / "set.npz")) == {"a/1": (2, 1), "b/2": (2, 1)}
    assert sizes(readers.online(tmp_path / "plain.npz")) == {"plain/1": (2, 1), "plain/2": (2, 1)}


def online_file(path, points, pen_down):
    """One genuine tablet recording."""
    x, y = np.array(points, np.int32).T
    np.savez(
        path,
        x=x,
        y=y,
        pen_down=np.array(pen_down, bool),
        offset=np.array([0, len(x)]),
        writer=np.array([1]),
        genuine=np.array([True]),
    )
    return readers.online(path)


@pytest.mark.parametrize(
    ("points", "what"),
    [
        pytest.param([(i, i) for i in range(9)], "nine points", id="too few points"),
        pytest.param([(i, 5) for i in range(40)], "no height", id="no height"),
        pytest.param([(7, 7)] * 40, "a dot", id="a dot"),
    ],
)
def test_a_recording_of_next_to_nothing_is_left_out(tmp_path, points, what):
    assert online_file(tmp_path / "set.npz", points, [True] * len(points)) == [], what


def test_a_lifted_pen_draws_nothing(tmp_path):
    left = [(x, 100 + 3 * (x % 7)) for x in range(0, 100, 2)]
    right = [(x, 100 + 3 * (x % 7)) for x in range(300, 400, 2)]
    lifted = [True] * 49 + [False] + [True] * 50

    (parted,) = online_file(tmp_path / "a.npz", left + right, lifted)
    (joined,) = online_file(tmp_path / "b.npz", left + right, [True] * 100)

    middle = slice(CANVAS[0] // 2 - 20, CANVAS[0] // 2 + 20)
    assert not parted.genuine[0].mask()[:, middle].any()
    assert joined.genuine[0].mask()[:, middle].any()


def test_tablets_count_upwards_and_pictures_downwards(tmp_path):
    rising = [(i, i) for i in range(0, 200, 2)]

    (signer,) = online_file(tmp_path / "set.npz", rising, [True] * 100)

    mask = cut_to_ink(signer.genuine[0].mask())
    half = mask.shape[0] // 2
    left, right = slice(0, mask.shape[1] // 2), slice(mask.shape[1] // 2, None)
    assert mask[:half, right].any() and mask[half:, left].any()
    assert mask[:half, left].sum() < mask[:half, right].sum() / 10


def test_a_drawn_specimen_fits_the_canvas_and_its_pen_varies():
    path = np.stack([np.linspace(0, 5000, 300), 900 * np.sin(np.linspace(0, 20, 300))], axis=1)
    specimen = Drawn(readers.on_canvas([path]))

    inked = [(specimen.mask(np.random.default_rng(seed)) > 0).sum() for seed in range(8)]

    assert len(set(inked)) > 1
    assert not specimen.mask()[[0, -1]].any()
    assert not specimen.mask()[:, [0, -1]].any()


def test_points_lie_evenly_along_a_path():
    (path,) = readers.on_canvas([np.array([[0.0, 0.0], [10.0, 0.0], [1000.0, 300.0]])])

    steps = np.hypot(*np.diff(path, axis=0).T)[8:-8]

    assert steps.max() < 1.2 * steps.min()


def test_authors_of_one_letter_alone_and_unnamed_ones_are_left_out(tmp_path):
    signature_sets.write_tobacco(tmp_path, ["Ada", "Bob", "Ada", "", ""])

    signers = readers.tobacco(tmp_path)

    assert sizes(signers) == {"Ada": (2, 0)}
    assert all(specimen.mask().any() for specimen in signers[0].genuine)


def test_invented_signers_are_the_same_for_the_same_seed():
    first, again, other = (readers.invented([seed], specimens=2)[0] for seed in (5, 5, 6))

    assert np.array_equal(first.genuine[1].mask(), again.genuine[1].mask())
    assert not np.array_equal(first.genuine[1].mask(), other.genuine[1].mask())
    assert (len(first.genuine), len(first.forged)) == (2, 2)


def write_images(folder, count, seed=1):
    folder.mkdir(parents=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"{number}.png"), signature(seed, wobble=number))


def test_ones_own_signers_are_folders_with_forgeries_where_there_are_any(tmp_path):
    write_images(tmp_path / "Ada" / "genuine", 3)
    write_images(tmp_path / "Bob" / "genuine", 2)
    write_images(tmp_path / "Bob" / "forged", 1, seed=2)
    (tmp_path / "notes.txt").write_text("a file beside the folders is not a signer")

    assert sizes(readers.folders(tmp_path)) == {"Ada": (3, 0), "Bob": (2, 1)}


def test_signers_without_genuine_specimens_are_all_named(tmp_path):
    write_images(tmp_path / "Ada" / "genuine", 1)
    write_images(tmp_path / "Bob" / "forged", 1)
    (tmp_path / "Cem").mkdir()

    with pytest.raises(WrongUse, match="Bob, Cem"):
        readers.folders(tmp_path)


def test_an_empty_folder_is_wrong_use(tmp_path):
    with pytest.raises(WrongUse, match="NAME/genuine"):
        readers.folders(tmp_path)


def test_a_file_that_is_no_image_is_named(tmp_path):
    write_images(tmp_path / "Ada" / "genuine", 1)
    (tmp_path / "Ada" / "genuine" / "scan.pdf").write_bytes(b"%PDF-1.4")

    with pytest.raises(WrongUse, match=r"scan\.pdf"):
        readers.folders(tmp_path)


def names(signers):
    return {signer.name for signer in signers}


def test_every_tenth_tablet_signer_is_held_out_of_training(data):
    everybody = [
        signer.name
        for name in ("susig", "svc2004")
        for signer in readers.online(data / "verification" / f"{name}.npz")
    ]

    training, held_out = sets.online_for_training(data), sets.online_validation(data)

    assert len(everybody) == 30
    assert names(training) == {name for i, name in enumerate(everybody) if i % 10 != 9}
    assert len(np.unique(held_out.writers)) == 3


def test_a_name_is_forged_by_other_volunteers_who_wrote_the_same_one(tmp_path):
    folder = tmp_path / "verification" / "crossmedia_cn"
    signature_sets.write_crossmedia(folder, [*range(1, 33), 81, 82])
    by_prompt = {}
    for signer in readers.crossmedia(folder):
        by_prompt.setdefault(signer.name.partition("/")[2], []).append(signer)

    signers = sets.names_for_training(tmp_path)

    assert {int(name.partition("/")[0]) for name in names(signers)} == set(range(1, 33))
    for signer in (signers[0], signers[-1]):
        genuine = [specimen.mask() for specimen in signer.genuine]
        same_name = [
            specimen.mask()
            for other in by_prompt[signer.name.partition("/")[2]]
            for specimen in other.genuine
        ]
        forged = [specimen.mask() for specimen in signer.forged]
        assert len(forged) == sets.SAME_NAME
        assert all(any(np.array_equal(mask, other) for other in same_name) for mask in forged)
        assert not any(np.array_equal(mask, other) for mask in forged for other in genuine)


def test_only_tablet_signers_with_forgeries_are_measured(tmp_path):
    path = tmp_path / "verification" / "mcyt.npz"
    signature_sets.write_online(path, (1,), genuine=2, forged=0)
    with np.load(path) as alone:
        unforged = dict(alone)
    signature_sets.write_online(path, (2,), genuine=2, forged=1)
    with np.load(path) as other:
        both = {
            name: np.concatenate([unforged[name], values])
            for name, values in other.items()
            if name != "offset"
        }
        both["offset"] = np.concatenate([unforged["offset"], unforged["offset"][-1] + other["offset"][1:]])
    np.savez(path, **both)

    gallery = sets.mcyt(tmp_path)

    assert gallery.source == "MCYT-100"
    assert gallery.genuine.tolist() == [True, True, False]


def test_a_scanned_specimen_is_not_drawn_with_another_pen():
    ink = np.eye(5, dtype=np.uint8)

    assert Scanned(ink).mask(np.random.default_rng(1)) is ink
