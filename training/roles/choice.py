"""Which of several trainings answers a source, chosen by pages that are not among those it answers.

A form that was picked with the figures of a source in view flatters itself there. Here every fold of the
source is answered by the training that did best elsewhere: on its other folds, or on other sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.common.statistics import area_under_curve, grouped_folds
from training.roles.crossvalidate import TRAINING, HeldOutPredictions
from training.roles.heldout import FoundWithin, RoleQuality, called_within, found_within, quality
from training.roles.table import Rows
from worker.errors import WrongUse

#: What chose.
OTHER_FOLDS, OTHER_SOURCES = "other folds", "other sources"


@dataclass(frozen=True, slots=True)
class NestedChoice:
    """The answers to a source that `by` chose; `picks` is the number of the training for every fold."""

    by: str
    picks: tuple[int, ...]
    budgets: tuple[FoundWithin, ...]
    quality: RoleQuality


def nested_choices(
    forms: Sequence[HeldOutPredictions], source: str, *, folds: int, budgets: Sequence[float]
) -> list[NestedChoice]:
    """The source as answered when its other folds choose among trainings, and when other sources do.

    Folds part documents. They choose by the signed pages found where the first of the budgets, a share of the
    unsigned pages, may be called signed; sources by their mean area under the curve of marks. Of equal
    trainings the first is taken. Raises WrongUse for trainings on different marks.
    """
    if not all(_same_marks(forms[0], form) for form in forms):
        raise WrongUse("these trainings have different marks: only settings beside `drawn` may differ")
    pages = forms[0].marks.pages.of(source)
    inside_and_outside = grouped_folds(forms[0].marks.pages.group[pages], folds)
    by_folds = [_best_on(forms, pages[inside], budgets[0]) for inside, _ in inside_and_outside]
    by_sources = [_best_on_others(forms, source)] * folds
    outside = [pages[rows] for _, rows in inside_and_outside]
    return [
        _choice(by, picks, _answers(forms, picks, outside), source, budgets)
        for by, picks in ((OTHER_FOLDS, by_folds), (OTHER_SOURCES, by_sources))
    ]


def _same_marks(first: HeldOutPredictions, other: HeldOutPredictions) -> bool:
    return np.array_equal(first.marks.marks.facts, other.marks.marks.facts) and np.array_equal(
        first.marks.group, other.marks.group
    )


def _best_on(forms: Sequence[HeldOutPredictions], pages: Rows, budget: float) -> int:
    """The training that finds most signed pages among these."""
    signed = forms[0].marks.pages.signed[pages]
    scores = [form.marks.page_scores(form.probabilities)[pages] for form in forms]
    return int(np.argmax([called_within(score, signed, budget)[signed == 1].sum() for score in scores]))


def _best_on_others(forms: Sequence[HeldOutPredictions], source: str) -> int:
    """The training that tells marks best on the other sources; those of one kind of mark say nothing."""
    return int(np.argmax([np.mean(_areas(form, source)) for form in forms]))


def _areas(form: HeldOutPredictions, source: str) -> list[float]:
    known = [form.of(name) for name in TRAINING if name != source]
    return [
        area_under_curve(scores.astype(np.float64), truths == 1)
        for scores, truths in known
        if len(set(truths)) > 1
    ]


def _answers(
    forms: Sequence[HeldOutPredictions], picks: Sequence[int], outside: Sequence[Rows]
) -> HeldOutPredictions:
    """The probabilities of the training that was picked for a mark's page; the first elsewhere."""
    table = forms[0].marks
    number = np.zeros(len(table.pages.source), np.int64)
    for pick, pages in zip(picks, outside, strict=True):
        number[pages] = pick
    every = np.stack([form.probabilities for form in forms])
    marks = np.arange(every.shape[1])
    return HeldOutPredictions(table, every[number[table.marks.page], marks])


def _choice(
    by: str, picks: Sequence[int], answers: HeldOutPredictions, source: str, budgets: Sequence[float]
) -> NestedChoice:
    name = f"{source}, chosen by {by}"
    within = (found_within(answers, source, budget) for budget in budgets)
    return NestedChoice(
        by,
        tuple(picks),
        tuple(replace(pages, source=name) for pages in within),
        replace(quality(source, answers), source=name),
    )
