"""Documents for a person: what a run found, and where all of them stand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from producer.console import coloured, empty_table, err, out, plain
from producer.printing.history import claim_words
from producer.services.run import RunResult
from producer.text import counted
from worker.errors import EmptyDocument, EncryptedDocument, UnknownFormat, UnreadableDocument, UnreadablePage
from worker.result import (
    DocumentResult,
    OverviewResult,
    StageResult,
)

#: Characters that the other columns of a run's table want, and those that a name gets at least.
_OTHER_COLUMNS, _SHORTEST_NAME = 46, 16
#: Documents whose reason is told in a sentence below the table; the report has all of them.
SENTENCES = 20


#: Reasons that lie in the document itself: the same bytes end the same way.
_IN_THE_BYTES = frozenset(
    error.code
    for error in (EmptyDocument, EncryptedDocument, UnknownFormat, UnreadableDocument, UnreadablePage)
)


def show_overview(overview: OverviewResult, *, folder: Path | None = None) -> None:
    """Documents by status, quarantine by reason, signers; of the queued form, or of a run's folder."""
    rows = empty_table("Documents", "status", "number")
    for status, number in overview.documents.items():
        rows.add_row(coloured(status), str(number))
    out.print(rows)
    for reason, number in overview.reasons.items():
        out.print(f"{number} in quarantine: {reason} ({plain(_advice(reason, folder))})", soft_wrap=True)
    out.print(f"{counted(overview.signers, 'signer')} enrolled")
    if overview.waiting_since is not None:
        out.print(f"the oldest document has waited for its answer {_age(overview.waiting_since)}")
    out.print(f"{counted(overview.finished_last_hour, 'document')} answered within the last hour")
    if any(stage.waiting or stage.at_work for stage in overview.stages):
        _show_progress(overview)


def _advice(reason: str, folder: Path | None) -> str:
    """What a person can do about documents in quarantine for that reason."""
    if reason in _IN_THE_BYTES:
        return "the same bytes end the same way: give another file"
    return shlex.join(
        ["countersign", "retry", "--reason", reason, *(["--run", str(folder)] if folder else [])]
    )


def show_stages(stages: Sequence[StageResult]) -> None:
    """What waits before which stage, and what is at work."""
    rows = empty_table("Stages", "stage", "waiting", "at work", "longest without an event")
    for stage in stages:
        rows.add_row(stage.stage, str(stage.waiting), str(stage.at_work), _age(stage.standing_since))
    out.print(rows)


def _show_progress(overview: OverviewResult) -> None:
    """What waits before which stage, and who was seen at work."""
    show_stages(overview.stages)
    workers = empty_table("Workers", "worker", "stage", "last progress")
    for worker in overview.workers:
        workers.add_row(plain(worker.worker), worker.stage, f"{_age(worker.at)} ago")
    out.print(workers)


def _age(moment: datetime | None) -> str:
    """How long ago that was, to the second."""
    if moment is None:
        return "–"
    return str(timedelta(seconds=max(0, round((datetime.now(UTC) - moment).total_seconds()))))


def show_run(run: RunResult) -> None:
    """A row per document, sentences about those that were not read and about copies, and the ways on."""
    rows = empty_table("Documents", "document", "status", "signed", "claims")
    # Names stay whole as long as the other columns have room: a name that is cut in two cannot be searched.
    longest = max((len(_name(result)) for result in run.results), default=0)
    longest = max(longest, len("document"))
    rows.columns[0].width = min(longest, max(out.width - _OTHER_COLUMNS, _SHORTEST_NAME))
    for result in run.results:
        rows.add_row(_name(result), coloured(result.status), _signed(result), "\n".join(_claims(result)))
    out.print(rows)
    unread = [line for result in run.results for line in _unread(result)]
    copies = [plain(line) for result in run.results for line in _copies(result)]
    twins = list(map(plain, _same_bytes(run.results)))
    for line in (*unread[:SENTENCES], *twins[:SENTENCES], *copies[:SENTENCES]):
        out.print(line, soft_wrap=True)
    failed = sum(result.status == "failed" for result in run.results)
    out.print(
        f"{counted(len(run.results), 'document')}, {failed} failed. Report: {run.report}", soft_wrap=True
    )
    if run.tables:
        out.print(f"Tables: {', '.join(map(str, run.tables))}", soft_wrap=True)
    _show_ways_on(run.report.parent)


def _show_ways_on(folder: Path) -> None:
    """Which commands go on from a run's folder, on stderr."""
    where = shlex.quote(str(folder))
    err.print(
        f"look further: countersign status --run {where}, and likewise results, report and bundle\n"
        f"change it: countersign claim, retry, signers, enroll and erase, each with --run {where}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def tell_answer(result: DocumentResult) -> None:
    """One line on a document that was read here: how it ended, and what became of its claims."""
    ended = result.status if result.reason is None else f"{result.status}, {result.reason}"
    line = "; ".join((f"{_name(result)} (document {result.id}): {ended}", *_claims(result)))
    err.print(line, soft_wrap=True, highlight=False)


def _name(result: DocumentResult) -> str:
    return plain(Path(result.document).name)


def _signed(result: DocumentResult) -> str:
    signatures = sum(region.is_signing for region in result.regions)
    how = " by initials" if result.signed_by == "initials" else ""
    return {True: f"yes{how}, {signatures}x", False: "no", None: "unknown"}[result.signed]


def _copies(result: DocumentResult) -> Iterator[str]:
    """Signatures that show the same ink as another, or as a reference, in sentences."""
    name = Path(result.document).name
    for region in result.regions:
        # Marks are numbered together, as the report numbers them: dates and notes count, too.
        place = f"{name}, page {region.page + 1}, mark {region.index + 1}"
        twin = region.duplicate_of
        if twin is not None:
            where = "a document erased since" if twin.key is None else Path(twin.key).name
            yield f"{place}: same {twin.kind} as {where}"
        for copy in region.copy_of_reference:
            yield f"{place}: same ink as reference {copy.reference} of {copy.signer}"


def _unread(result: DocumentResult) -> Iterator[str]:
    if result.reason:
        yield f"{_name(result)}: {result.reason}: {plain(result.detail or '')}"


def _same_bytes(results: Sequence[DocumentResult]) -> Iterator[str]:
    """Files that are the same, byte for byte, as an earlier one, in sentences."""
    first: dict[str, DocumentResult] = {}
    for result in results:
        earlier = first.setdefault(result.sha256, result) if result.sha256 else result
        if earlier.id != result.id:
            yield f"{result.document}: byte for byte the same as {earlier.document}"


def _claims(result: DocumentResult) -> list[str]:
    """Each claimed signer with what became of the claim."""
    return [f"{plain(claim.signer)}: {claim_words(claim, result.status)}" for claim in result.claims]
