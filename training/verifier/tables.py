"""The measurements as Markdown: `countersign-train evaluate verifier` prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from training.common.shares import Share
from training.common.statistics import Estimate
from training.verifier.copies import CopiesReport, Pairs
from training.verifier.decisions import LeftOut
from training.verifier.enrolment import ReferenceReport
from training.verifier.evaluate import Against, VerdictShares, VerifierFigures, VerifierReport
from training.verifier.identification import Search
from training.verifier.measure import Whole
from training.verifier.names import SameName
from training.verifier.own import OwnFigures
from training.verifier.robustness import ArrivalCondition

Cells = Iterable[str]


def everything(whole: Whole) -> str:
    """All parts that were measured."""
    parts = []
    if whole.decisions is not None:
        parts.append(
            _section("Verdicts on each set, by what the other sets fit", _decisions(whole.decisions))
        )
    if whole.sets is not None:
        parts.append(_sets(whole.sets))
    if whole.names is not None:
        parts.append(_section("The same name by others", _names(whole.names)))
    if whole.robustness is not None:
        parts.append(_section("Queries as they arrive", _robustness(whole.robustness)))
    if whole.identification is not None:
        parts.append(_section("Identification", _identification(whole.identification)))
    return "\n\n".join(parts)


def own_table(figures: Sequence[OwnFigures]) -> str:
    """The table of a user's own signers."""
    body = [
        (
            str(row.references),
            str(row.signers),
            str(row.genuine_queries),
            "no forgeries" if row.skilled is None else _rate(row.skilled),
            _rate(row.random),
        )
        for row in figures
    ]
    return _table(("References", "Signers", "Genuine queries", "Skilled EER", "Random EER"), body)


def copies_table(report: CopiesReport) -> str:
    """What the search for copies flagged wrongly, and what it found."""
    parts = [f"{report.date}, commit {report.commit}, cleaner {report.cleaner[:40]}, from {report.threshold}"]
    if report.pairs:
        heads = ("Set", "Pairs", "Flagged", "Rate (95 %)", "Similarity: median, 99 %, 99.9 %, largest")
        parts.append(_table(heads, [_pairs(name, pairs) for name, pairs in report.pairs.items()]))
    body = [(name, str(share.many), _exact(share)) for name, share in report.copies.items()]
    parts.append(_table(("Copy", "Copies", "Found (95 %)"), body))
    if report.searched is not None:
        among = f"of {report.among} signatures: {_exact(report.searched)}"
        parts.append(f"Original among the candidates, {among}")
    return "\n\n".join(parts)


def _pairs(name: str, pairs: Pairs) -> Cells:
    alarms = pairs.false_alarms
    spread = ", ".join(f"{value:.2f}" for value in pairs.similarity)
    return (name, str(alarms.many), str(alarms.some), _exact(alarms), spread)


def references_table(report: ReferenceReport) -> str:
    """How often references were flagged, rightly and wrongly."""
    head = f"{report.date}, commit {report.commit}, encoder {report.encoder[:12]}, below {report.threshold}"
    heads = (
        "Set",
        "Good ones flagged",
        "Good sets with any",
        "Random forgeries found",
        "Skilled forgeries found",
    )
    body = []
    for name, flagged in report.sources.items():
        shares = (flagged.wrongly, flagged.sets_with_any, flagged.random_found, flagged.forgeries_found)
        body.append((name, *(f"{_exact(share)} of {share.many}" for share in shares)))
    return f"{head}\n\n{_table(heads, body)}"


def _decisions(measured: Sequence[LeftOut]) -> str:
    body = [
        (
            row.source,
            str(row.writers),
            str(row.references),
            *(_rate(rate) for rate in (row.wrong_where_decided, row.decided)),
            *(_rate(rate) for rate in (row.genuine_called_forged, row.forged_called_genuine)),
            *(_rate(rate) for rate in (row.wrong_among_high, row.high)),
            *(_rate(rate) for rate in (row.wrong_among_medium, row.wrong_among_low)),
            *(_rate(rate) for rate in (row.skilled_eer, row.eer_per_writer, row.random_eer)),
            f"{row.ece:.3f}",
            f"{row.cllr.value:.3f}",
            f"{row.cllr.value - row.min_cllr:.3f}",
            f"{each.query_only:.1%}",
        )
        for each, row in sorted(
            ((each, row) for each in measured for row in each.rows),
            key=lambda pair: -np.nan_to_num(pair[1].wrong_where_decided.value),
        )
    ]
    verdicts = ("Wrong where decided", "Decided", "Genuine called forged", "Forged called genuine")
    words = ("Wrong among high", "High", "Wrong among medium", "Wrong among low")
    errors = ("Skilled EER", "EER per writer", "Random EER", "ECE", "Cllr", "Calibration loss", "Query only")
    return _table(("Set", "Writers", "References", *verdicts, *words, *errors), body)


def _sets(report: VerifierReport) -> str:
    digests = ", ".join(f"{name} `{digest[:12]}`" for name, digest in report.digests.items())
    head = f"Measured {report.date} at commit {report.commit} with {digests}."
    return "\n\n".join(
        [
            head,
            _section("Equal error rates", _equal_errors(report)),
            _section("Skilled forgeries, further figures", _against(report, "skilled")),
            _section("Random forgeries, further figures", _against(report, "random")),
            _section("Verdicts at the shipped thresholds", _verdicts(report)),
            _section("Calibration", _calibration(report)),
        ]
    )


def _equal_errors(report: VerifierReport) -> str:
    body = []
    for name, measured in report.sets.items():
        for figures in measured.figures:
            alone = f"{measured.query_only_embedding:.1%} / {measured.query_only_measures:.1%}"
            queries = f"{figures.genuine_queries} + {figures.skilled_queries}"
            rates = (_rate(figures.skilled.eer), _rate(figures.random.eer))
            body.append((name, str(figures.writers), str(figures.references), *rates, queries, alone))
    heads = ("Set", "Writers", "References", "Skilled EER", "Random EER", "Queries", "Query only")
    ratios = [
        f"- {name}: with 8 references {_ratio(measured.eight_to_one)} of the skilled EER with one."
        for name, measured in report.sets.items()
        if measured.eight_to_one is not None
    ]
    return "\n\n".join([_table(heads, body), "\n".join(ratios)])


def _against(report: VerifierReport, kind: str) -> str:
    body = []
    for name, figures in _all(report):
        against: Against = getattr(figures, kind)
        rates = (against.user_eer, against.rejected_at_low, against.rejected_at_very_low)
        body.append((name, str(figures.references), f"{against.area.value:.4f}", *map(_rate, rates)))
    heads = ("Set", "References", "AUC", "EER, threshold per user", "FRR at FAR 1 %", "FRR at FAR 0.1 %")
    return _table(heads, body)


def _verdicts(report: VerifierReport) -> str:
    body = []
    for name, figures in _all(report):
        kinds = (figures.genuine_said, figures.skilled_said, figures.random_said)
        row = [_share(figures.genuine_said.rejected), _share(figures.skilled_said.accepted)]
        row += [_share(figures.random_said.accepted), *(f"{_unsaid(shares):.1%}" for shares in kinds)]
        body.append((name, str(figures.references), *row))
    heads = ("Set", "References", "FRR", "FAR skilled", "FAR random")
    return _table((*heads, "Cannot say: genuine", "skilled", "random"), body)


def _calibration(report: VerifierReport) -> str:
    body = []
    for name, figures in _all(report):
        reliability = figures.reliability
        loss = reliability.cllr.value - reliability.min_cllr
        numbers = (
            f"{reliability.cllr.value:.3f} ({reliability.cllr.low:.3f}–{reliability.cllr.high:.3f})",
            f"{reliability.min_cllr:.3f}",
        )
        body.append((name, str(figures.references), f"{reliability.ece:.3f}", *numbers, f"{loss:.3f}"))
    return _table(("Set", "References", "ECE", "Cllr", "minCllr", "Calibration loss"), body)


def _names(measured: SameName) -> str:
    body = []
    for figures in measured.figures:
        eers = (figures.same_name.eer, figures.other_name.eer)
        kinds = (figures.same_name_said, figures.other_name_said)
        shares = [_share(figures.own_said.rejected), *(_share(kind.accepted) for kind in kinds)]
        shares.append(f"{_unsaid(figures.same_name_said):.1%}")
        body.append((str(figures.references), *map(_rate, eers), *shares))
    heads = ("References", "EER, same name", "EER, other name", "Own rejected", "Same name accepted")
    table = _table((*heads, "Other name accepted", "Cannot say: same name"), body)
    media = [
        (name, *(f"{row[other]:.1%}" if other in row else "" for other in measured.media))
        for name, row in measured.media.items()
    ]
    head = f"{measured.volunteers} volunteers, {measured.writings} writings."
    return "\n\n".join([head, table, _table(("Reference \\ query", *measured.media), media)])


def _robustness(conditions: Sequence[ArrivalCondition]) -> str:
    sources = list(conditions[0].skilled)
    heads = (
        "Query",
        *(f"{source}: {what}" for source in sources for what in ("skilled EER", "random EER", "lost")),
    )
    body = []
    for condition in conditions:
        cells = [
            cell
            for source in sources
            for cell in (
                _rate(condition.skilled[source]),
                _rate(condition.random[source]),
                f"{condition.lost[source]:.1%}",
            )
        ]
        body.append((condition.name, *cells))
    return _table(heads, body)


def _identification(searches: Sequence[Search]) -> str:
    body = []
    for search in searches:
        rates = (search.first, search.among_five, search.named, search.false_alarms)
        counts = (str(search.enrolled), search.kind, f"{search.queries} + {search.unenrolled}")
        body.append(
            (
                *counts,
                *map(_rate, rates),
                f"{search.named_at_one_percent:.1%}",
                f"{search.milliseconds:.0f} ms",
            )
        )
    heads = ("Enrolled", "Of", "Queries", "Top 1", "Top 5", "Named", "Unenrolled named")
    table = _table((*heads, "Named when 1 % of the unenrolled are", "One search"), body)
    lines = [
        f"- {search.enrolled}: "
        + ", ".join(f"{count} {source}" for source, count in search.composition.items())
        for search in searches
        if search.kind == searches[0].kind
    ]
    return "\n\n".join([table, "\n".join(lines)])


def _all(report: VerifierReport) -> list[tuple[str, VerifierFigures]]:
    return [(name, figures) for name, measured in report.sets.items() for figures in measured.figures]


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}"


def _table(heads: Cells, body: Iterable[Cells]) -> str:
    columns = list(heads)
    lines = [columns, ["---"] * len(columns), *(list(row) for row in body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rate(rate: Estimate) -> str:
    if np.isnan(rate.value):
        return "none given"
    return f"{rate.value:.1%} ({100 * rate.low:.1f}–{100 * rate.high:.1f})"


def _share(rate: Estimate) -> str:
    return f"{rate.value:.1%}"


def _ratio(rate: Estimate) -> str:
    return f"{rate.value:.2f} ({rate.low:.2f}–{rate.high:.2f})"


def _unsaid(shares: VerdictShares) -> float:
    return max(0.0, 1 - shares.accepted.value - shares.rejected.value)


def _exact(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.2%} ({low:.2%}–{high:.2%})"
