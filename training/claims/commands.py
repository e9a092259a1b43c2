"""`countersign-train evaluate pages`: claims answered from whole pages, all steps together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from training.claims.asked import AskedSource
from training.claims.counting import ClaimShares, claim_figures, count_claims
from training.claims.drawn import drawn_sources
from training.claims.letters import letter_sources
from training.claims.product import Product
from training.common.console import StageNotice, output, stage_bars
from training.common.figures import today
from training.common.options import DataOption, FiguresOption, LimitOption, ReportOption
from training.common.reports import write_reports
from training.common.statistics import Estimate
from worker.vision.weights import entry

_WEIGHTS = ("detector", "classifier", "roles", "cleaner", "encoder", "matcher", "calibration")


def evaluate_pages(
    data: DataOption,
    limit: LimitOption = 0,
    report_to: ReportOption = None,
    figures_to: FiguresOption = None,
) -> None:
    """Measure claims on whole pages.

    Detection, roles, cleaning, comparison and assignment together, as served: letters by their authors,
    and drawn pages signed and forged by people. Takes about ten minutes on one core.
    """
    product = Product.load()
    with stage_bars() as notice:
        sources = (
            *letter_sources(data, product, notice, limit=limit),
            *drawn_sources(data, product, notice, limit=limit),
        )
        measured = [row for source in sources for row in _measured(source, product, notice, limit)]
    digests = {name: entry(name).sha256 for name in _WEIGHTS}
    report = {"claims": [asdict(row) for row in measured]}
    figures = today(digests, claim_figures(measured))
    write_reports(report, figures, report_to=report_to, figures_to=figures_to)
    output().print(claims_table(measured))


def _measured(source: AskedSource, product: Product, notice: StageNotice, limit: int) -> list[ClaimShares]:
    answered = []
    pages = source.pages[: limit or None]
    for done, asked in enumerate(pages, start=1):
        page = product.read_page(*asked.read())
        answered += [product.answer(page, claim) for claim in asked.claims]
        notice(source.name, done, len(pages))
    return count_claims(source.name, answered)


def claims_table(measured: Sequence[ClaimShares]) -> Table:
    """One row a source and number of references, then one for each truth of its claims."""
    table = Table("pages", "references", "claims", "right", "wrong", "leaning right", "wrong among high")
    for row in measured:
        shares = (row.right, row.wrong, row.leans_right, row.wrong_among_high)
        claims = str(sum(row.claims.values()))
        table.add_row(row.source, str(row.references), claims, *map(_worded, shares))
        for truth, answers in row.answers.items():
            words = ", ".join(f"{word} {share.value:.1%}" for word, share in answers.items())
            table.add_row(f"  {truth.value}", "", str(row.claims[truth]), words)
    return table


def _worded(share: Estimate) -> str:
    return "" if share.value != share.value else f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})"
