"""Which signature answers which claim: shared out once, by likelihood, and what that makes of claims."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.results import document, page, region, verdict
from worker.report.summary import Why, report_rows
from worker.result import DocumentResult, VerdictResult
from worker.result.assignment import best_pairs
from worker.result.claims import ReadState, claim_results, with_assignment
from worker.result.marks import mark_rows

GAINS = st.floats(-5, 8) | st.just(-1e6)


@given(
    st.integers(0, 5).flatmap(
        lambda width: st.lists(st.lists(GAINS, min_size=width, max_size=width), max_size=4)
    )
)
def test_no_other_pairs_gain_more(gains: list[list[float]]) -> None:
    pairs = best_pairs(gains)

    assert len(set(pairs.values())) == len(pairs)
    worth = sum(gains[row][column] for row, column in pairs.items())
    columns = [*range(len(gains[0]) if gains else 0), *[None] * len(gains)]
    best = max(
        sum(gains[row][column] for row, column in enumerate(chosen) if column is not None)
        for chosen in permutations(columns, len(gains))
    )
    assert worth == pytest.approx(best)


def matrix(**by_signer: list[float]) -> list[VerdictResult]:
    """Verdicts on one signature a column, by probability: genuine from 0.7, forged below 0.3."""
    return [
        verdict(signer, outcome(probability), probability, place=place)
        for signer, probabilities in by_signer.items()
        for place, probability in enumerate(probabilities)
    ]


def outcome(probability: float) -> str:
    return "genuine" if probability >= 0.7 else "forged" if probability < 0.3 else "inconclusive"


def answers(verdicts: list[VerdictResult], *signers: str) -> dict[str, tuple[str | None, int | None]]:
    """What became of each claim, and the signature that answers it."""
    rows = with_assignment(signers, verdicts)
    results = claim_results(dict.fromkeys(signers), rows, ReadState.WHOLE)
    return {claim.signer: (claim.answer, claim.region) for claim in results}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param(
            matrix(ann=[0.99, 0.01], ben=[0.02, 0.98]),
            {"ann": ("genuine", 0), "ben": ("genuine", 1)},
            id="an honest contract",
        ),
        pytest.param(
            matrix(ann=[0.99, 0.98], ben=[0.02, 0.01]),
            {"ann": ("genuine", 0), "ben": ("not_found", None)},
            id="one signs twice, the other not at all",
        ),
        pytest.param(
            matrix(ann=[0.99, 0.001], ben=[0.001, 0.05]),
            {"ann": ("genuine", 0), "ben": ("forged", 1)},
            id="the other's is forged",
        ),
        pytest.param(
            matrix(ann=[0.99, 0.6], ben=[0.01, 0.5]),
            {"ann": ("genuine", 0), "ben": ("inconclusive", 1)},
            id="a poor one is left for who has none",
        ),
        pytest.param(
            [
                *matrix(ann=[0.99, 0.01]),
                *(verdict("ben", "no_reference", None, place=place) for place in (0, 1)),
            ],
            {"ann": ("genuine", 0), "ben": ("no_reference", 1)},
            id="nothing on file of the other",
        ),
        pytest.param([], {"ann": ("not_found", None), "ben": ("not_found", None)}, id="unsigned"),
    ],
)
def test_a_claim_is_answered_by_the_signature_that_stands_for_it(
    verdicts: list[VerdictResult], expected: dict[str, tuple[str, int | None]]
) -> None:
    assert answers(verdicts, "ann", "ben") == expected


def test_an_honest_contract_of_two_has_no_forged_signature() -> None:
    rows = with_assignment(["ann", "ben"], matrix(ann=[0.99, 0.01], ben=[0.02, 0.98]))

    assert [row.verdict for row in rows if row.assigned] == ["genuine", "genuine"]


def contradicted() -> DocumentResult:
    return document(
        "bad.pdf", pages=[page(regions=[region(0), region(1)])], verdicts=matrix(ann=[0.99, 0.0001])
    )


def test_a_genuine_signature_hides_no_forged_one() -> None:
    (claim,) = contradicted().claims

    assert (claim.answer, claim.contradicted) == ("genuine", True)
    assert [(place.page, place.region) for place in claim.contradicted_by] == [(0, 1)]


def test_a_contradicted_document_stands_first_for_its_first_reason() -> None:
    (row,) = report_rows([contradicted()])

    assert (row.why[0], row.contradicted) == (Why.CONTRADICTED, True)


def test_what_was_not_read_may_hold_the_signature() -> None:
    assert [claim_results({"ann": None}, (), reading)[0].answer for reading in ReadState] == [
        None,
        "inconclusive",
        "not_found",
    ]


def of_people(verdicts: list[VerdictResult], people: dict[str, int]) -> list[VerdictResult]:
    """The same, compared with the references of these signers on file."""
    return [row.model_copy(update={"signer_id": people.get(row.signer)}) for row in verdicts]


def test_all_names_of_one_person_are_answered_by_the_same_signature() -> None:
    verdicts = matrix(Ann=[0.9], Smith=[0.9], Bob=[0.1])
    people = {"Ann": 1, "Smith": 1, "Bob": 2}

    assert answers(of_people(verdicts, people), "Bob", "Ann", "Smith") == {
        "Bob": ("not_found", None),
        "Ann": ("genuine", 0),
        "Smith": ("genuine", 0),
    }


def test_names_that_were_merged_between_two_pages_are_one_person() -> None:
    first = of_people(matrix(Ann=[0.9], Smith=[0.1]), {"Ann": 1, "Smith": 2})
    second = [
        row.model_copy(update={"page": 1})
        for row in of_people(matrix(Ann=[0.8], Smith=[0.8]), {"Ann": 1, "Smith": 1})
    ]

    told = answers([*first, *second], "Ann", "Smith")

    assert told == {"Ann": ("genuine", 0), "Smith": ("genuine", 0)}


def test_names_of_which_nothing_is_known_are_people_of_their_own() -> None:
    assert answers(matrix(Ann=[0.9], Smith=[0.9]), "Ann", "Smith") == {
        "Ann": ("genuine", 0),
        "Smith": ("not_found", None),
    }


def test_a_mark_stands_for_the_first_claimed_name_of_its_writer() -> None:
    verdicts = of_people(matrix(Ann=[0.9], Smith=[0.9]), {"Ann": 1, "Smith": 1})
    result = document(pages=[page(regions=[region()])], verdicts=verdicts)

    (mark,) = mark_rows(result)

    assert (mark["signer"], mark["verdict"]) == ("Ann", "genuine")
