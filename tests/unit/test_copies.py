"""The same ink is recognised however it was scanned; another act of writing is not taken for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.handwriting import signature
from training.common.shares import Share
from training.verifier import readers
from training.verifier.copies import CONDITIONS, Rescan, genuine_pairs, rescanned
from worker.vision.copies.likeness import NOTHING_ALIKE, SAME_INK, likeness
from worker.vision.copies.outlines import nearest, outline
from worker.vision.copies.skeleton import Skeleton, fingerprint, skeleton
from worker.vision.crops import ink_mask
from worker.vision.values import Grey


def strokes(image: Grey) -> Skeleton:
    return skeleton(fingerprint(ink_mask(image)))


#: Where cleaning has its part, the measurement of the whole way is the place to look.
WITHOUT_CLEANING = [name for name, how in CONDITIONS.items() if how and not (how.line or how.print)]


@pytest.mark.parametrize("condition", WITHOUT_CLEANING)
def test_a_copy_is_found_whatever_the_scanner_did(condition: str) -> None:
    rng = np.random.default_rng(7)
    ink = signature(3, paper=255)

    first = rescanned(ink, Rescan(), rng)
    second = rescanned(ink, CONDITIONS[condition] or Rescan(), rng)

    assert likeness(strokes(second), strokes(first)).similarity >= SAME_INK


def test_another_act_of_the_same_hand_is_no_copy() -> None:
    signers = readers.invented([1, 2], specimens=4)
    acts = [[strokes(255 - one.mask()) for one in signer.genuine] for signer in signers]

    pairs = genuine_pairs([signer.name for signer in signers], acts)

    assert (pairs.false_alarms.some, pairs.false_alarms.many, pairs.too_little) == (0, 12, 0)


def test_a_line_through_one_of_the_two_makes_no_other_ink() -> None:
    image = signature(3, paper=255)
    ruled = image.copy()
    cv2.line(ruled, (120, 100), (240, 100), 30, 2)

    similarity = likeness(strokes(ruled), strokes(image))

    assert similarity.similarity >= SAME_INK
    assert similarity.second > similarity.first


def test_likeness_does_not_depend_on_which_comes_first() -> None:
    first, other = strokes(signature(3, wobble=1)), strokes(signature(3, wobble=2))

    there, back = likeness(first, other), likeness(other, first)

    assert there.similarity == pytest.approx(back.similarity, abs=0.1)


@pytest.mark.parametrize("image", [np.full((40, 90), 255, np.uint8), np.eye(60, dtype=np.uint8)[::-1] * 255])
def test_too_little_ink_is_never_called_a_copy(image: Grey) -> None:
    traced = strokes(255 - image if image[0, 0] == 0 else image)

    assert not traced.enough
    assert likeness(traced, traced) == NOTHING_ALIKE
    assert outline(traced) == b""
    assert nearest(traced, [b""], top=3) == []


def test_the_outline_finds_a_turned_and_scaled_copy_among_many() -> None:
    rng = np.random.default_rng(1)
    outlines = [outline(strokes(signature(seed, paper=255))) for seed in range(40)]

    asked = strokes(rescanned(signature(17, paper=255), Rescan(scale=0.8, turn=3.0), rng))

    assert nearest(asked, outlines, top=3)[0] == 17


def test_a_fingerprint_is_small_and_the_same_every_time() -> None:
    ink = ink_mask(signature(5))

    assert fingerprint(ink) == fingerprint(ink)
    assert len(fingerprint(ink)) < 1000


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.3085, id="none"),
        pytest.param(10, 10, 0.6915, 1.0, id="all"),
        pytest.param(3, 20, 0.0321, 0.3789, id="some"),
    ],
)
def test_intervals_are_exact(hits: int, of: int, low: float, high: float) -> None:
    share = Share(hits, of)

    assert share.interval == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
