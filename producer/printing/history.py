"""One document for a person: what was answered, to which claim, and where it has been."""

from __future__ import annotations

from db.states import Status
from producer.console import coloured, empty_table, out, plain
from worker.result import (
    AnswerResult,
    ClaimResult,
    DocumentHistory,
    DocumentResult,
    EventResult,
    VerdictResult,
    VersionsResult,
)
from worker.result.claims import claim_word


def show_history(history: DocumentHistory) -> None:
    """One document: its answer, its claims, the pages that failed, and a table of its events."""
    head = f"[bold]{plain(history.document)}[/] (document {history.id}): {coloured(history.status)}"
    out.print(f"{head}, {signed_words(history)}" if history.status.final else head)
    if history.reason:
        out.print(f"  {history.reason}: {plain(history.detail or '')}")
    for page in (page for page in history.pages if page.status == "failed"):
        out.print(f"  page {page.page + 1}: {page.reason}: {plain(page.detail or '')}")
    if history.claims:
        _show_claims(history)
    versions = _short(history.versions)
    if versions:
        out.print(f"  read with {plain(versions)}", highlight=False)
    for answer in history.answers:
        out.print(f"  {plain(_answer(answer))}", soft_wrap=True, highlight=False)
    rows = empty_table("", "at", "stage", "event", "attempt", "seconds", "by", "detail")
    for event in history.events:
        rows.add_row(*_event(event))
    out.print(rows)


def claim_words(claim: ClaimResult, status: Status) -> str:
    """What became of a claim, in its colour; `contradicted` where signatures of one signer disagree."""
    words = coloured(claim_word(claim, status))
    return f"{words}, {coloured('contradicted')}" if claim.contradicted else words


def signed_words(result: DocumentResult) -> str:
    """Whether a document is signed, how, and by how many marks."""
    marks = sum(region.is_signing for region in result.regions)
    how = " by initials" if result.signed_by == "initials" else ""
    return {True: f"signed{how}, {marks}x", False: "not signed", None: "signed: unknown"}[result.signed]


def _show_claims(result: DocumentResult) -> None:
    """Each claimed signer with the signature that answers the claim. Pages and marks count from 1."""
    rows = empty_table("Claims", "signer", "answer", "signature", "probability", "confidence", "references")
    outlooks = []
    for claim in result.claims:
        answers = (row for row in result.verdicts if row.signer == claim.signer and _is_at(row, claim))
        verdict = next(answers, None)
        rows.add_row(plain(claim.signer), claim_words(claim, result.status), *_signature(claim, verdict))
        if verdict is not None and verdict.outlook:
            outlooks.append(f"  {claim.signer}: {verdict.outlook}")
    out.print(rows)
    for line in outlooks:
        out.print(plain(line), soft_wrap=True, highlight=False)


def _is_at(verdict: VerdictResult, claim: ClaimResult) -> bool:
    return verdict.place == (claim.page, claim.region)


def _signature(claim: ClaimResult, verdict: VerdictResult | None) -> tuple[str, str, str, str]:
    """Where it stands, and how it compares."""
    against = "".join(f"; forged: {_place(other.page, other.region)}" for other in claim.contradicted_by)
    if verdict is None:
        return f"–{against}", "–", "–", "–"
    probability = "–" if verdict.probability is None else f"{verdict.probability:.3f}"
    place = f"{_place(verdict.page, verdict.region)}{against}"
    return place, probability, verdict.confidence or "–", str(verdict.references)


def _place(page: int, region: int) -> str:
    return f"page {page + 1}, mark {region + 1}"


def _answer(answer: AnswerResult) -> str:
    """When and why an answer was given, what it says of each claim, and what was different before."""
    who = f" by {answer.asked_by}" if answer.asked_by else ""
    cause = answer.cause.replace("_", " ")
    claims = "".join(
        f"; {name}: {outcome or 'unread'}{', contradicted' if name in answer.contradicted else ''}"
        for name, outcome in answer.claims.items()
    )
    changes = f" ({'; '.join(answer.changes)})" if answer.changes else ""
    head = f"answer {answer.number}, {answer.at:%Y-%m-%d %H:%M:%S %Z}, {cause}{who}: {answer.status}"
    return f"{head}{claims}{changes}".replace("_", " ")


def _event(event: EventResult) -> tuple[str | None, ...]:
    seconds = "" if event.seconds is None else f"{event.seconds:.2f}"
    attempt, detail = str(event.attempt or ""), plain(event.detail or "")
    return event.at.isoformat(), event.stage, event.event, attempt, seconds, event.who or event.worker, detail


def _short(versions: VersionsResult) -> str:
    """Versions on a line: digests by their first digits."""
    words = {name: value for name, value in versions.named() if isinstance(value, str)}
    return ", ".join(f"{name} {value if name == 'code' else value[:12]}" for name, value in words.items())
