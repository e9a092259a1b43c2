"""Evaluations of the verifier on small sets: what is counted, what is asked of whom, what is printed."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from tests import signature_sets  # noqa: E402
from training.common.figures import read_figures  # noqa: E402
from training.common.statistics import Estimate  # noqa: E402
from training.verifier import baseline, commands_evaluate, copies, enrolment, evaluate, identification, names  # noqa: E402
from training.verifier.library import Library, load_verifier_models  # noqa: E402
from training.verifier.metrics import Trials  # noqa: E402
from training.verifier.names import MEDIA, Writings  # noqa: E402
from training.verifier.protocol import Gallery  # noqa: E402
from worker.vision.choices import Outcome  # noqa: E402
from worker.vision.crops import HEIGHT, WIDTH  # noqa: E402
from worker.vision.values import Opinion  # noqa: E402
from worker.vision.verification.calibration import Fit  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return signature_sets.write_all(tmp_path_factory.mktemp("data"), genuine=6, forged=3)


def trials(genuine, skilled, random=(-9.0,)):
    return Trials(*(np.array(scores, float) for scores in (genuine, skilled, random)))


FIT = Fit(
    references=1,
    slope=1.0,
    agreement=0.0,
    intercept=0.0,
    genuine_from=0.75,
    forged_below=0.25,
    medium=2.0,
    high=4.0,
    medium_forged=2.0,
    high_forged=4.0,
)
EDGE = math.log(3)


@pytest.mark.parametrize(
    ("scores", "accepted", "rejected"),
    [
        pytest.param([2.0, 3.0], 1.0, 0.0, id="all accepted"),
        pytest.param([-2.0, -3.0], 0.0, 1.0, id="all rejected"),
        pytest.param([0.0, 0.5], 0.0, 0.0, id="none decided"),
        pytest.param([EDGE + 1e-9, -EDGE + 1e-9], 0.5, 0.0, id="at the edges"),
        pytest.param([5.0, 0.0, -5.0, -5.0], 0.25, 0.5, id="some of each"),
    ],
)
def test_verdict_shares_are_those_beyond_the_shipped_thresholds(scores, accepted, rejected):
    shares = evaluate.verdict_shares([trials(scores, [0.0])], "genuine", FIT)

    assert (shares.accepted.value, shares.rejected.value) == (accepted, rejected)


@pytest.mark.parametrize(
    ("genuine_from", "forged_below", "accepted", "rejected"),
    [
        pytest.param(1.0, 0.0, 0.0, 0.0, id="never decided"),
        pytest.param(0.0, 0.0, 1.0, 0.0, id="always genuine"),
        pytest.param(1.0, 1.0, 0.0, 1.0, id="always forged"),
    ],
)
def test_thresholds_of_certainty_are_never_or_always_reached(genuine_from, forged_below, accepted, rejected):
    fit = replace(FIT, genuine_from=genuine_from, forged_below=forged_below)

    shares = evaluate.verdict_shares([trials([-40.0, 0.0, 40.0], [0.0])], "genuine", fit)

    assert (shares.accepted.value, shares.rejected.value) == (accepted, rejected)


def test_figures_against_impostors_are_those_of_hand():
    # Ten genuine scores 1..10 and ten impostors -9..0, one of them at 5.5.
    genuine, impostors = list(range(1, 11)), [*range(-9, 0), 5.5]

    against = evaluate.against([trials(genuine, impostors)] * 3, "skilled")

    assert against.eer.value == pytest.approx(0.1)
    assert against.user_eer.value == pytest.approx(0.1)
    # Of 100 pairs, the impostor at 5.5 lies above five genuine ones.
    assert against.area.value == pytest.approx(0.95)
    assert against.rejected_at_low.value == pytest.approx(0.5)
    assert against.rejected_at_very_low.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("skilled", "expected"),
    [
        pytest.param([-1.0, -2.0, -3.0, -4.0], 0.0, id="forgeries below"),
        pytest.param([9.0, 8.0, 7.0, 6.0], 1.0, id="forgeries above"),
    ],
)
def test_intervals_of_writers_who_are_alike_have_no_width(skilled, expected):
    against = evaluate.against([trials([1.0, 2.0, 3.0, 4.0], skilled)] * 5, "skilled")

    assert against.eer == Estimate(expected, expected, expected)


def bars(count: int, width: int) -> list[np.ndarray]:
    """Images of a bar, so that its width tells what it is."""
    images = []
    for number in range(count):
        image = np.zeros((HEIGHT, WIDTH), np.float32)
        image[40 : 60 + number % 3, 20 : 20 + width] = 1.0
        images.append(image)
    return images


def test_plain_measures_are_those_of_a_bar():
    ((ink, width, height, density, edge, stroke),) = baseline.measures(bars(1, 100))

    assert (ink, width, height, density) == (2000, 100, 20, 1)
    # The rim of a rectangle of 100 by 20 is 236 pixels.
    assert edge == pytest.approx(236 / 2000)
    assert stroke == pytest.approx(2000 / 236, rel=1e-4)


def test_a_blank_image_measures_nothing():
    assert baseline.measures([np.zeros((HEIGHT, WIDTH), np.float32)]).tolist() == [[0.0] * 6]


@pytest.mark.parametrize(
    ("forged_width", "expected"),
    [pytest.param(200, 0.0, id="wider forgeries"), pytest.param(100, 0.5, id="alike")],
)
def test_the_query_alone_tells_what_it_gives_away(forged_width, expected):
    images = bars(30, 100) + bars(30, forged_width)
    genuine = np.arange(60) < 30
    features = baseline.measures(images)
    gallery = Gallery(images, np.zeros(60, np.int64), genuine)

    reader = baseline.train_reader(features, genuine)

    assert baseline.query_only_eer(reader, features, gallery) == pytest.approx(expected, abs=0.06)


def test_a_reader_learns_the_same_from_fewer_of_one_label():
    images = bars(30, 100) + bars(30, 200)
    features = baseline.measures(images)
    few = np.r_[:30, 30:36]

    read = baseline.train_reader(features[few], few < 30)(features)

    assert (read[:30] > 0).all()
    assert (read[30:] < 0).all()


class Nearest:
    """A verifier whose log-likelihood ratio is 4 on the same axis and -4 otherwise, mean over references."""

    versions = {"encoder": "axes"}  # noqa: RUF012  # a made-up verifier's, never changed
    embedding_version = "axes"
    references_wanted = 5

    def compare(self, query, references, *, quality):
        llr = float(np.mean(8 * (references @ query) - 4))
        return Opinion(Outcome.GENUINE if llr > 0 else Outcome.FORGED, 0.5, llr, None, len(references))


def hands(*, forgery_like: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three writers of six genuine specimens and three forgeries, embedded along axes."""
    writers = np.repeat(np.arange(3), 9)
    genuine = np.tile(np.arange(9) < 6, 3)
    axis = np.where(genuine | forgery_like, writers, writers + 3)
    return writers, genuine, np.eye(6, dtype=np.float32)[axis]


@pytest.mark.parametrize(
    ("forgery_like", "forgeries"),
    [pytest.param(False, 1.0, id="clumsy"), pytest.param(True, 0.0, id="perfect")],
)
def test_planted_references_are_found_and_good_ones_left_alone(forgery_like, forgeries):
    flagged = enrolment.flagged_references(*hands(forgery_like=forgery_like), Nearest())

    assert (flagged.wrongly.some, flagged.wrongly.many) == (0, 3 * 2 * 5)
    assert (flagged.sets_with_any.some, flagged.sets_with_any.many) == (0, 6)
    assert (flagged.random_found.value, flagged.random_found.many) == (1.0, 6)
    assert flagged.forgeries_found.value == forgeries


def test_only_the_first_specimens_of_a_writer_are_looked_at():
    writers, genuine, _ = hands(forgery_like=False)

    chosen = enrolment._chosen(Gallery([], writers, genuine), most=2)

    assert chosen.tolist() == [0, 1, 6, 7, 9, 10, 15, 16, 18, 19, 24, 25]


def writings(volunteers: int, prompts: int) -> Writings:
    """Every volunteer writes every name once on every medium."""
    rows = [(v, p, m) for v in range(81, 81 + volunteers) for p in range(1, prompts + 1) for m in range(4)]
    columns = np.array(rows).T
    return Writings([np.zeros((1, 1), np.float32)] * len(rows), *columns)


def test_other_names_are_the_next_name_once_by_every_other_volunteer():
    written = writings(4, 3)

    rows = names._other_names(written, 82, 1)

    assert written.volunteers[rows].tolist() == [81, 83, 84]
    assert set(written.prompts[rows]) == {2}
    assert written.media[rows].tolist() == [81 % 4, 83 % 4, 84 % 4]


def by_hand(written: Writings) -> np.ndarray:
    """5 for one hand and -5 for two."""
    return np.where(written.volunteers[:, None] == written.volunteers[None, :], 5.0, -5.0)


def test_hands_that_are_known_on_every_medium_have_no_errors_across_media():
    written = writings(4, 2)

    table = names._by_media(written, by_hand(written))

    assert {name: set(row) for name, row in table.items()} == {name: set(MEDIA) - {name} for name in MEDIA}
    assert {rate for row in table.values() for rate in row.values()} == {0.0}


def test_a_medium_on_which_hands_look_alike_has_errors():
    written = writings(4, 2)
    scores = by_hand(written)
    scores[written.media == 1] = 0.0

    table = names._by_media(written, scores)

    assert {row["tablet"] for name, row in table.items() if name != "tablet"} == {0.5}
    assert {rate for row in table.values() for medium, rate in row.items() if medium != "tablet"} == {0.0}


@pytest.mark.parametrize("count", [1, 3])
def test_every_choice_of_media_serves_as_references_in_turn(count):
    written = writings(3, 2)
    models = load_verifier_models()

    tried = names._trials(
        written, by_hand(written), np.zeros(len(written.volunteers)), models.calibration, count
    )

    assert len(tried) == 3
    assert {len(trial.genuine) for trial in tried} == {2 * 4 * (4 - count)}
    assert {len(trial.skilled) for trial in tried} == {2 * 4 * 2 * 4}
    assert all(trial.genuine.min() > trial.skilled.max() for trial in tried)


@pytest.fixture(scope="module")
def library(data):
    return Library(data, load_verifier_models())


def test_a_set_is_read_once(library):
    reads = []

    def read(data):
        reads.append(data)
        return evaluate.sets.cedar(data)

    assert library.of(read) is library.of(read)
    assert reads == [library.data]


def test_the_unenrolled_are_nobody_on_file_and_kinds_are_asked_about_apart(library, monkeypatch):
    monkeypatch.setattr(identification, "SIZES", (12, 20))

    searches = identification.measure_identification(library, notice=lambda stage: None)

    assert [(search.enrolled, search.kind) for search in searches] == [
        (size, kind) for size in (12, 20) for kind in identification.KINDS
    ]
    assert all(sum(search.composition.values()) == search.enrolled for search in searches)
    assert searches[-1].composition["invented"] > 0
    assert all(search.first.value <= search.among_five.value for search in searches)
    assert all(search.named.value <= search.first.value for search in searches)


def test_names_are_asked_of_the_volunteers_that_never_train(library):
    measured = names.measure_same_names(library, notice=lambda stage: None)

    assert (measured.volunteers, measured.writings) == (5, 5 * 2 * 4)
    assert [figures.references for figures in measured.figures] == list(names.COUNTS)


def test_sets_too_small_for_a_number_of_references_are_left_out_of_it(library, monkeypatch):
    monkeypatch.setattr(evaluate, "SETS", (evaluate.sets.cedar,))

    report = evaluate.measure_sets(library)

    cedar = report.sets["CEDAR"]
    assert (cedar.writers, cedar.specimens) == (3, 27)
    assert [figures.references for figures in cedar.figures] == [1, 3, 5]
    assert cedar.eight_to_one is None
    first = cedar.figures[0]
    # Each of six genuine ones in turn is the reference of the five others, three forgeries, two random ones.
    assert (first.genuine_queries, first.skilled_queries, first.random_queries) == (90, 54, 36)


@pytest.fixture
def printed(capsys):
    """Runs a command's function; returns its Markdown."""

    def run(command, **options):
        command(**options)
        return capsys.readouterr().out

    return run


def test_verdicts_on_unseen_sets_are_printed_and_written(data, printed, tmp_path):
    options = {"report_to": tmp_path / "report.json", "figures_to": tmp_path / "figures.json"}

    text = printed(
        commands_evaluate.evaluate_verifier,
        data=data,
        parts=[commands_evaluate.Part.DECISIONS],
        plots=tmp_path / "plots",
        **options,
    )

    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    sources = ["SigComp2011 Dutch", "MCYT-100", "CEDAR", "online held out", "BHSig260-Hindi test"]
    named = sorted(row.split(" | ")[0].strip("| ") for row in rows)
    assert named == sorted(name for name in sources for _ in range(3))
    written = read_figures(options["figures_to"])
    assert {figure.set for figure in written.figures} == set(sources)
    assert written.weights.keys() == {"encoder", "matcher", "calibration"}
    report = json.loads(options["report_to"].read_text())
    assert report["sets"] is None
    assert [len(each["rows"]) for each in report["decisions"]] == [3] * len(sources)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "verifier-det.svg",
        "verifier-scores.svg",
        "verifier-reliability.svg",
    }
    assert "CEDAR, 1 reference, skilled" in (tmp_path / "plots" / "verifier-det.svg").read_text()


def test_the_check_of_references_is_printed_by_set(data, printed, tmp_path):
    text = printed(commands_evaluate.evaluate_references, data=data, figures_to=tmp_path / "f.json")

    assert "BHSig260-Hindi test" in text and "CEDAR" in text
    assert {figure.n for figure in read_figures(tmp_path / "f.json").figures} == {30, 6}


def test_the_search_for_copies_is_printed_with_and_without_pairs(tmp_path, printed, monkeypatch):
    data = signature_sets.write_all(tmp_path, genuine=2, forged=1)
    few = {name: copies.CONDITIONS[name] for name in ("scanned again", "anything of these")}
    monkeypatch.setattr(copies, "CONDITIONS", few)

    whole = printed(commands_evaluate.evaluate_copies, data=data)
    alone = printed(commands_evaluate.evaluate_copies, data=data, copies_only=True)

    assert "| CEDAR | 3 |" in whole
    assert "| CEDAR |" not in alone
    assert "| scanned again | 4 |" in whole
    assert "| scanned again | 4 |" in alone
    assert "Original among the candidates, of 6 signatures" in alone
