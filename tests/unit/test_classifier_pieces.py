"""What the crop classifier is trained on: pieces of pages, drawn pieces, and their splits."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training is an optional extra")

from tests.evaluation_data import write_csv
from training.classifier import drawn, emblems, real, sets
from training.classifier.augment import moved, varied_look, worn
from training.classifier.pieces import AROUND, LARGEST, Piece, cut_piece, whole
from training.synthesis.hands import LEARNT_HANDS, TEST_HANDS, installed_hands
from training.synthesis.typeset import CARRIED, SEEN, UNSEEN
from training.verifier.readers import Scanned, SignerSpecimens
from worker.errors import WrongUse
from worker.vision.crops import crop
from worker.vision.detection.classifier import LOOK_HEIGHT, LOOK_WIDTH, MARGIN, Kind, Look, as_look
from worker.vision.values import Box


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain_look(piece: Piece) -> Look:
    """The piece as a perfect detector would hand it over."""
    return as_look(crop(piece.pixels, piece.box, margin=MARGIN))


def page(*boxes: Box) -> np.ndarray:
    """A white page, 1000 wide and 1400 high, with a black rectangle per box."""
    pixels = np.full((1400, 1000), 255, np.uint8)
    for box in boxes:
        pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 0
    return pixels


def cut(box: Box) -> Piece:
    return cut_piece(page(box), box, Kind.SIGNATURE, source="page", group="document")


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(Box(300, 500, 200, 60), id="in the middle"),
        pytest.param(Box(0, 0, 200, 60), id="in a corner"),
        pytest.param(Box(880, 1360, 120, 40), id="at the other corner"),
        pytest.param(Box(100, 300, 800, 200), id="so large that it is reduced"),
    ],
)
def test_a_piece_s_box_is_where_its_ink_is(box: Box) -> None:
    piece = cut(box)

    rows, columns = np.nonzero(piece.pixels < 128)
    ink = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    inner = piece.box
    assert ink == pytest.approx((inner.x, inner.y, inner.x + inner.width, inner.y + inner.height), abs=1.5)
    assert max(inner.width, inner.height) <= LARGEST


def test_a_piece_keeps_room_around_its_box_but_none_beyond_the_page() -> None:
    inside, corner = cut(Box(300, 500, 200, 60)), cut(Box(0, 0, 200, 60))

    assert inside.box.x == pytest.approx(AROUND * 200, abs=1)
    assert (corner.box.x, corner.box.y) == (0, 0)


def test_pure_ink_lies_in_the_middle_of_its_paper() -> None:
    ink = np.zeros((100, 300), np.uint8)
    ink[20:60, 50:150] = 255

    piece = whole(ink, Kind.HANDWRITING, source="x", group="y")

    assert piece is not None and piece.ink
    assert piece.pixels.shape == (40 + 2 * 16, 100 + 2 * 40)
    assert piece.box == Box(40, 16, 100, 40)
    assert (piece.pixels[16:56, 40:140] == 0).all() and piece.pixels[0].min() == 255


@pytest.mark.parametrize(
    "extent", [pytest.param((3, 90), id="too flat"), pytest.param((90, 3), id="too narrow")]
)
def test_a_dash_is_no_piece(extent: tuple[int, int]) -> None:
    ink = np.zeros((120, 120), np.uint8)
    ink[10 : 10 + extent[0], 10 : 10 + extent[1]] = 255

    assert whole(ink, Kind.SIGNATURE, source="x", group="y") is None


def test_one_box_in_eight_is_cut_on_one_side_and_no_other_loses_much() -> None:
    box, cuts = Box(200, 200, 200, 100), 0
    for seed in range(400):
        other = moved(box, rng(seed))
        lost = (
            (other.x - 200) / 200,
            (other.y - 200) / 100,
            (400 - other.x - other.width) / 200,
            (300 - other.y - other.height) / 100,
        )
        deep = [side for side in lost if side > 0.1]
        assert max(lost) <= 0.35 + 1e-9
        cuts += bool([side for side in deep if side > 0.12])
        assert len([side for side in lost if side > 0.12]) <= 1

    assert 0.07 < cuts / 400 < 0.19


def test_a_moved_box_never_begins_beyond_the_page() -> None:
    boxes = [moved(Box(2, 3, 100, 40), rng(seed)) for seed in range(100)]

    assert all(box.x >= 0 and box.y >= 0 for box in boxes)


def test_wear_leaves_dark_ink_darker_than_its_paper() -> None:
    image = np.full((80, 240), 235, np.uint8)
    image[30:50, 60:180] = 30
    for seed in range(40):
        seen = worn(image, rng(seed))

        height, width = seen.shape
        middle = seen[int(0.44 * height) : int(0.56 * height), int(0.35 * width) : int(0.65 * width)]
        assert seen.dtype == np.uint8
        assert np.median(middle) + 60 < np.quantile(seen, 0.8)


def test_only_bare_ink_is_laid_on_other_paper() -> None:
    ink = np.zeros((60, 200), np.uint8)
    ink[20:40, 40:160] = 255
    bare = whole(ink, Kind.SIGNATURE, source="x", group="y")
    assert bare is not None
    on_paper = Piece(bare.kind, "x", "y", bare.pixels, bare.box, ink=False)
    white, black = (
        cut_piece(paper, Box(9, 9, 400, 400), Kind.PRINTED_TEXT, source="p", group="p")
        for paper in (page(), page(Box(0, 0, 1000, 1400)))
    )

    def differing(piece: Piece) -> int:
        looks = ([varied_look(piece, [paper], rng(seed)) for paper in (white, black)] for seed in range(40))
        return sum(not np.array_equal(first, second) for first, second in looks)

    assert differing(on_paper) == 0
    assert 12 <= differing(bare) <= 32


@pytest.mark.parametrize("seed", range(8))
def test_an_emblem_is_ink_with_blanks_on_a_frame_of_its_own_size(seed: int) -> None:
    first, again = emblems.emblem(rng(seed)), emblems.emblem(rng(seed))

    assert np.array_equal(first, again)
    assert 0.01 < (first > 60).mean() < 0.95
    assert min(first.shape) > 12


def test_emblems_come_in_many_sizes_and_most_are_not_square() -> None:
    shapes = {emblems.emblem(rng(seed)).shape for seed in range(24)}

    assert len(shapes) > 16
    assert sum(abs(height - width) > 20 for height, width in shapes) > 8


def test_a_signature_s_group_is_its_signer_and_a_sheet_s_windows_share_theirs() -> None:
    signatures = list(drawn.draw_signatures(range(5, 8)))
    windows = list(drawn.draw_typed(range(5, 8), CARRIED, SEEN, source="print", a_sheet=3))

    assert [piece.group for piece in signatures] == ["signer 5", "signer 6", "signer 7"]
    assert {piece.group for piece in windows} <= {"sheet 5", "sheet 6", "sheet 7"}
    assert max(sum(piece.group == group for piece in windows) for group in ("sheet 5", "sheet 6")) <= 3


def test_print_names_the_script_it_is_set_in() -> None:
    greek = drawn.draw_typed(range(3), CARRIED, ["greek"], source="print", a_sheet=1)

    assert {piece.source for piece in greek} == {"print, greek"}


def test_handwriting_has_no_kind_of_its_own_beside_fonts_and_strokes() -> None:
    fonts = list(drawn.draw_penned(range(2), installed_hands(LEARNT_HANDS), a_sheet=1))
    strokes = list(drawn.draw_handwriting(range(2)))

    assert {piece.kind for piece in (*fonts, *strokes)} == {Kind.HANDWRITING}
    assert {piece.source for piece in fonts} == {"handwriting font"}
    assert all(plain_look(piece).shape == (LOOK_HEIGHT, LOOK_WIDTH) for piece in (*fonts, *strokes))


def test_what_measures_is_never_drawn_from_what_is_trained_on() -> None:
    assert not set(LEARNT_HANDS) & set(TEST_HANDS)
    assert not set(SEEN) & set(UNSEEN)
    ends = [range(first, first + 400_000) for first in (sets.TRAIN_SEED, sets.VALID_SEED, sets.TEST_SEED)]
    assert all(first.stop <= second.start for first, second in pairwise(ends))


def test_specimens_of_a_signer_are_drawn_by_lot_and_name_their_writer() -> None:
    inks = [np.pad(np.full((10, 30 + number), 255, np.uint8), 10) for number in range(6)]
    signer = SignerSpecimens(
        "cedar", "7", [Scanned(ink) for ink in inks[:4]], [Scanned(ink) for ink in inks[4:]]
    )

    first, again, other = (list(real.specimens([signer], each=3, seed=seed)) for seed in (1, 1, 2))

    widths = [[piece.box.width for piece in pieces] for pieces in (first, again, other)]
    assert len(first) == 3 and {piece.group for piece in first} == {"cedar 7"}
    assert widths[0] == widths[1] != widths[2]


SIGNATURE, LOGO = Box(100, 1000, 300, 100), Box(600, 60, 200, 120)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three original pages of Tobacco800 (training, training, test), each with print, a signature and a logo.

    A page of hlx8j has no original here; the certificate is unsigned.
    """
    described = []
    for number, (name, splits) in enumerate((("aaa", ["train"]), ("bbb", []), ("ccc", ["test"]))):
        lines = [Box(100 + 10 * number, y, 700, 14) for y in range(300 + 7 * number, 900, 40)]
        image = tmp_path / "tobacco800" / "images" / f"{name}.tif"
        image.parent.mkdir(parents=True, exist_ok=True)
        pixels = page(SIGNATURE, LOGO, *lines)
        if splits != ["test"]:
            # A form of its own each, or the pages would count as twins of the test page.
            pixels[1150:1390] = np.repeat(rng(number).integers(0, 2, (6, 10), np.uint8) * 255, 100, 1).repeat(
                40, 0
            )
        Image.fromarray(pixels).save(image)
        boxes = [
            {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "label": label}
            for box, label in ((SIGNATURE, "signature"), (LOGO, "logo"))
        ]
        described.append(
            {
                "image": f"images/{name}.tif",
                "source_name": f"{name}.tif",
                "document_group": name,
                "hlx8j_splits": splits,
                "boxes": boxes,
            }
        )
    (tmp_path / "tobacco800" / "annotations.json").write_text(json.dumps(described), encoding="utf-8")
    rows = []
    for split, name in (("train", "ddd"), ("train", "aaa")):
        image = tmp_path / "hlx8j" / split / "images" / f"{name}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(len(name + split)).integers(0, 255, (64, 64), np.uint8)).resize(
            (640, 640), Image.Resampling.NEAREST
        ).save(image)
        label = image.parent.parent / "labels" / f"{name}.txt"
        label.parent.mkdir(exist_ok=True)
        label.write_text("0 0.5 0.5 0.25 0.125\n", encoding="utf-8")
        row = {"image": f"{split}/images/{name}.jpg", "split": split, "source_page": f"{name}_jpg"}
        rows.append(row | {"leaks": 0, "original_here": "", "near_duplicate_of": ""})
    write_csv(tmp_path / "hlx8j" / "sources.csv", rows)
    certificate = tmp_path / "rf100_color" / "train" / "images" / "image_1.rf.0.jpg"
    certificate.parent.mkdir(parents=True)
    Image.fromarray(page(Box(50, 50, 400, 300))).save(certificate)
    row = {"image": "train/images/image_1.rf.0.jpg", "hlx8j_split": "train", "hlx8j_splits": "train"}
    write_csv(tmp_path / "rf100_color" / "pages.csv", [row])
    return tmp_path


def test_pages_of_a_test_document_give_no_piece_to_training(root: Path) -> None:
    training, test = ({page.group for page in real.signatures(root, split)} for split in ("train", "test"))

    assert training == {"aaa", "bbb", "ddd_jpg"}
    assert test == {"ccc"}


def test_squares_with_an_original_here_are_not_taken_twice(root: Path) -> None:
    pieces = list(real.signatures(root, "train"))

    assert [(piece.source, piece.group) for piece in pieces] == [
        ("Tobacco800", "aaa"),
        ("Tobacco800", "bbb"),
        ("hlx8j", "ddd_jpg"),
    ]


def test_annotated_signatures_and_logos_are_cut_where_they_stand(root: Path) -> None:
    (signature,), (logo,) = list(real.signatures(root, "test")), list(real.logos(root, "test"))

    assert (signature.kind, logo.kind) == (Kind.SIGNATURE, Kind.STAMP_OR_LOGO)
    assert signature.box.width / signature.box.height == pytest.approx(3.0, rel=0.02)
    assert logo.box.width / logo.box.height == pytest.approx(200 / 120, rel=0.02)


def test_windows_of_print_keep_off_signatures_and_logos(root: Path) -> None:
    windows = list(real.print_windows(root, "test", a_page=6, seed=1))
    again = list(real.print_windows(root, "test", a_page=6, seed=1))

    assert windows and all(piece.kind is Kind.PRINTED_TEXT for piece in windows)
    # Lines are 14 high and 26 apart; the signature and the logo are solid.
    assert all((piece.pixels < 128).mean() < 0.6 for piece in windows)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(windows, again, strict=True))


def test_own_crops_larger_than_pieces_are_reduced(tmp_path: Path) -> None:
    (tmp_path / "signature").mkdir()
    Image.fromarray(page()).save(tmp_path / "signature" / "large.png")

    (piece,) = sets.own_pieces(tmp_path)

    assert max(piece.pixels.shape) == LARGEST
    assert piece.box == Box(0, 0, piece.pixels.shape[1], piece.pixels.shape[0])
    assert piece.group == "large"


def test_an_own_crop_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "handwriting").mkdir()
    (tmp_path / "handwriting" / "note.png").write_text("no image", encoding="utf-8")

    with pytest.raises(WrongUse, match=r"note\.png is no image"):
        list(sets.own_pieces(tmp_path))
