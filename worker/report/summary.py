"""Document results read as a person would: which claims hold, what to look at first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from db.states import Status
from worker.result import DocumentResult, DuplicateKind, VerdictResult
from worker.vision.choices import Outcome

#: What became of a claim: the verdict, or that no signature is left for the claimed signer.
NOT_FOUND = "not_found"
STATES = (*(outcome.value for outcome in Outcome), NOT_FOUND)
#: Why a document stands first of all that a person should look at.
CONTRADICTED = "one signature of a claimed signer is genuine, another is forged"
_WORDS = {True: "signed", False: "unsigned", None: "unknown"}


@dataclass(frozen=True, slots=True)
class ClaimState:
    """A claimed signer and what became of the claim."""

    signer: str
    state: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A document in the table of all documents."""

    number: int
    #: The name without the folders that all documents share.
    name: str
    result: DocumentResult
    signed: str
    signatures: int
    claims: list[ClaimState]
    #: Why a person should look at it first; empty when nothing speaks for it.
    why: list[str]

    @property
    def contradicted(self) -> bool:
        """Whether a claimed signer has a genuine and a forged signature on it: nothing is as urgent."""
        return CONTRADICTED in self.why

    @property
    def states(self) -> list[tuple[str, int]]:
        """How many claims came to what."""
        counted = Counter(claim.state for claim in self.claims)
        return [(state, counted[state]) for state in STATES if counted[state]]


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """Counts over all documents, zeroes included."""

    documents: int
    pages: int
    signatures: int
    status: dict[str, int]
    signed: dict[str, int]
    claims: dict[str, int]


def report_rows(results: Sequence[DocumentResult]) -> list[ReportRow]:
    """One row per document, numbered from 1 in the given order."""
    names = short_names([result.document for result in results])
    return [
        _row(number, name, result)
        for number, (name, result) in enumerate(zip(names, results, strict=True), 1)
    ]


def summarise(rows: Sequence[ReportRow]) -> ReportSummary:
    """The counts at the top of a report."""
    return ReportSummary(
        documents=len(rows),
        pages=sum(len(row.result.pages) for row in rows),
        signatures=sum(row.signatures for row in rows),
        status=_counted(("done", "partial", "failed"), (row.result.status for row in rows)),
        signed=_counted(("signed", "unsigned", "unknown"), (row.signed for row in rows)),
        claims=_counted(STATES, (claim.state for row in rows for claim in row.claims)),
    )


def claim_states(result: DocumentResult) -> list[ClaimState]:
    """What became of each claimed signer."""
    return [ClaimState(claim.signer, claim.answer or claim.verdict or NOT_FOUND) for claim in result.claims]


def likeliest_first(verdicts: Iterable[VerdictResult]) -> list[VerdictResult]:
    """Verdicts by falling probability, that of the signer whom the signature stands for first."""
    return sorted(verdicts, key=lambda verdict: (bool(verdict.assigned), verdict.support), reverse=True)


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the folder that all of them share; a lone name loses its folder too."""
    folders = [PurePosixPath(name).parent.parts for name in names]
    shared = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    return [str(PurePosixPath(*PurePosixPath(name).parts[shared:])) for name in names]


def _row(number: int, name: str, result: DocumentResult) -> ReportRow:
    claims = claim_states(result)
    signatures = sum(region.is_signing for region in result.regions)
    return ReportRow(
        number, name, result, _WORDS[result.signed], signatures, claims, _reasons_to_look(result, claims)
    )


def _reasons_to_look(result: DocumentResult, claims: Sequence[ClaimState]) -> list[str]:
    states = {claim.state for claim in claims}
    failed = result.status is Status.FAILED
    copies = [region.duplicate_of for region in result.regions if region.duplicate_of]
    reasons = {
        CONTRADICTED: any(claim.contradicted for claim in result.claims),
        "could not be read": failed,
        "some pages could not be read": result.status is Status.PARTIAL,
        "a signature does not match the claimed signer": Outcome.FORGED in states,
        "a signature could not be decided": Outcome.INCONCLUSIVE in states,
        "the signature of a claimed signer was not found": NOT_FOUND in states and not failed,
        # The same file or scan handed in twice says nothing of its signatures.
        "a signature shows the same ink as another": any(copy.kind is DuplicateKind.INK for copy in copies),
        "a signature is a copy of a reference": any(region.copy_of_reference for region in result.regions),
        "a reference disagrees with the others": any(
            verdict.doubtful_references for verdict in result.verdicts
        ),
    }
    return [reason for reason, holds in reasons.items() if holds]


def _counted(names: Sequence[str], values: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}
