"""The verifier's measurements as Markdown: every given figure stands in its row, under its head."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training is an optional extra")

from training.common.shares import Share
from training.common.statistics import Estimate
from training.verifier import tables
from training.verifier.copies import CopiesReport, Pairs
from training.verifier.enrolment import FlaggedReferences, ReferenceReport
from training.verifier.evaluate import (
    Against,
    VerdictShares,
    VerifierFigures,
    VerifierReport,
    VerifierSetReport,
)
from training.verifier.figures import own_figures, verifier_figures
from training.verifier.identification import Search
from training.verifier.measure import Whole
from training.verifier.names import NameFigures, SameName
from training.verifier.own import OwnFigures
from training.verifier.reliability import Reliability
from training.verifier.robustness import ArrivalCondition


def rate(value: float) -> Estimate:
    return Estimate(value, value - 0.01, value + 0.01)


def rows(markdown: str) -> list[dict[str, str]]:
    """The rows of the first table, by its heads."""
    (block, *_) = (part for part in markdown.split("\n\n") if part.lstrip().startswith("| "))
    lines = [line[2:-2].split(" | ") for line in block.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def against(eer: float) -> Against:
    return Against(rate(eer), rate(0.05), rate(0.98), rate(0.2), rate(0.3))


def figures(references: int, *, skilled: float) -> VerifierFigures:
    return VerifierFigures(
        references=references,
        writers=40,
        genuine_queries=100,
        skilled_queries=80,
        random_queries=60,
        skilled=against(skilled),
        random=against(0.01),
        genuine_said=VerdictShares(rate(0.7), rate(0.1)),
        skilled_said=VerdictShares(rate(0.15), rate(0.6)),
        random_said=VerdictShares(rate(0.02), rate(0.9)),
        reliability=Reliability(0.031, Estimate(0.5, 0.4, 0.6), 0.45, []),
    )


SETS = VerifierReport(
    "2026-01-02",
    "abc",
    {"encoder": "0123456789abcdef"},
    {
        "CEDAR": VerifierSetReport(
            40, 900, [figures(1, skilled=0.16), figures(8, skilled=0.08)], Estimate(0.5, 0.4, 0.6), 0.24, 0.31
        ),
        "tablets": VerifierSetReport(9, 90, [figures(1, skilled=0.2)], None, 0.5, 0.5),
    },
)
NAMES = SameName(
    volunteers=20,
    writings=800,
    figures=[
        NameFigures(
            3,
            against(0.22),
            against(0.11),
            own_said=VerdictShares(rate(0.6), rate(0.07)),
            same_name_said=VerdictShares(rate(0.12), rate(0.5)),
            other_name_said=VerdictShares(rate(0.03), rate(0.8)),
        )
    ],
    media={"paper": {"tablet": 0.25}, "tablet": {"paper": 0.35}},
    across_media=rate(0.3),
)
CONDITIONS = [
    ArrivalCondition("blurred", {"CEDAR": rate(0.21)}, {"CEDAR": rate(0.02)}, {"CEDAR": 0.125}, {"CEDAR": 64})
]
SEARCHES = [
    Search(
        enrolled=1000,
        kind="signatures",
        composition={"CEDAR": 40, "invented": 960},
        queries=120,
        unenrolled=30,
        first=rate(0.9),
        among_five=rate(0.95),
        named=rate(0.8),
        false_alarms=rate(0.04),
        named_at_one_percent=0.75,
        milliseconds=31.4,
    )
]
WHOLE = Whole({"encoder": "ab"}, None, SETS, NAMES, CONDITIONS, SEARCHES)


def section(title: str) -> str:
    """One part of everything, up to the next title."""
    return tables.everything(WHOLE).partition(f"### {title}\n")[2].partition("\n### ")[0]


def test_equal_errors_stand_by_set_and_number_of_references():
    known = rows(section("Equal error rates"))

    assert [(row["Set"], row["References"], row["Skilled EER"]) for row in known] == [
        ("CEDAR", "1", "16.0% (15.0–17.0)"),
        ("CEDAR", "8", "8.0% (7.0–9.0)"),
        ("tablets", "1", "20.0% (19.0–21.0)"),
    ]
    assert known[0]["Query only"] == "24.0% / 31.0%"
    assert known[0]["Queries"] == "100 + 80"


def test_the_gain_of_eight_references_is_told_where_it_is_known():
    text = section("Equal error rates")

    assert "- CEDAR: with 8 references 0.50 (0.40–0.60) of the skilled EER with one." in text
    assert "- tablets" not in text


@pytest.mark.parametrize(
    ("title", "head", "cell"),
    [
        pytest.param("Skilled forgeries, further figures", "AUC", "0.9800", id="area"),
        pytest.param("Skilled forgeries, further figures", "FRR at FAR 1 %", "20.0% (19.0–21.0)", id="low"),
        pytest.param(
            "Random forgeries, further figures", "FRR at FAR 0.1 %", "30.0% (29.0–31.0)", id="lower"
        ),
        pytest.param("Verdicts at the shipped thresholds", "FRR", "10.0%", id="genuine rejected"),
        pytest.param("Verdicts at the shipped thresholds", "FAR skilled", "15.0%", id="forgeries accepted"),
        pytest.param("Verdicts at the shipped thresholds", "FAR random", "2.0%", id="random accepted"),
        pytest.param("Verdicts at the shipped thresholds", "Cannot say: genuine", "20.0%", id="the rest"),
        pytest.param("Verdicts at the shipped thresholds", "skilled", "25.0%", id="the rest of forgeries"),
        pytest.param("Calibration", "ECE", "0.031", id="calibration error"),
        pytest.param("Calibration", "Calibration loss", "0.050", id="what calibration costs"),
        pytest.param("The same name by others", "EER, same name", "22.0% (21.0–23.0)", id="same name"),
        pytest.param("The same name by others", "Own rejected", "7.0%", id="own name rejected"),
        pytest.param("The same name by others", "Cannot say: same name", "38.0%", id="name not decided"),
        pytest.param("Queries as they arrive", "CEDAR: skilled EER", "21.0% (20.0–22.0)", id="arrival"),
        pytest.param("Queries as they arrive", "CEDAR: lost", "12.5%", id="lost on the way"),
        pytest.param("Identification", "Unenrolled named", "4.0% (3.0–5.0)", id="unenrolled"),
        pytest.param("Identification", "Named when 1 % of the unenrolled are", "75.0%", id="in hindsight"),
        pytest.param("Identification", "One search", "31 ms", id="time of a search"),
    ],
)
def test_a_figure_stands_under_its_head(title, head, cell):
    assert rows(section(title))[0][head] == cell


def test_media_have_their_own_table():
    text = section("The same name by others")

    assert "| paper |  | 25.0% |" in text
    assert "| tablet | 35.0% |  |" in text


def test_who_is_enrolled_is_told_once_a_size():
    assert section("Identification").count("- 1000: 40 CEDAR, 960 invented") == 1


def test_what_was_not_asked_for_is_not_printed():
    nothing = Whole({}, None, None, None, None, None)

    assert tables.everything(nothing) == ""


def test_own_signers_without_forgeries_have_no_skilled_rate():
    figures = [OwnFigures(1, 5, 20, None, rate(0.03)), OwnFigures(3, 5, 10, rate(0.1), rate(0.02))]

    first, second = rows(tables.own_table(figures))

    assert (first["Skilled EER"], first["Random EER"]) == ("no forgeries", "3.0% (2.0–4.0)")
    assert second["Skilled EER"] == "10.0% (9.0–11.0)"
    assert [(figure.measure, figure.n) for figure in own_figures("mine", figures)] == [
        ("random EER, 1 reference", 20),
        ("skilled EER, 3 references", 10),
        ("random EER, 3 references", 10),
    ]


@pytest.mark.parametrize(
    ("searched", "line"),
    [
        pytest.param(Share(9, 10), "Original among the candidates, of 500 signatures: 90.00%", id="searched"),
        pytest.param(None, "| scanned again | 48 | 50.00%", id="not searched"),
    ],
)
def test_copies_are_printed_with_exact_intervals(searched, line):
    pairs = {"CEDAR": Pairs(Share(1, 200), 0, (0.1, 0.2, 0.3, 0.4), [])}
    report = CopiesReport(
        "2026-01-02", "abc", "auto", 0.9, pairs, {"scanned again": Share(24, 48)}, searched, 500
    )

    text = tables.copies_table(report)

    assert line in text
    low, high = Share(1, 200).interval
    assert f"| CEDAR | 200 | 1 | 0.50% ({low:.2%}–{high:.2%}) | 0.10, 0.20, 0.30, 0.40 |" in text
    assert ("Original among" in text) == (searched is not None)


def test_flagged_references_are_printed_by_set():
    flagged = FlaggedReferences(Share(1, 100), Share(1, 20), Share(20, 20), Share(5, 20))

    (row,) = rows(tables.references_table(ReferenceReport("d", "c", "e", -2.0, {"CEDAR": flagged})))

    assert row["Random forgeries found"].startswith("100.00% (")
    assert row["Skilled forgeries found"].endswith("of 20")


WRITTEN = {(one.set, one.measure): one for one in verifier_figures(WHOLE).figures}


@pytest.mark.parametrize(
    ("of", "measure", "value", "count"),
    [
        pytest.param("CEDAR", "skilled EER, 1 reference", 0.16, 180, id="skilled over both kinds"),
        pytest.param("CEDAR", "random EER, 8 references", 0.01, 160, id="random over both kinds"),
        pytest.param("CEDAR", "genuine rejected, 1 reference", 0.1, 100, id="over genuine queries"),
        pytest.param("CEDAR", "skilled accepted, 8 references", 0.15, 80, id="over forgeries"),
        pytest.param("CEDAR", "minCllr, 1 reference", 0.45, 180, id="least cost"),
        pytest.param("CEDAR", "skilled EER of the query alone, by measures", 0.31, 900, id="over specimens"),
        pytest.param("CEDAR, blurred", "queries lost", 0.125, 64, id="over those sent"),
        pytest.param(
            "signatures among 1000 enrolled", "unenrolled named", 0.04, 30, id="over the unenrolled"
        ),
        pytest.param("signatures among 1000 enrolled", "top 1", 0.9, 120, id="over enrolled people's"),
        pytest.param("the same name by others", "other name EER, 3 references", 0.11, 800, id="other names"),
    ],
)
def test_a_figure_is_over_what_was_asked(of, measure, value, count):
    figure = WRITTEN[of, measure]

    assert (figure.value, figure.n) == (pytest.approx(value), count)


def test_a_gain_that_is_not_known_is_no_figure():
    gain = "skilled EER with 8 references over that with 1"

    assert WRITTEN["CEDAR", gain].value == 0.5
    assert ("tablets", gain) not in WRITTEN
