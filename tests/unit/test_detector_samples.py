"""What the network sees: windows whose boxes are whole, patches where there is room, honest turns."""

import numpy as np
import pytest

from training.detector.crops import Mix, Sampler, cut_window, quarter_turned
from training.detector.patches import Patch, PatchBook, collect
from training.detector.sheets import LABELS, Marked, Sheet
from worker.vision.choices import Label
from worker.vision.values import Box


def sheet(
    *boxes: Box, source: str = "scans", known: frozenset[Label] = frozenset({Label.SIGNATURE})
) -> Sheet:
    """A white page with a black rectangle per box."""
    page = np.full((960, 720), 255, dtype=np.uint8)
    for box in boxes:
        page[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 0
    return Sheet(page, tuple(Marked(Label.SIGNATURE, box) for box in boxes), known, source)


def plain(**changes: object) -> Mix:
    values: dict[str, object] = {"sources": {"scans": 1.0}, "pasted": 0.0, "turned": 0.0}
    return Mix(**(values | changes))  # type: ignore[arg-type]


def ink(pixels: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(pixels[..., 0] < 100)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_box_is_where_its_ink_is_in_a_window_at_any_scale():
    page = sheet(Box(200, 500, 240, 60))

    pixels, corners, labels = cut_window(page, Box(100, 400, 480, 400), 320)

    assert labels.tolist() == [0]
    assert corners[0] == pytest.approx(ink(pixels), abs=1.5)


def test_what_is_left_of_a_cut_box_is_covered():
    page = sheet(Box(200, 500, 240, 60))

    pixels, corners, _ = cut_window(page, Box(300, 400, 320, 320), 320)

    assert len(corners) == 0
    assert (pixels > 200).all()


def test_a_window_beyond_the_page_is_padded():
    pixels, _, _ = cut_window(sheet(), Box(-100, -100, 320, 320), 320)

    assert (pixels[:95, :] == 114).all()
    assert (pixels[105:, 105:] == 255).all()


def test_most_windows_hold_a_whole_mark():
    sampler = Sampler(
        [sheet(Box(200, 500, 240, 60), Box(400, 800, 100, 40))], PatchBook([]), plain(), size=320
    )
    rng = np.random.default_rng(1)

    numbers = [len(sampler.draw(rng).labels) for _ in range(60)]

    assert np.mean([count > 0 for count in numbers]) > 0.75


def test_real_writing_is_laid_down_about_as_large_as_it_was(tmp_path):
    page = sheet()
    page.pixels[300:348, 200:320] = 0
    written = Sheet(page.pixels, (Marked(Label.HANDWRITING, Box(200, 300, 120, 48)),), page.known, "scans")
    patches = collect(None, [written], tmp_path, count=0, seed=1)
    rng = np.random.default_rng(3)

    laid = [patches.paste(np.full((640, 480, 3), 255, np.uint8), rng, scale=1.0) for _ in range(60)]

    heights = [one[1].height for one in laid if one is not None and one[0] is Label.HANDWRITING]
    assert len(heights) > 3
    assert 32 * 0.75 < np.median(heights) < 32 * 1.6
    assert min(heights) > 32 * 0.7


def test_what_has_no_label_is_laid_down_and_marked_as_nothing():
    patches = PatchBook([Patch(None, np.full((60, 60), 255, dtype=np.uint8))])
    sampler = Sampler([sheet()], patches, plain(pasted=1.0, whole=True, stretched=1.0), size=640)
    pages, rng = [np.full((640, 640, 3), 255, np.uint8) for _ in range(40)], np.random.default_rng(7)

    laid = [(page, patches.paste(page, rng, scale=1.0)) for page in pages]
    labels = [label for seed in range(40) for label in sampler.draw(np.random.default_rng(seed)).labels]

    inked = [(page < 255).any() for page, one in laid if one is not None and one[0] is None]
    assert inked and all(inked)
    assert set(labels) == {LABELS.index(Label.REDACTION)}


def test_a_patch_lies_in_its_box_and_on_no_other_mark():
    patches = PatchBook([Patch(Label.SIGNATURE, np.full((40, 100), 255, dtype=np.uint8))])
    mix = plain(pasted=1.0, whole=True, stretched=1.0)
    sampler = Sampler([sheet(Box(200, 500, 240, 60))], patches, mix, size=640)
    rng = np.random.default_rng(2)

    samples = [sampler.draw(rng) for _ in range(10)]

    assert sum(len(sample.labels) for sample in samples) > 10
    for sample in samples:
        for index, a in enumerate(sample.corners):
            for b in sample.corners[index + 1 :]:
                apart = a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
                assert apart


def test_absence_weighs_less_where_a_source_does_not_mark_a_label():
    sampler = Sampler([sheet(Box(200, 500, 240, 60))], PatchBook([]), plain(unknown=0.2), size=320)

    weights = sampler.draw(np.random.default_rng(1)).weights

    assert weights.tolist() == pytest.approx([1.0] + [0.2] * (len(LABELS) - 1))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_turn_with_their_square(quarters):
    pixels, corners, _ = cut_window(sheet(Box(200, 500, 240, 60)), Box(100, 400, 480, 480), 320)

    around, moved = quarter_turned(pixels, corners, quarters)

    assert moved[0] == pytest.approx(ink(around), abs=1.5)


def test_the_same_seed_draws_the_same_sample():
    sampler = Sampler([sheet(Box(200, 500, 240, 60))], PatchBook([]), plain(), size=320)

    first, second = (sampler.draw(np.random.default_rng(5)) for _ in range(2))

    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.corners, second.corners)
