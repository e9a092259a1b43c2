"""Handwriting in type: which typefaces are trained on, and what is written in them."""

import shutil

import numpy as np
import pytest

from training.detector.patches import collect
from training.synthesis.hands import (
    LEARNT_HANDS,
    TEST_HANDS,
    hands_for_training,
    installed_hands,
    note_lines,
    penned_lines,
)
from training.synthesis.typeset import package_faces
from worker.vision.choices import Label


def test_no_hand_that_measures_teaches(tmp_path):
    for package in ("fontpkg_caveat", "fontpkg_zeyada"):
        shutil.copy(package_faces(package)[0].file, tmp_path / f"{package.removeprefix('fontpkg_')}.ttf")

    hands = hands_for_training(tmp_path, tmp_path / "converted")

    assert not set(LEARNT_HANDS) & set(TEST_HANDS)
    assert [face.file.name for faces in hands for face in faces] == ["caveat.ttf"]


@pytest.mark.parametrize("seed", range(12))
def test_a_note_is_written_with_all_its_ink_inside(seed):
    rng = np.random.default_rng(seed)
    face = installed_hands()[seed % len(LEARNT_HANDS)][0]

    lines = note_lines(rng)
    mask = penned_lines(lines, face, rng)

    assert 1 <= len(lines) <= 5
    assert all(lines)
    assert (mask > 128).sum() > 40
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.max() < 60


def test_more_lines_are_a_taller_note():
    face = installed_hands()[0][0]

    single, three = (penned_lines(["see page 2"] * count, face, np.random.default_rng(4)) for count in (1, 3))

    tall = [np.ptp(np.flatnonzero(mask.max(axis=1) > 128)) for mask in (single, three)]
    assert tall[1] > 1.8 * tall[0]


def test_notes_and_dates_in_type_are_laid_onto_pages(tmp_path):
    patches = collect(None, [], tmp_path, count=4, seed=1, hands=installed_hands())
    without = collect(None, [], tmp_path, count=4, seed=1)

    gained = {label: patches.count(label) - without.count(label) for label in Label}

    assert gained[Label.HANDWRITING] == 4
    assert gained[Label.HANDWRITTEN_DATE] == 2
    assert sum(gained.values()) == 6
