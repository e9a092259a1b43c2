"""What a report says of a document is what its verdicts say."""

from __future__ import annotations

import pytest

from tests.results import document, page, region, verdict
from worker.report.summary import ClaimState, claim_states, report_rows, short_names, summarise, to_look_at
from worker.result import DocumentResult

SIGNED_BY_TWO = document(
    pages=[page(regions=[region(0), region(1)])],
    claims=["ann", "ben"],
    verdicts=[
        verdict("ann", "genuine", 0.97, place=0),
        verdict("ann", "forged", 0.02, place=1),
        verdict("ben", "forged", 0.01, place=0),
        verdict("ben", "genuine", 0.91, place=1),
    ],
)


def test_each_of_two_signers_is_judged_by_the_signature_that_speaks_most_for_him() -> None:
    assert claim_states(SIGNED_BY_TWO) == [ClaimState("ann", "genuine"), ClaimState("ben", "genuine")]


def test_a_signature_of_another_signer_is_no_forgery_of_mine() -> None:
    result = document(
        pages=[page(regions=[region(0)])],
        claims=["ann", "ben"],
        verdicts=[verdict("ann", "genuine", 0.97, place=0), verdict("ben", "forged", 0.01, place=0)],
    )

    assert claim_states(result) == [ClaimState("ann", "genuine"), ClaimState("ben", "not_found")]


@pytest.mark.parametrize("outcome", ["genuine", "forged", "inconclusive", "no_reference"])
def test_a_lone_verdict_is_the_state_of_its_claim(outcome: str) -> None:
    probability = None if outcome == "no_reference" else 0.4
    result = document(pages=[page(regions=[region(0)])], verdicts=[verdict("ann", outcome, probability)])

    assert claim_states(result) == [ClaimState("ann", outcome)]


def test_a_claim_without_any_signature_is_not_found() -> None:
    assert claim_states(document(pages=[page()], claims=["ann"], signed=False)) == [
        ClaimState("ann", "not_found")
    ]


def test_a_signature_that_nobody_claims_is_no_claim() -> None:
    assert (
        claim_states(
            document(pages=[page(regions=[region(0)])], verdicts=[verdict("", "no_reference", None)])
        )
        == []
    )


@pytest.mark.parametrize(
    ("result", "why"),
    [
        pytest.param(SIGNED_BY_TWO, [], id="in order"),
        pytest.param(document(pages=[page()], signed=False), [], id="unsigned and nobody claimed"),
        pytest.param(document(status="failed", reason="empty_document"), ["could not be read"], id="failed"),
        pytest.param(
            document(status="partial", pages=[page(status="failed")]),
            ["some pages could not be read"],
            id="partial",
        ),
        pytest.param(
            document(pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "forged", 0.1)]),
            ["a signature does not match the claimed signer"],
            id="forged",
        ),
        pytest.param(
            document(pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "inconclusive", 0.5)]),
            ["a signature could not be decided"],
            id="inconclusive",
        ),
        pytest.param(
            document(pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "no_reference", None)]),
            ["there is no reference of a claimed signer"],
            id="no reference",
        ),
        pytest.param(
            document(pages=[page()], claims=["ann"], signed=False),
            ["the signature of a claimed signer was not found"],
            id="claimed and unsigned",
        ),
    ],
)
def test_documents_that_need_a_person_say_why(result: DocumentResult, why: list[str]) -> None:
    (row,) = report_rows([result])

    assert row.why == why


def test_the_summary_counts_every_document_once() -> None:
    results = [
        SIGNED_BY_TWO,
        document(pages=[page()], signed=False),
        document(status="failed", reason="empty_document", signed=None),
    ]

    counted = summarise(report_rows(results))

    assert (counted.documents, counted.pages, counted.signatures) == (3, 2, 2)
    assert counted.status == {"done": 2, "partial": 0, "failed": 1}
    assert counted.signed == {"signed": 1, "unsigned": 1, "unknown": 1}
    assert counted.claims == {"genuine": 2, "forged": 0, "inconclusive": 0, "no_reference": 0, "not_found": 0}


def test_initials_are_not_counted_as_signatures() -> None:
    (row,) = report_rows([document(pages=[page(regions=[region(0), region(1, label="initials")])])])

    assert row.signatures == 1


@pytest.mark.parametrize(
    ("names", "short"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["/in/a.pdf"], ["a.pdf"], id="one"),
        pytest.param(["/in/a.pdf", "/in/b/a.pdf"], ["a.pdf", "b/a.pdf"], id="folders that differ"),
        pytest.param(["a.pdf", "b.pdf"], ["a.pdf", "b.pdf"], id="no folder"),
        pytest.param(["/in/a.pdf", "b.pdf"], ["/in/a.pdf", "b.pdf"], id="nothing shared"),
        pytest.param(["/in/ab/x", "/in/abc/x"], ["ab/x", "abc/x"], id="a shared beginning is no folder"),
    ],
)
def test_names_lose_only_the_folder_that_all_share(names: list[str], short: list[str]) -> None:
    assert short_names(names) == short


def test_the_most_urgent_stands_first_whatever_the_order_of_documents() -> None:
    undecided = document(
        "in/undecided.pdf",
        pages=[page(regions=[region(0)])],
        verdicts=[verdict("ann", "inconclusive", 0.5)],
    )
    forged = document(
        "in/forged.pdf", pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "forged", 0.1)]
    )
    contradicted = document(
        "in/contradicted.pdf",
        pages=[page(regions=[region(0), region(1)])],
        verdicts=[verdict("ann", "genuine", 0.97, place=0), verdict("ann", "forged", 0.02, place=1)],
    )

    urgent = to_look_at(report_rows([undecided, forged, contradicted]))

    assert [item.row.name for item in urgent] == ["contradicted.pdf", "forged.pdf", "undecided.pdf"]


def test_a_file_handed_in_again_is_counted_and_one_with_another_claim_is_not() -> None:
    def copy(number: int, signer: str, sha256: str) -> DocumentResult:
        signed = document(
            f"in/{number}.pdf", pages=[page(regions=[region(0)])], verdicts=[verdict(signer, "forged", 0.1)]
        )
        return signed.model_copy(update={"sha256": sha256})

    same = [copy(number, "ann", "ab" * 32) for number in range(30)]
    others = [copy(30, "ben", "ab" * 32), copy(31, "ann", "cd" * 32)]

    urgent = to_look_at(report_rows([*same, *others]))

    assert [(item.row.name, item.again) for item in urgent] == [("0.pdf", 29), ("30.pdf", 0), ("31.pdf", 0)]
    assert [item.others for item in urgent] == ["the same file came 29 more times", "", ""]


def test_documents_that_lack_references_of_one_signer_ask_for_them_once_behind_all_others() -> None:
    def lacking(name: str, *signers: str) -> DocumentResult:
        verdicts = [verdict(signer, "no_reference", None) for signer in signers]
        return document(name, pages=[page(regions=[region(0)])], verdicts=verdicts)

    undecided = document(
        "in/undecided.pdf",
        pages=[page(regions=[region(0)])],
        verdicts=[verdict("ann", "inconclusive", 0.5), verdict("cid", "no_reference", None)],
    )
    lacked = [lacking(f"in/{number}.pdf", "ann") for number in range(3)]

    urgent = to_look_at(report_rows([*lacked, lacking("in/ben.pdf", "ben"), undecided]))

    assert [(item.row.name, item.others) for item in urgent] == [
        ("undecided.pdf", ""),
        ("0.pdf", "so it is with 2 more"),
        ("ben.pdf", ""),
    ]


@pytest.mark.parametrize(("status", "state"), [("failed", "unread"), ("working", "waiting")])
def test_a_claim_without_an_answer_is_neither_found_nor_missing(status: str, state: str) -> None:
    rows = report_rows([document(claims=["ann"], status=status, signed=None)])

    assert rows[0].claims == [ClaimState("ann", state)]
    assert summarise(rows).claims[state] == 1


@pytest.mark.parametrize(
    ("claim", "asks"),
    [
        pytest.param(ClaimState("ann", "genuine"), False, id="genuine"),
        pytest.param(ClaimState("ann", "genuine", contradicted=True), True, id="contradicted"),
        pytest.param(ClaimState("ann", "not_found"), True, id="not found"),
        pytest.param(ClaimState("ann", "no_reference"), True, id="nothing to compare with"),
    ],
)
def test_the_list_names_the_claims_that_ask_for_a_person(claim: ClaimState, asks: bool) -> None:
    assert claim.asks is asks
