"""The verifier's reports as figures in the shape of all models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.common.figures import Figure, FigureFile, Unit, as_figure, estimated, today
from training.common.shares import Share, share_figure
from training.common.statistics import Estimate
from training.verifier.copies import CopiesReport
from training.verifier.decisions import decision_figures
from training.verifier.enrolment import ReferenceReport
from training.verifier.evaluate import Against, VerdictShares, VerifierFigures, VerifierReport
from training.verifier.identification import Search
from training.verifier.measure import Whole
from training.verifier.names import SameName
from training.verifier.own import OwnFigures
from training.verifier.robustness import ArrivalCondition

MODEL, COPIES, REFERENCES = "verifier", "copies", "references"
_SKILLED = "skilled EER"
_AGAINST = {
    "eer": "EER",
    "user_eer": "EER per writer",
    "area": "AUC",
    "rejected_at_low": "FRR at FAR 1 %",
    "rejected_at_very_low": "FRR at FAR 0.1 %",
}
_SEARCH = {"first": "top 1", "among_five": "top 5", "named": "named", "false_alarms": "unenrolled named"}


def verifier_figures(whole: Whole) -> FigureFile:
    """Every part that was measured; what two parts measured alike stands once."""
    once = {(figure.set, figure.measure): figure for figure in reversed(list(_parts(whole)))}
    return today(whole.digests, reversed(once.values()))


def own_figures(of: str, rows: Sequence[OwnFigures]) -> Iterator[Figure]:
    """A user's own signers; the set is named `of`."""
    for row in rows:
        suffix = _references(row.references)
        if row.skilled is not None:
            yield _figure(of, f"{_SKILLED}, {suffix}", row.skilled, row.genuine_queries)
        yield _figure(of, f"random EER, {suffix}", row.random, row.genuine_queries)


def copies_figures(report: CopiesReport) -> FigureFile:
    """False alarms among genuine pairs, and copies that were found."""
    alarms = {name: pairs.false_alarms for name, pairs in report.pairs.items()}
    if alarms:
        alarms["all"] = Share(
            sum(share.some for share in alarms.values()), sum(share.many for share in alarms.values())
        )
    figures = [
        share_figure(COPIES, of=name, measure="false alarms", share=share) for name, share in alarms.items()
    ]
    figures += [
        share_figure(COPIES, of=name.removesuffix(" of these"), measure="found", share=share)
        for name, share in report.copies.items()
    ]
    if report.searched is not None:
        of = f"search among {report.among}"
        measure = "original among the candidates"
        figures.append(share_figure(COPIES, of=of, measure=measure, share=report.searched))
    return today({"cleaner": report.cleaner}, figures)


def reference_figures(report: ReferenceReport) -> FigureFile:
    """References that were flagged, rightly and wrongly, by source."""
    figures = [
        share_figure(REFERENCES, of=source, measure=measure, share=share)
        for source, flagged in report.sources.items()
        for measure, share in (
            ("good references flagged", flagged.wrongly),
            ("good sets with any flagged", flagged.sets_with_any),
            ("random forgeries found", flagged.random_found),
            ("skilled forgeries found", flagged.forgeries_found),
        )
    ]
    return today({"encoder": report.encoder}, figures)


def _parts(whole: Whole) -> Iterator[Figure]:
    yield from decision_figures(whole.decisions or ())
    if whole.sets is not None:
        yield from _sets(whole.sets)
    if whole.names is not None:
        yield from _names(whole.names)
    for condition in whole.robustness or ():
        yield from _condition(condition)
    for search in whole.identification or ():
        yield from _search(search)


def _sets(report: VerifierReport) -> Iterator[Figure]:
    for source, measured in report.sets.items():
        for figures in measured.figures:
            yield from _one_set(source, figures)
        if measured.eight_to_one is not None:
            yield _figure(
                source,
                "skilled EER with 8 references over that with 1",
                measured.eight_to_one,
                measured.writers,
                unit=Unit.RATIO,
            )
        for name in ("embedding", "measures"):
            value = getattr(measured, f"query_only_{name}")
            measure = f"{_SKILLED} of the query alone, by {name}"
            yield as_figure(MODEL, of=source, measure=measure, value=value, n=measured.specimens)


def _one_set(source: str, figures: VerifierFigures) -> Iterator[Figure]:
    suffix = _references(figures.references)
    genuine = figures.genuine_queries
    for kind, queries in (("skilled", figures.skilled_queries), ("random", figures.random_queries)):
        yield from _against(source, kind, suffix, getattr(figures, kind), genuine + queries)
        yield from _said(source, kind, suffix, getattr(figures, f"{kind}_said"), queries)
    yield from _said(source, "genuine", suffix, figures.genuine_said, genuine)
    reliability, count = figures.reliability, genuine + figures.skilled_queries
    yield as_figure(MODEL, of=source, measure=f"ECE, {suffix}", value=reliability.ece, n=count)
    yield _figure(source, f"Cllr, {suffix}", reliability.cllr, count, unit=Unit.RATIO)
    yield as_figure(
        MODEL, of=source, measure=f"minCllr, {suffix}", value=reliability.min_cllr, n=count, unit=Unit.RATIO
    )


def _against(source: str, kind: str, suffix: str, against: Against, count: int) -> Iterator[Figure]:
    for field, measure in _AGAINST.items():
        yield _figure(source, f"{kind} {measure}, {suffix}", getattr(against, field), count)


def _said(source: str, kind: str, suffix: str, shares: VerdictShares, count: int) -> Iterator[Figure]:
    """Verdicts at the thresholds that ship; the rest is inconclusive."""
    yield _figure(source, f"{kind} accepted, {suffix}", shares.accepted, count)
    yield _figure(source, f"{kind} rejected, {suffix}", shares.rejected, count)


def _names(measured: SameName) -> Iterator[Figure]:
    of, count = "the same name by others", measured.writings
    for figures in measured.figures:
        suffix = _references(figures.references)
        for kind, against in (("same name", figures.same_name), ("other name", figures.other_name)):
            yield _figure(of, f"{kind} EER, {suffix}", against.eer, count)
        kinds = {
            "genuine": figures.own_said,
            "same name": figures.same_name_said,
            "other name": figures.other_name_said,
        }
        for kind, shares in kinds.items():
            yield from _said(of, kind, suffix, shares, count)


def _condition(condition: ArrivalCondition) -> Iterator[Figure]:
    for source, skilled in condition.skilled.items():
        of, asked = f"{source}, {condition.name}", condition.asked[source]
        yield _figure(of, f"{_SKILLED}, {_references(3)}", skilled, asked)
        yield _figure(of, f"random EER, {_references(3)}", condition.random[source], asked)
        yield as_figure(MODEL, of=of, measure="queries lost", value=condition.lost[source], n=asked)


def _search(search: Search) -> Iterator[Figure]:
    of = f"{search.kind} among {search.enrolled} enrolled"
    for field, measure in _SEARCH.items():
        count = search.unenrolled if field == "false_alarms" else search.queries
        yield _figure(of, measure, getattr(search, field), count)
    yield as_figure(
        MODEL,
        of=of,
        measure="named where 1 % of the unenrolled are",
        value=search.named_at_one_percent,
        n=search.queries,
    )
    yield as_figure(
        MODEL,
        of=of,
        measure="time of a search",
        value=search.milliseconds,
        n=search.queries,
        unit=Unit.MILLISECONDS,
    )


def _references(count: int) -> str:
    return f"{count} reference" if count == 1 else f"{count} references"


def _figure(of: str, measure: str, estimate: Estimate, count: int, *, unit: Unit = Unit.SHARE) -> Figure:
    return estimated(MODEL, of=of, measure=measure, estimate=estimate, n=count, unit=unit)
