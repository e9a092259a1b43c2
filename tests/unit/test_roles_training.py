"""Training of the roles: what candidates are, how answers are held out, and what is exported."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.settings import read_settings  # noqa: E402
from training.detector.sheets import Marked  # noqa: E402
from training.detector.testsets import PageCase  # noqa: E402
from training.roles import crossvalidate  # noqa: E402
from training.roles.backbone import FEATURES, EfficientNetLite0, with_published  # noqa: E402
from training.roles.choice import OTHER_FOLDS, OTHER_SOURCES, nested_choices  # noqa: E402
from training.roles.dataset import truth_of  # noqa: E402
from training.roles.evaluate import NetworkRoles, RolesReport, labelled_document_page  # noqa: E402
from training.roles.export import fold_norms  # noqa: E402
from training.roles.head import FACTS, INPUTS, Head, head_inputs  # noqa: E402
from training.roles.heldout import calibration_error, found_within, qualities  # noqa: E402
from training.roles.network import RolesNetwork, averaging  # noqa: E402
from training.roles.pages import UNCLEAR, TrueMark, drawn_role_pages, judged_marks  # noqa: E402
from training.roles.settings import ROLES_SETTINGS, Bars, RolesSettings  # noqa: E402
from training.roles.table import Marks, MarkTable, PageTable, joined_marks  # noqa: E402
from training.roles.train import train_head  # noqa: E402
from worker.errors import WrongUse  # noqa: E402
from worker.vision.choices import Label  # noqa: E402
from worker.vision.detection.roles import RANK, Candidate  # noqa: E402
from worker.vision.values import Box  # noqa: E402

BOX = Box(100, 100, 100, 40)
SETTINGS = read_settings(
    RolesSettings,
    ROLES_SETTINGS,
    changes={"minutes": 0.5, "warmup_steps": 1, "members": 3, "hidden": 8, "folds": 2},
)


def mark(*, scores: tuple[float, ...] = (0.5, 0, 0, 0, 0), box: Box = BOX) -> Candidate:
    return Candidate(box, scores)


def table(documents: int = 12, *, source: str = "memos") -> Marks:
    """Pages of two marks each; the first signs on every other page, and its features say so."""
    rng = np.random.default_rng(3)
    signs = np.array([(page % 2, 0) for page in range(documents)], np.int64).ravel()
    views = rng.normal(size=(2, len(signs), FEATURES)).astype(np.float32)
    views[:, :, :40] += 3 * signs[:, None]
    facts = rng.uniform(0, 1, (len(signs), FACTS)).astype(np.float32)
    facts[:, RANK] = [0, 1] * documents
    page = np.repeat(np.arange(documents), 2)
    signed = signs.reshape(-1, 2).max(axis=1)
    names = np.array([f"{source}:{number}" for number in range(documents)])
    pages = PageTable(np.full(documents, source), names, signed, np.zeros_like(signed))
    return Marks(MarkTable(views[0], views[1], facts, signs, np.ones(len(signs), np.float32), page), pages)


@pytest.mark.parametrize(
    ("signs", "form", "weight"),
    [(True, "initials", 1.0), (False, "initials", 1.0), (False, UNCLEAR, 0.0)],
)
def test_a_candidate_on_a_mark_is_what_that_mark_is(signs, form, weight):
    truth = truth_of(mark(), [TrueMark(BOX, form, signs)])

    assert (truth.signs, truth.weight) == (signs, weight)


def test_a_part_of_a_mark_counts_less_than_the_whole():
    part = mark(box=Box(100, 100, 20, 40))

    truth = truth_of(part, [TrueMark(BOX, "signature", signs=True)])

    assert truth.signs and 0 < truth.weight < 1


def test_what_lies_on_no_mark_does_not_sign_and_a_part_of_what_nobody_can_tell_does_not_count():
    untold = TrueMark(Box(0, 0, 1000, 1000), UNCLEAR, signs=False)

    alone, part = truth_of(mark(), []), truth_of(mark(), [untold])

    assert (alone.signs, alone.weight) == (False, 1.0)
    assert part.weight == 0


def test_marks_labelled_by_hand_lie_on_pages_of_known_sources_and_untold_ones_sign_nothing():
    judged = judged_marks()

    assert {source for source, _ in judged} == {"tobacco800", "rf100_color", "unsigned"}
    assert any(mark.signs for marks in judged.values() for mark in marks)
    assert not any(mark.signs for marks in judged.values() for mark in marks if mark.form == UNCLEAR)


def test_the_side_of_a_view_is_averaged_down_as_torch_does_it():
    views = torch.rand(2, 192, 192)
    matrix = averaging(192, 160)

    expected = torch.nn.functional.interpolate(views[:, None], size=160, mode="area")[:, 0]

    assert torch.allclose(matrix @ views @ matrix.T, expected, atol=1e-5)


def test_the_backbone_reads_grey_as_three_equal_channels_and_keeps_its_answer_when_folded():
    torch.manual_seed(1)
    coloured = EfficientNetLite0().eval()
    published = dict(coloured.state_dict())
    grey = with_published(EfficientNetLite0(), published)
    views = 255 * torch.rand(2, 64, 96)

    with torch.inference_mode():
        three = ((views - 127) / 128)[:, None].repeat(1, 3, 1, 1)
        expected, read = coloured.layers(three).mean(dim=(2, 3)), grey(views)
        fold_norms(grey)
        folded = grey(views)

    assert torch.allclose(read, expected, atol=1e-4)
    assert torch.allclose(folded, read, atol=1e-4)


def test_the_tensors_of_another_network_are_refused():
    with pytest.raises(WrongUse, match="EfficientNet-Lite0"):
        with_published(EfficientNetLite0(), {"_conv_stem.weight": torch.zeros(8, 3, 3, 3)})


def test_training_finds_what_tells_the_marks_apart_and_is_the_same_twice():
    marks = table()

    first, second = (
        train_head(marks, crossvalidate.training_rows(marks), SETTINGS, lambda _: None).average
        for _ in range(2)
    )

    logits = crossvalidate.raw_logits(first, marks, np.arange(24))
    assert logits[marks.marks.signs == 1].min() > logits[marks.marks.signs == 0].max()
    assert np.array_equal(logits, crossvalidate.raw_logits(second, marks, np.arange(24)))


def test_plain_members_read_the_facts_alone_and_their_log_odds_count_as_much_as_the_others():
    torch.manual_seed(1)
    head, inputs = Head(members=3, hidden=4, dropout=0.5, plain=2).eval(), torch.randn(6, INPUTS)

    with torch.inference_mode():
        answers, pooled = head.logits(inputs[None]), head.pooled(inputs)
        blind = torch.cat([torch.zeros(6, 2 * FEATURES), inputs[:, 2 * FEATURES :]], dim=1)
        unseen, each = head.logits(blind[None]), head.logits(inputs.expand(5, -1, -1))

    means = [group.sigmoid().mean(dim=0).logit() for group in (answers[:3], answers[3:])]
    assert torch.allclose(pooled, sum(means) / 2, atol=1e-5)
    assert torch.allclose(unseen[3:], answers[3:], atol=1e-5)
    assert not torch.allclose(unseen[:3], answers[:3], atol=1e-2)
    assert torch.allclose(each, answers, atol=1e-5)


def test_dropout_leaves_what_is_expected_and_answers_alone():
    head = Head(members=1, hidden=4, dropout=0.25)
    ones = torch.ones(300, 333)

    torch.manual_seed(1)
    seen = head.train().seeing.dropout(ones)

    assert sorted({round(float(value), 4) for value in seen.unique()}) == [0, 1.3333]
    assert float(seen.mean()) == pytest.approx(1, abs=0.02)
    assert head.eval().seeing.dropout(ones) is ones


def test_every_training_document_is_answered_by_a_network_that_never_saw_it(monkeypatch):
    marks, trained = table(), []

    def remember(table, rows, settings, report):
        trained.append(set(table.group[rows]))
        return train_head(table, rows, settings, report)

    final = train_head(marks, crossvalidate.training_rows(marks), SETTINGS, lambda _: None).average
    monkeypatch.setattr(crossvalidate, "train_head", remember)
    crossvalidate.held_out_logits(marks, final, final, SETTINGS, lambda *_: None)

    assert set.intersection(*trained) == set()
    assert set.union(*trained) == set(marks.group)


def test_a_source_left_out_is_answered_by_the_head_that_saw_nothing_of_it():
    marks, without = table(source=crossvalidate.LEFT_OUT), Head(members=1, hidden=4, dropout=0.5).eval()

    logits = crossvalidate.held_out_logits(marks, without, without, SETTINGS, lambda *_: None)

    assert crossvalidate.rows_without(marks, crossvalidate.LEFT_OUT).size == 0
    assert np.array_equal(logits, crossvalidate.raw_logits(without, marks, np.arange(24)))


def test_the_threshold_has_the_best_of_the_worst_margins():
    marks = table(200)
    signing = marks.marks.signs == 1
    probabilities = np.zeros(400, np.float32)
    # Signed pages from 0.4 up to 0.8, unsigned ones from 0.1 up to 0.5: some overlap.
    probabilities[signing] = np.linspace(0.4, 0.8, signing.sum())
    first_of_unsigned = np.flatnonzero(~signing & (np.arange(400) % 4 == 0))
    probabilities[first_of_unsigned] = np.linspace(0.1, 0.5, len(first_of_unsigned))
    answers = crossvalidate.HeldOutPredictions(marks, probabilities)
    strict = SETTINGS.model_copy(update={"bars": {"memos": Bars(recall=0.5, false_alarms=0.05)}})
    lenient = SETTINGS.model_copy(update={"bars": {"memos": Bars(recall=0.95, false_alarms=0.5)}})

    low, high = (crossvalidate.chosen_threshold(answers, settings) for settings in (lenient, strict))

    scores, signed = answers.pages("memos")
    assert (scores[signed == 1] >= low).mean() > 0.95
    assert (scores[signed == 0] >= high).mean() < 0.05
    assert low < high


def test_pages_found_within_a_share_of_false_alarms_are_those_above_the_unsigned_that_it_leaves():
    marks = table(20)
    probabilities = np.zeros(40, np.float32)
    # Unsigned pages are the even ones: 0.1, 0.2, ... 1.0; of the signed, half lie between the best two.
    probabilities[0::4] = np.linspace(0.1, 1.0, 10)
    probabilities[2::4] = np.where(np.arange(10) < 5, 0.95, 0.85)

    within, none = (
        found_within(crossvalidate.HeldOutPredictions(marks, probabilities), "memos", share)
        for share in (0.1, 0.0)
    )

    assert (within.signed_found.some, within.signed_found.many) == (5, 10)
    assert none.signed_found.some == 0


def forms_with_one_memo_of_chance() -> list[crossvalidate.HeldOutPredictions]:
    """Two trainings: the first is right on the town's marks, the second on all memos but one document's."""
    marks = joined_marks([table(40), table(20, source="modern_town")])
    right = np.where(marks.marks.signs == 1, 0.9, 0.1).astype(np.float32)
    memos = marks.source == "memos"
    first, second = np.where(memos, 0.5, right), np.where(memos, right, 1 - right)
    second[marks.group == "memos:1"] = 0.05
    return [crossvalidate.HeldOutPredictions(marks, each.astype(np.float32)) for each in (first, second)]


def test_other_folds_and_other_sources_choose_who_answers_a_fold():
    by_folds, by_sources = nested_choices(
        forms_with_one_memo_of_chance(), "memos", folds=4, budgets=(0.05, 0.02)
    )

    assert (by_folds.by, by_sources.by) == (OTHER_FOLDS, OTHER_SOURCES)
    assert (by_folds.picks, by_sources.picks) == ((1,) * 4, (0,) * 4)
    # The page that the second training misses stays missed, although its own fold did not choose.
    assert [within.signed_found.some for within in by_folds.budgets] == [19, 19]
    assert [within.signed_found.some for within in by_sources.budgets] == [0, 0]
    assert by_folds.quality.auc.low > by_sources.quality.auc.value == 0.5
    names = {(figure.set, figure.measure) for figure in RolesReport(choices=(by_folds,)).figures().figures}
    assert ("memos, chosen by other folds", "signed pages found at 5 % false alarms") in names


def test_a_fold_never_chooses_who_answers_it():
    marks = joined_marks([table(8), table(2, source="modern_town")])
    right = np.where(marks.marks.signs == 1, 0.9, 0.1).astype(np.float32)
    forms = []
    # Every training answers the first or the second half of the documents, and knows nothing of the rest.
    for half in (marks.marks.page < 4, marks.marks.page >= 4):
        forms.append(crossvalidate.HeldOutPredictions(marks, np.where(half, right, 0.5).astype(np.float32)))

    by_folds, _ = nested_choices([*forms, forms[0]], "memos", folds=8, budgets=(0.0,))

    assert len(by_folds.picks) == 8
    assert set(by_folds.picks) == {0, 1}
    assert by_folds.budgets[0].signed_found.some == 0


@pytest.mark.parametrize(
    ("labels", "signed"),
    [
        pytest.param((Label.INITIALS, Label.INITIALS), False, id="initials at its foot"),
        pytest.param((Label.INITIALS, Label.SIGNATURE), True, id="signed above them"),
        pytest.param((Label.HANDWRITTEN_DATE,), False, id="dated"),
    ],
)
def test_initials_at_the_foot_of_an_agreement_do_not_sign_its_page(labels, signed):
    marks = tuple(Marked(label, BOX) for label in labels)
    case = PageCase("agreement.pdf-0", "agreement.pdf", lambda: (np.zeros((400, 300, 3), np.uint8), marks))

    page, read = labelled_document_page(case)

    assert page.signed is signed
    assert [mark.form for mark in page.signing] == ["signature"] * signed
    assert read().shape == (page.height, page.width, 3)


def test_trainings_on_other_marks_are_not_compared():
    forms = [
        crossvalidate.HeldOutPredictions(marks, np.zeros(len(marks.source))) for marks in (table(4), table(6))
    ]

    with pytest.raises(WrongUse, match="different marks"):
        nested_choices(forms, "memos", folds=2, budgets=(0.05,))


def test_marks_that_are_not_looked_at_do_not_sign():
    marks = table(2)
    marks.marks.facts[:, RANK] = [0, 12, 0, 1]

    answers = crossvalidate.calibrated(marks, np.full(4, 9, np.float32), slope=1, shift=0)

    assert (answers.probabilities > 0.5).tolist() == [True, False, True, True]


def test_true_probabilities_have_no_calibration_error_and_sure_mistakes_all():
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0
    assert calibration_error(np.array([0.0, 1.0]), np.array([True, False])) == 1


def test_the_quality_of_a_source_has_intervals_over_its_documents():
    marks = table(40)
    rng = np.random.default_rng(1)
    probabilities = np.clip(0.5 + 0.3 * (marks.marks.signs - 0.5) + rng.normal(0, 0.15, 80), 0, 1)

    (measured,) = qualities(crossvalidate.HeldOutPredictions(marks, probabilities.astype(np.float32)))

    for value in (measured.auc, measured.calibration_error):
        assert value.low < value.value < value.high
    assert measured.auc.high - measured.auc.low < 0.3
    assert measured.marks == 80


def test_a_table_is_read_as_it_was_written(tmp_path: Path):
    marks = table(2)

    marks.save(tmp_path / "marks.npz")
    read = Marks.load(tmp_path / "marks.npz")

    assert np.array_equal(read.marks.inputs(), marks.marks.inputs())
    assert read.group.tolist() == marks.group.tolist()


def test_the_head_answers_with_its_calibration():
    head = Head(members=2, hidden=4, dropout=0.5).eval()
    views, facts = torch.rand(3, FEATURES), torch.rand(3, FACTS)
    plain = head(views, views, facts)

    head.calibration.copy_(torch.tensor([2.0, 1.0]))

    assert torch.allclose(head(views, views, facts), (2 * plain.logit() + 1).sigmoid(), atol=1e-5)
    assert head_inputs(views, views, facts).shape == (3, len(head.mean))


def test_drawn_pages_are_the_same_again_and_say_which_marks_sign(tmp_path: Path):
    pages, again = (list(drawn_role_pages(tmp_path, 12)) for _ in range(2))

    assert all(np.array_equal(a.read(), b.read()) for a, b in zip(pages, again, strict=True))
    assert {page.truth.signed for page in pages} == {True, False}
    for page in pages:
        assert page.truth.signed == any(mark.signs for mark in page.marks)
        assert page.read().shape == (page.height, page.width, 3)


def test_a_network_that_does_not_ship_answers_as_it_would_when_exported():
    head = Head(members=1, hidden=4, dropout=0.5).eval()
    backbone = with_published(EfficientNetLite0(), EfficientNetLite0().state_dict())
    network = NetworkRoles(RolesNetwork(backbone, head))
    page = np.full((600, 400, 3), 255, np.uint8)

    answers = network.probabilities(page, [mark(), mark(scores=(0, 0.2, 0, 0, 0))])

    assert answers.shape == (2,) and ((answers > 0) & (answers < 1)).all()
    assert network.probabilities(page, []).shape == (0,)
