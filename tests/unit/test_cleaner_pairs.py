"""What the cleaner is trained on: signatures by their shares, other pens, fields that align."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from tests.handwriting import signature  # noqa: E402
from training.cleaner import pairs  # noqa: E402
from training.cleaner.dirt import Pair  # noqa: E402
from training.cleaner.pairs import Clean  # noqa: E402
from training.cleaner.settings import CLEANER_SETTINGS, CleanerSettings  # noqa: E402
from training.common.settings import read_settings  # noqa: E402
from training.verifier.readers import CANVAS, Drawn, Scanned  # noqa: E402
from worker.vision.cleaning.learned import FIELD_HEIGHT, FIELD_WIDTH  # noqa: E402
from worker.vision.crops import ink_mask  # noqa: E402

SETTINGS = read_settings(CleanerSettings, CLEANER_SETTINGS)
FIRST, SECOND, THIRD = (Scanned(ink_mask(signature(seed))) for seed in (1, 2, 3))
#: A pen that goes once across the canvas.
LEVEL = Drawn((np.array([[40, 128], [CANVAS[0] - 40, 128]], np.float32),))


def drawn_shares(clean: Clean, count: int = 400) -> list[float]:
    """How often each of the three specimens is drawn."""
    rng = np.random.default_rng(1)
    drawn = [clean.draw(rng) for _ in range(count)]
    return [sum(specimen is other for other in drawn) / count for specimen in (FIRST, SECOND, THIRD)]


def test_sources_are_drawn_by_their_shares_whatever_their_sizes() -> None:
    shares = drawn_shares(Clean((([FIRST, SECOND], 3.0), ([THIRD], 1.0))))

    assert shares == pytest.approx([0.375, 0.375, 0.25], abs=0.07)


def test_an_empty_source_gives_its_share_away() -> None:
    assert drawn_shares(Clean((([], 3.0), ([THIRD], 1.0))))[2] == 1.0


def test_a_source_without_a_share_is_never_drawn() -> None:
    assert drawn_shares(Clean((([FIRST], 0.0), ([SECOND], 1.0))))[:2] == [0.0, 1.0]


def test_a_pair_s_crop_is_dark_where_its_strokes_are() -> None:
    for seed in range(6):
        pair = pairs.pair(SECOND, np.random.default_rng(seed))
        grey = pair.dirty.min(axis=2).astype(float)

        assert np.median(grey[pair.strokes > 0]) < np.median(grey[pair.strokes == 0])


def test_a_recorded_pen_gets_other_widths() -> None:
    widths = set()
    for seed in range(30):
        strokes = pairs.pair(LEVEL, np.random.default_rng(seed)).strokes
        columns = (strokes > 0).sum(axis=0)
        widths.add(int(np.median(columns[columns > 0])))

    assert len(widths) >= 3


def test_some_signatures_get_a_flourish_that_leaves_their_line() -> None:
    """A level pen and its flourish differ from the pen alone in their height."""
    heights = []
    for seed in range(60):
        strokes = pairs.pair(LEVEL, np.random.default_rng(seed)).strokes
        _, _, width, height = cv2.boundingRect(strokes)
        heights.append(height / width)

    flourished = sum(ratio > 0.12 for ratio in heights)
    assert 0.05 * 60 <= flourished <= 0.5 * 60


def test_a_hairline_keeps_its_strokes_with_any_pen() -> None:
    hairline = Scanned(ink_mask(signature(5, pen=1)))
    for seed in range(20):
        strokes = pairs.pair(hairline, np.random.default_rng(seed)).strokes

        assert (strokes > 0).any(axis=0).mean() > 0.2


def test_an_example_s_fields_stand_on_one_another() -> None:
    """A black bar on white: darkness, strokes and what is dark are the same bar in the same place."""
    dirty = np.full((96, 192, 3), 255, np.uint8)
    dirty[40:56, 32:160] = 0
    strokes = np.zeros((96, 192), np.uint8)
    strokes[40:56, 32:160] = 255

    darkness, truth, dark = pairs.example(Pair(dirty, strokes))

    assert darkness.shape == truth.shape == dark.shape == (FIELD_HEIGHT, FIELD_WIDTH)
    bar = np.zeros((FIELD_HEIGHT, FIELD_WIDTH), bool)
    bar[80:112, 64:320] = True
    for field in (darkness > 0.5, truth > 0, dark > 0):
        assert (field ^ bar).mean() < 0.01


def test_dirt_is_dark_but_no_stroke() -> None:
    dirty = np.full((96, 192, 3), 255, np.uint8)
    dirty[20:30, 32:160] = 0
    dirty[60:70, 32:160] = 0
    strokes = np.zeros((96, 192), np.uint8)
    strokes[20:30, 32:160] = 255

    _, truth, dark = pairs.example(Pair(dirty, strokes))

    assert dark.sum() == pytest.approx(2 * truth.sum(), rel=0.1)
    assert not truth[100:].any() and dark[100:].any()


def test_blank_paper_has_neither_strokes_nor_dark_pixels() -> None:
    blank = Pair(np.full((60, 120, 3), 240, np.uint8), np.zeros((60, 120), np.uint8))

    darkness, truth, dark = pairs.example(blank)

    assert not truth.any() and not dark.any()
    assert darkness.max() < 0.1


@pytest.mark.parametrize(
    ("images", "training", "held_out"),
    [
        pytest.param(10, 9, 1, id="ten"),
        pytest.param(19, 18, 1, id="nineteen"),
        pytest.param(20, 18, 2, id="twenty"),
    ],
)
def test_every_tenth_image_of_a_user_is_held_out(tmp_path, images: int, training: int, held_out: int) -> None:
    for number in range(images):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), signature(number + 1))

    trained_on, validated_on = pairs.own_signatures(tmp_path, [FIRST], SETTINGS)

    (scanned, own_share), (invented, invented_share) = trained_on.sources
    assert (len(scanned), len(validated_on.sources[0][0])) == (training, held_out)
    assert list(invented) == [FIRST]
    assert own_share == SETTINGS.scanned_share + SETTINGS.online_share
    assert invented_share == SETTINGS.drawn_share
    trained = {specimen.mask().tobytes() for specimen in scanned}
    assert not trained & {specimen.mask().tobytes() for specimen in validated_on.sources[0][0]}


def test_other_files_of_a_user_s_folder_are_no_signatures(tmp_path) -> None:
    for number in range(10):
        cv2.imwrite(str(tmp_path / f"{number}.PNG"), signature(number + 1))
    (tmp_path / "notes.txt").write_text("ten signatures", encoding="utf-8")

    assert [path.name for path in pairs.own_images(tmp_path)] == [f"{number}.PNG" for number in range(10)]


def test_a_damaged_image_of_a_user_is_named(tmp_path) -> None:
    for number in range(9):
        cv2.imwrite(str(tmp_path / f"{number}.png"), signature(number + 1))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"broken\.jpg is no image"):
        pairs.own_signatures(tmp_path, [], SETTINGS)
