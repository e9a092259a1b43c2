"""Machine against people, people against planted cases: error rates from decisions of the review queue."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from training.common.statistics import exact_interval
from worker.errors import WrongUse

_GENUINE, _FORGED = "genuine", "forged"


@dataclass(frozen=True, slots=True)
class PersonDecision:
    """The last answer of a person to a question; `expected` is empty unless the case was planted."""

    question: tuple[str, ...]
    who: str
    answer: str
    why: str
    outcome: str
    expected: str


@dataclass(frozen=True, slots=True)
class ErrorShare:
    """A share of cases with its exact 95 % interval; None without a case."""

    of: str
    measure: str
    count: int
    cases: int
    value: float | None
    low: float
    high: float


def read_decisions(path: Path) -> list[PersonDecision]:
    """The last answer of each person to each question. WrongUse for a file of another kind."""
    last: dict[tuple[str, ...], tuple[int, PersonDecision]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                question = tuple(row[name] for name in ("document_id", "page", "region", "signer"))
                facts = (row[name] for name in ("who", "answer", "why", "outcome", "expected"))
                known = last.get((*question, row["who"]))
                revision = int(row["revision"])
                if known is None or revision >= known[0]:
                    last[*question, row["who"]] = revision, PersonDecision(question, *facts)
    except (OSError, UnicodeError, KeyError, ValueError) as error:
        raise WrongUse(f"{str(path)!r} is no file of `countersign reviews export`: {error}") from error
    return [decision for _, decision in last.values()]


def judge_decisions(decisions: Sequence[PersonDecision]) -> list[ErrorShare]:
    """All rates: of the machine against what people agree on and what is known, and of each person."""
    planted = [row for row in decisions if row.expected]
    settled = list(_settled(row for row in decisions if not row.expected))
    sampled = [(outcome, truth) for outcome, truth, why in settled if why == "sample"]
    known = {row.question: (row.outcome, row.expected) for row in planted}
    rates = [
        *_rates("machine, all items", [(outcome, truth) for outcome, truth, _ in settled]),
        *_rates("machine, sample", sampled),
        *_rates("machine, planted cases", list(known.values())),
    ]
    for who in sorted({row.who for row in decisions}):
        rates += _rates(who, [(row.answer, row.expected) for row in planted if row.who == who])
    return [*rates, _agreement(decisions)]


def rate_table(rates: Iterable[ErrorShare]) -> Table:
    """A row for each rate."""
    table = Table("of", "measure", "cases", "share", "95 % interval")
    for rate in rates:
        share = "–" if rate.value is None else f"{rate.value:.1%}"
        counted = f"{rate.count} of {rate.cases}"
        table.add_row(rate.of, rate.measure, counted, share, f"{rate.low:.1%} to {rate.high:.1%}")
    return table


def _settled(decisions: Iterable[PersonDecision]) -> Iterator[tuple[str, str, str]]:
    """What the machine said, what most people said, and why it was asked; nothing without a majority."""
    by_question: dict[tuple[str, ...], list[PersonDecision]] = defaultdict(list)
    for decision in decisions:
        by_question[decision.question].append(decision)
    for rows in by_question.values():
        for answer in (_GENUINE, _FORGED):
            if 2 * sum(row.answer == answer for row in rows) > len(rows):
                yield rows[-1].outcome, answer, rows[-1].why


def _rates(of: str, pairs: Sequence[tuple[str, str]]) -> list[ErrorShare]:
    """FAR, FRR and the share without a decision, from answers and truths."""
    forged = [answer for answer, truth in pairs if truth == _FORGED]
    genuine = [answer for answer, truth in pairs if truth == _GENUINE]
    return [
        _rate(of, "FAR: forgeries called genuine", forged.count(_GENUINE), len(forged)),
        _rate(of, "FRR: genuine called forged", genuine.count(_FORGED), len(genuine)),
        _rate(of, "not decided", sum(answer not in {_GENUINE, _FORGED} for answer, _ in pairs), len(pairs)),
    ]


def _agreement(decisions: Sequence[PersonDecision]) -> ErrorShare:
    answers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for decision in decisions:
        answers[decision.question].append(decision.answer)
    several = [row for row in answers.values() if len(row) > 1]
    return _rate("people", "all agree, of several", sum(len(set(row)) == 1 for row in several), len(several))


def _rate(of: str, measure: str, count: int, cases: int) -> ErrorShare:
    low, high = exact_interval(count, cases)
    return ErrorShare(of, measure, count, cases, count / cases if cases else None, low, high)
