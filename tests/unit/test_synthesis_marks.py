"""Marks that are no writing: drawn from their seed, and what they do to a note."""

import numpy as np
import pytest

from training.synthesis.marks import pen_mark, plot, tilted, underlined


@pytest.mark.parametrize("draw", [pen_mark, plot])
def test_a_mark_is_thin_ink_drawn_from_its_seed(draw):
    masks = [draw(np.random.default_rng(seed)) for seed in range(24)]

    for seed, mask in enumerate(masks):
        assert np.array_equal(mask, draw(np.random.default_rng(seed)))
        assert mask.max() == 255
        assert 0.002 < (mask > 128).mean() < 0.5
    assert len({mask.tobytes() for mask in masks}) == len(masks)


def test_a_note_keeps_its_ink_and_gains_a_line_or_a_loop():
    note = np.zeros((30, 120), np.uint8)
    note[5:25, 10:110:8] = 255

    drawn = [underlined(note, np.random.default_rng(seed)) for seed in range(12)]

    for mask in drawn:
        room = (mask.shape[0] - note.shape[0]) // 2
        assert (mask[room:-room, room:-room] >= note).all()
        assert (mask > 128).sum() > (note > 128).sum() + 60


@pytest.mark.parametrize(("degrees", "shape"), [(0, (40, 100)), (90, (100, 40)), (-90, (100, 40))])
def test_a_turned_mask_holds_all_of_its_ink(degrees, shape):
    mask = tilted(np.full((40, 100), 255, np.uint8), degrees)

    assert abs(mask.shape[0] - shape[0]) <= 3 and abs(mask.shape[1] - shape[1]) <= 3
    assert mask.sum() == pytest.approx(40 * 100 * 255, rel=0.05)


def test_a_rising_note_rises_to_the_right():
    line = np.zeros((9, 200), np.uint8)
    line[4] = 255

    rows = [int(column.argmax()) for column in tilted(line, 15).T if column.max() > 100]

    assert rows[0] > rows[-1] + 30
