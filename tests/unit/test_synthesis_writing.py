"""How synthetic signers write: plans, movement, strokes on paper, print as ink, sets of documents."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.synthesis import typefaces
from training.synthesis.ink import PenStrokes, coverage, stain
from training.synthesis.kinematics import RATE, Motor, move, speed
from training.synthesis.letters import glyph
from training.synthesis.manifest import SampleClaim, SampleDocument, SamplePage, write_references, write_set
from training.synthesis.marks import pen_mark
from training.synthesis.pages import DrawnMark
from training.synthesis.plans import signature_plan, text_plan
from training.synthesis.strokes import InventedSigner, forge, sign, write_text
from training.synthesis.typeset import CARRIED, english, sheet, windows

SIGNER = InventedSigner.from_seed(17)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def length(trace: np.ndarray) -> float:
    return float(np.hypot(*np.diff(trace[:, :2], axis=0).T).sum())


@pytest.mark.parametrize("reach", [pytest.param(5.0, id="short"), pytest.param(40.0, id="long")])
def test_a_straight_stroke_is_as_long_as_the_way_to_its_target(reach: float) -> None:
    trace = move(np.array([[1.0, 2.0], [1.0 + reach, 2.0]]), Motor())

    assert length(trace) == pytest.approx(reach, rel=0.02)
    assert trace[:, 1] == pytest.approx(np.full(len(trace), 2.0), abs=0.02 * reach)


def test_time_runs_at_the_rate_of_a_tablet_and_a_slower_arm_takes_longer() -> None:
    targets = np.array([[0.0, 0.0], [5.0, 3.0], [9.0, 0.0], [14.0, 3.0]])

    fast, slow = (move(targets, Motor(tempo=tempo)) for tempo in (0.08, 0.16))

    assert np.diff(fast[:, 2]) == pytest.approx(np.full(len(fast) - 1, 1 / RATE))
    assert slow[-1, 2] == pytest.approx(2 * fast[-1, 2], rel=0.15)
    assert speed(fast).max() > 1.5 * speed(slow).max()


def test_rounding_flows_past_a_corner_that_slow_strokes_draw() -> None:
    corner = np.array([10.0, 0.0])
    targets = np.array([[0.0, 0.0], corner, [10.0, 10.0]])

    drawn, flowing = (
        float(np.hypot(*(move(targets, Motor(rounding=rounding))[:, :2] - corner).T).min())
        for rounding in (0.1, 0.6)
    )

    assert drawn < 0.4 < flowing


def test_a_single_sample_has_no_speed() -> None:
    assert speed(np.zeros((1, 4))).tolist() == [0.0]


def test_a_text_s_plan_goes_from_left_to_right_with_a_gap_a_word() -> None:
    single, two, three = (
        max(x for part in text_plan(text, rng()) for x, _ in part) for text in ("ll", "l l", "l l l")
    )

    assert single < two < three
    assert two - single == pytest.approx(0.7, abs=0.5)


def test_dots_and_bars_are_set_when_the_word_is_done() -> None:
    plan = text_plan("ita", rng())

    body, *later = plan
    assert len(glyph("i").after) == len(glyph("t").after) == 1
    assert len(later) == 2
    assert min(y for _, y in later[0]) > 1.2
    assert len(body) > len(glyph("i").body)


def test_characters_without_a_skeleton_are_left_out_of_a_plan() -> None:
    assert text_plan("a€b", rng()) == text_plan("ab", rng())
    assert text_plan("€", rng()) == ()


@pytest.mark.parametrize(
    ("flourish", "parts"),
    [
        pytest.param(name, parts, id=name)
        for name, parts in (("underline", 1), ("loop", 1), ("zigzag", 1), ("strike", 3))
    ],
)
def test_a_flourish_adds_its_strokes_to_the_name(flourish: str, parts: int) -> None:
    bare, _ = signature_plan("Ines Halvorsen", "none", rng(3))
    decorated, _ = signature_plan("Ines Halvorsen", flourish, rng(3))

    assert decorated[: len(bare)] == bare
    assert len(decorated) == len(bare) + parts


def test_a_tail_runs_on_from_the_last_letter() -> None:
    bare, width = signature_plan("Ines Halvorsen", "none", rng(3))
    tailed, wider = signature_plan("Ines Halvorsen", "tail", rng(3))

    assert len(tailed) == len(bare)
    assert tailed[-1][: len(bare[-1])] == bare[-1]
    assert len(tailed[-1]) == len(bare[-1]) + 2 and wider >= width


def test_most_signatures_are_as_wide_as_people_write_whatever_the_name() -> None:
    widths = []
    for seed in range(12):
        left, _, right, _ = sign(InventedSigner.from_seed(seed), rng(seed)).bounds
        widths.append(right - left)

    # Initials alone may be narrower than a name.
    assert max(widths) < 115
    assert 40 < np.median(widths) < 85


def test_a_slug_is_the_name_in_small_letters() -> None:
    assert InventedSigner.from_seed(2, name="Ada Maria Holm").slug == "ada-maria-holm"


def test_a_forgery_is_pressed_more_evenly_than_its_model() -> None:
    def spread(strokes: PenStrokes) -> float:
        longest = max(strokes.traces, key=len)
        return float(np.std(longest[20:-20, 3]))

    genuine, forged = (
        np.median([spread(write(SIGNER, rng(seed))) for seed in range(8)]) for write in (sign, forge)
    )

    assert forged < genuine


def test_handwriting_is_smaller_than_the_signature() -> None:
    tall = [
        np.ptp(np.concatenate([t[:, 1] for t in strokes.traces]))
        for strokes in (write_text("anna", SIGNER, rng()), sign(SIGNER, rng()))
    ]

    assert tall[0] < tall[1]


def test_pressure_widens_a_stroke() -> None:
    def inked(pressure: float) -> int:
        trace = np.array([[10.0, 20.0, 0.0, pressure], [90.0, 20.0, 0.1, pressure]])
        return int((coverage(PenStrokes((trace,)), shape=(40, 100), pen_width=4.0) > 0.3).sum())

    assert inked(1.0) == pytest.approx(2 * inked(0.5), rel=0.25)


def test_a_tap_of_the_pen_is_a_dot() -> None:
    dot = coverage(PenStrokes((np.array([[20.0, 20.0, 0.0, 1.0]]),)), shape=(40, 40), pen_width=4.0)

    rows, across = np.nonzero(dot > 0.3)
    assert 2 <= np.ptp(rows) + 1 <= 7 and 2 <= np.ptp(across) + 1 <= 7


def test_ink_over_print_is_darker_than_either() -> None:
    pixels = np.full((4, 4, 3), 200, np.uint8)
    pixels[:2] = 100

    stain(pixels, np.full((4, 4), 0.5, np.float32), (0, 0, 0))

    assert pixels[0, 0].tolist() == [50] * 3 and pixels[3, 3].tolist() == [100] * 3


@pytest.mark.parametrize("name", typefaces.FACES)
def test_every_face_prints_words_that_it_has(name: str) -> None:
    words = typefaces.known_words(name, 3, rng(2))
    line = typefaces.printed_line(words, name, 24)

    assert len(words.split()) == 3
    assert line.max() > 200 and line.shape[1] > line.shape[0]
    assert line.shape[0] < 1.6 * 24
    assert min(line[:2].max(), line[-2:].max()) > 0


@pytest.mark.parametrize(
    ("place", "inked"),
    [
        pytest.param((2, 3), 12, id="inside"),
        pytest.param((-2, 0), 6, id="over the left edge"),
        pytest.param((8, 9), 2, id="over the corner"),
        pytest.param((10, 0), 0, id="beside it"),
    ],
)
def test_a_line_is_laid_on_a_canvas_as_far_as_it_lies_on_it(place: tuple[int, int], inked: int) -> None:
    canvas = np.zeros((10, 10), np.uint8)

    typefaces.stamp_into(canvas, np.full((3, 4), 255, np.uint8), *place)

    assert np.count_nonzero(canvas) == inked


def test_invented_english_has_as_many_words_as_asked() -> None:
    assert [len(english(count, rng(4)).split()) for count in (1, 5, 12)] == [1, 5, 12]


def test_windows_on_a_sheet_hug_their_ink_and_an_empty_sheet_has_none() -> None:
    pixels = sheet([english(12, rng(seed)) for seed in range(6)], CARRIED[2], rng(2), plain=True)

    for box in windows(pixels, 5, rng(3)):
        inside = (
            pixels[int(box.y) : int(box.y + box.height) + 1, int(box.x) : int(box.x + box.width) + 1] < 128
        )
        assert inside[:, 0].any() and inside[0].any()
    assert list(windows(np.full((200, 300), 255, np.uint8), 5, rng())) == []


def test_pen_marks_have_room_around_their_ink() -> None:
    for seed in range(12):
        mask = pen_mark(rng(seed))
        assert max(mask.shape) in range(290, 312)
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0


def test_references_are_small_pictures_on_light_paper(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_references(tmp_path / name, SIGNER, seed=3)

    first, second = (sorted((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert 4 <= len(first) <= 6
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    for path in first:
        with Image.open(path) as image:
            assert np.median(np.asarray(image.convert("L"))) > 225


def test_a_set_says_what_is_signed_and_who_is_claimed(tmp_path: Path) -> None:
    mark = DrawnMark("signature", ((10.0, 20.0), (60.0, 20.0), (60.0, 44.0)), SIGNER.name, "forged")
    documents = [
        SampleDocument(
            "a.png", b"a", (SamplePage(100, 200, (mark,)),), (SampleClaim(SIGNER.slug, "forged"),)
        ),
        SampleDocument("b.png", b"b", (SamplePage(100, 200, ()),)),
        SampleDocument("c.pdf", b"c", ()),
    ]

    manifest = write_set(tmp_path, documents, [SIGNER], seed=1)

    written = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))
    assert written == manifest.expected
    assert [row["signed"] for row in written["documents"]] == [True, False, None]
    assert written["documents"][0]["pages"][0]["regions"] == [
        {"label": "signature", "x": 10.0, "y": 20.0, "width": 50.0, "height": 24.0}
        | {"signer": SIGNER.slug, "truth": "forged", "signs": True}
    ]
    with manifest.claims_file.open(encoding="utf-8") as lines:
        assert list(csv.DictReader(lines)) == [{"key": "a.png", "signer": SIGNER.slug}]
    assert (manifest.documents_folder / "b.png").read_bytes() == b"b"
