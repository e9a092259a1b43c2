"""Queries as they arrive: what scanners, forms and copiers do to a signature, and how that is measured."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training is an optional extra")

from tests.handwriting import signature
from training.common.pixels import cut_to_ink
from training.synthesis import pages
from training.verifier import copies, robustness
from training.verifier.copies import Rescan, anything, genuine_pairs, rescanned
from training.verifier.degrade import CONDITIONS, INK, PAPER, WIDTH, as_scanned
from training.verifier.library import Library, load_verifier_models
from training.verifier.readers import Scanned, SignerSpecimens
from worker.vision.copies.likeness import SAME_INK
from worker.vision.copies.skeleton import fingerprint, skeleton
from worker.vision.crops import ink_mask


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def scan():
    return as_scanned(signature(3, paper=255), rng())


def inked(image):
    """Share of pixels that are ink."""
    return float((ink_mask(image) > 0).mean())


def test_a_scan_is_five_centimetres_of_grey_ink_on_tinted_paper(scan):
    ink = cut_to_ink(ink_mask(scan))

    assert scan.shape[1] == WIDTH + 32
    assert ink.shape[1] == pytest.approx(WIDTH, abs=6)
    assert np.median(scan) == pytest.approx(PAPER, abs=3)
    assert scan[ink_mask(scan) > 0].min() == pytest.approx(INK, abs=20)


def degraded(name, scan, seed=1):
    return CONDITIONS[name](scan, rng(seed))


def test_as_scanned_changes_nothing(scan):
    assert np.array_equal(degraded("as scanned", scan), scan)


def test_a_loose_cut_has_half_the_size_of_paper_on_every_side(scan):
    loose = degraded("loosely cut", scan)

    height, width = scan.shape
    assert loose.shape == (height + 2 * (height // 2), width + 2 * (width // 2))
    assert inked(loose) == pytest.approx(inked(scan) / 4, rel=0.2)


def test_a_tight_cut_has_ink_on_every_side(scan):
    mask = ink_mask(scan)

    tight = degraded("tightly cut", scan)

    assert tight.shape == cut_to_ink(mask).shape


@pytest.mark.parametrize("seed", range(4))
def test_a_tenth_is_clipped_at_one_end_and_one_edge(scan, seed):
    tight = degraded("tightly cut", scan)

    clipped = degraded("clipped by a tenth", scan, seed)

    height, width = tight.shape
    assert clipped.shape == (height - round(0.1 * height), width - round(0.1 * width))
    corners = [
        tight[down : down + clipped.shape[0], across : across + clipped.shape[1]]
        for down in (0, round(0.1 * height))
        for across in (0, round(0.1 * width))
    ]
    assert sum(np.array_equal(clipped, corner) for corner in corners) == 1


@pytest.mark.parametrize(
    ("name", "test"),
    [
        pytest.param("75 dpi", lambda page, scan: page.shape[1] == round(0.375 * scan.shape[1]), id="75 dpi"),
        pytest.param("1-bit", lambda page, scan: len(np.unique(page)) == 2, id="1-bit"),
        pytest.param(
            "blurred",
            lambda page, scan: (
                cv2.Laplacian(page, cv2.CV_64F).std() < cv2.Laplacian(scan, cv2.CV_64F).std() / 3
            ),
            id="blurred",
        ),
        pytest.param("JPEG 15", lambda page, scan: 0 < np.abs(page.astype(int) - scan).mean() < 6, id="JPEG"),
        pytest.param("ruled line through it", lambda page, scan: inked(page) > inked(scan), id="ruled"),
        pytest.param(
            "print through it",
            lambda page, scan: page.shape == (scan.shape[0] + 30, scan.shape[1]),
            id="print",
        ),
        pytest.param(
            "all at once", lambda page, scan: page.shape[1] == pytest.approx(scan.shape[1], abs=2), id="all"
        ),
    ],
)
def test_a_condition_does_what_its_name_says(scan, name, test):
    assert test(degraded(name, scan), scan)


def test_a_ruled_line_crosses_the_whole_width_in_the_lower_half(scan):
    ruled = degraded("ruled line through it", scan)

    darker = np.argwhere(ruled.astype(int) < scan.astype(int) - 60)
    assert np.ptp(darker[:, 1]) > 0.95 * scan.shape[1]
    assert darker[:, 0].min() >= scan.shape[0] * 0.5 - 6


@pytest.mark.parametrize("name", [name for name, how in copies.CONDITIONS.items() if how is not None])
def test_a_rescan_holds_the_signature_in_three_equal_channels(name):
    crop = rescanned(signature(3, paper=255), copies.CONDITIONS[name], rng())

    assert crop.ndim == 3
    assert crop.dtype == np.uint8
    assert np.array_equal(crop[..., 0], crop[..., 1])
    assert 0.005 < inked(crop) < 0.5


@pytest.mark.parametrize(("scale", "expected"), [(0.7, 0.7), (1.4, 1.4)])
def test_a_rescan_is_as_large_as_asked(scale, expected):
    ink = signature(3, paper=255)

    plain, sized = (
        cut_to_ink(ink_mask(rescanned(ink, how, rng()))) for how in (Rescan(), Rescan(scale=scale))
    )

    assert sized.shape[1] / plain.shape[1] == pytest.approx(expected, rel=0.03)


def test_a_looser_cut_has_more_paper():
    ink = signature(3, paper=255)

    tight, loose = (rescanned(ink, Rescan(loose=share), rng()) for share in (0.02, 0.4))

    assert loose.shape[0] > tight.shape[0]
    assert loose.shape[1] > tight.shape[1]


def test_a_thicker_threshold_leaves_more_ink():
    ink = signature(3, paper=255)

    thin, thick = (
        inked(rescanned(ink, Rescan(mode="1bit", threshold=threshold), rng())) for threshold in (0.3, 0.8)
    )

    assert thin < thick


def test_anything_is_drawn_anew_within_its_limits():
    drawn = [anything(rng(seed)) for seed in range(60)]

    assert all(0.7 <= how.scale <= 1.4 and abs(how.turn) <= 3 and how.loose <= 0.25 for how in drawn)
    assert {how.mode for how in drawn} == {"grey", "jpeg", "1bit"}
    assert {how.line for how in drawn} == {how.print for how in drawn} == {True, False}


def strokes(image):
    return skeleton(fingerprint(ink_mask(image)))


def test_a_pair_of_one_act_is_flagged_with_its_place_and_counted_once():
    acts = [signature(3, wobble=number, paper=255) for number in range(3)]
    twice = rescanned(acts[0], Rescan(), rng())

    judged = genuine_pairs(["Ada", "Bob"], [[*map(strokes, acts), strokes(twice)], [strokes(acts[1])]])

    assert (judged.false_alarms.some, judged.false_alarms.many) == (1, 6)
    ((name, first, second, similarity),) = judged.flagged
    assert (name, first, second) == ("Ada", 0, 3)
    assert similarity >= SAME_INK
    assert list(judged.similarity) == sorted(judged.similarity)


def test_too_little_ink_is_counted_and_never_flagged():
    dot = np.full((60, 60), 255, np.uint8)
    dot[28:32, 28:32] = 0

    judged = genuine_pairs(["Ada"], [[strokes(dot), strokes(dot)]])

    assert judged.too_little == 1
    assert judged.flagged == []


def test_a_signature_is_put_on_a_signing_line_of_its_page():
    paper = pages.blank("signing_page", rng(3), names=["Ines Halvorsen", "Tomas Okafor"])
    scan = as_scanned(signature(3, paper=255), rng())

    page, box = robustness._signed(paper, scan, rng())

    changed = np.argwhere((page != paper.pixels).any(axis=2))
    top, left = changed.min(axis=0)
    bottom, right = changed.max(axis=0)
    assert box.y <= top <= bottom < box.y + box.height
    assert box.x <= left <= right < box.x + box.width
    lines = [slot.y * paper.dpi / 72 for slot in paper.slots if slot.kind == "signature"]
    assert any(box.y <= line <= box.y + box.height + 3 for line in lines)
    assert box.width <= 170 * paper.dpi / 72 + 1


@pytest.fixture(scope="module")
def cases():
    """Four people's clean references and queries, and the library that judges them."""
    people = [
        SignerSpecimens(
            "test",
            str(person),
            [Scanned(signature(person, wobble=number)) for number in range(5)],
            [Scanned(signature(50 + person, wobble=number)) for number in range(2)],
        )
        for person in range(1, 5)
    ]
    library = Library(Path(), load_verifier_models())
    return robustness._cases(people, library), library


def test_a_case_has_three_references_and_the_rest_as_queries(cases):
    made, _ = cases

    assert [(len(case.references), len(case.genuine), len(case.forged)) for case in made] == [(3, 2, 2)] * 4


def test_queries_that_arrive_clean_are_told_apart(cases):
    trials, lost = robustness._trials(cases[0], lambda scan, rng: scan, cases[1])

    assert lost == 0.0
    assert all(trial.genuine.min() > trial.random.max() for trial in trials)
    assert [(len(t.genuine), len(t.skilled), len(t.random)) for t in trials] == [(2, 2, 3)] * 4


@pytest.mark.parametrize(
    "arrive",
    [
        pytest.param(lambda scan, rng: None, id="not found"),
        pytest.param(lambda scan, rng: np.full_like(scan, 255), id="nothing written"),
    ],
)
def test_queries_that_do_not_arrive_or_hold_nothing_are_lost(cases, arrive):
    lost = []

    def every_other(scan, rng):
        lost.append(len(lost) % 2 == 0)
        return arrive(scan, rng) if lost[-1] else scan

    trials, share = robustness._trials(cases[0], every_other, cases[1])

    assert share == 0.5
    assert [(len(t.genuine), len(t.skilled)) for t in trials] == [(1, 1)] * 4
