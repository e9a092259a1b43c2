"""What an answer says of each mark, as a row."""

from __future__ import annotations

from tests.results import document, page, region, verdict
from worker.result import DuplicateKind, DuplicateResult, ReferenceCopyResult
from worker.result.marks import mark_rows


def test_a_forged_signature_beside_a_genuine_one_of_the_same_signer_contradicts_it() -> None:
    regions = [region(0), region(1)]
    verdicts = [
        verdict("Ann", "genuine", 0.99, llr=4.0),
        verdict("Ann", "forged", 0.0001, place=1, llr=-9.0),
    ]
    result = document(pages=[page(regions=regions)], verdicts=verdicts)

    genuine, forged = mark_rows(result)

    assert (genuine["signer"], genuine["verdict"], genuine["contradicts"]) == ("Ann", "genuine", False)
    assert (forged["signer"], forged["verdict"], forged["contradicts"]) == ("Ann", "forged", True)
    assert result.claims[0].contradicted


def test_a_signature_of_the_other_party_is_not_forged() -> None:
    verdicts = [
        verdict("Ann", "genuine", 0.99, llr=4.0),
        verdict("Bob", "forged", 0.001, llr=-6.0),
        verdict("Ann", "forged", 0.001, place=1, llr=-6.0),
        verdict("Bob", "genuine", 0.98, place=1, llr=3.5),
    ]
    rows = mark_rows(document(pages=[page(regions=[region(0), region(1)])], verdicts=verdicts))

    assert [(row["signer"], row["verdict"]) for row in rows] == [("Ann", "genuine"), ("Bob", "genuine")]


def test_a_mark_that_is_compared_with_nobody_says_where_its_ink_was_before() -> None:
    twin = DuplicateResult(document=7, key="a.pdf", page=0, region=2, similarity=0.95, kind=DuplicateKind.INK)
    copy = ReferenceCopyResult(signer="Ann", reference=2, similarity=0.97)
    marks = [region(0, duplicate_of=twin, copy_of_reference=(copy,), label="initials")]

    (row,) = mark_rows(document(pages=[page(regions=marks)]))

    assert (row["signer"], row["verdict"], row["label"]) == (None, None, "initials")
    assert (row["duplicate_of"], row["duplicate_region"], row["duplicate_kind"]) == (7, 2, "ink")
    assert (row["copy_of_signer"], row["copy_of_reference"]) == ("Ann", 2)
