"""Document results read as a person would: which claims hold, what to look at first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from db.states import ClaimAnswer, Status
from worker.result import DocumentResult, DuplicateKind, VerdictResult
from worker.result.claims import claim_word
from worker.rules.evaluation import Completeness

#: What became of a claim, and of one that has no answer yet or could not be read.
CLAIM_ANSWERS = tuple(answer.value for answer in ClaimAnswer)
STATES = (*CLAIM_ANSWERS, "unread", "waiting")
_WORDS = {True: "signed", False: "unsigned", None: "unknown"}


class Why(StrEnum):
    """Why a person should look at a document, the most urgent first."""

    CONTRADICTED = "one signature of a claimed signer is genuine, another is forged"
    FORGED = "a signature does not match the claimed signer"
    SAME_INK = "a signature shows the same ink as another"
    COPY = "a signature is a copy of a reference"
    NOT_FOUND = "the signature of a claimed signer was not found"
    INCOMPLETE = "a mark that it asks for is missing"
    UNREAD = "could not be read"
    PARTLY_READ = "some pages could not be read"
    UNDECIDED = "a signature could not be decided"
    REFERENCES = "a reference disagrees with the others"
    NO_REFERENCE = "there is no reference of a claimed signer"


@dataclass(frozen=True, slots=True)
class ClaimState:
    """A claimed signer and what became of the claim."""

    signer: str
    state: str
    contradicted: bool = False

    @property
    def asks(self) -> bool:
        """Whether a person should look at it."""
        return self.contradicted or (self.state in CLAIM_ANSWERS and self.state != ClaimAnswer.GENUINE)


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
    why: list[Why]

    @property
    def contradicted(self) -> bool:
        """Whether a claimed signer has a genuine and a forged signature on it: nothing is as urgent."""
        return Why.CONTRADICTED in self.why

    @property
    def question(self) -> tuple[object, ...]:
        """What is the same where one file was handed in twice with the same claims and the same answer.

        Documents that want nothing but references of the same signers ask one question, too.
        """
        if self.wants_references:
            return tuple(claim.signer for claim in self.claims if claim.state == ClaimAnswer.NO_REFERENCE)
        return self.result.sha256 or self.number, tuple(self.claims), tuple(self.why)

    @property
    def wants_references(self) -> bool:
        """Whether a person need do no more than put references on file."""
        return self.why == [Why.NO_REFERENCE]

    @property
    def words(self) -> str:
        """What the table can be filtered by: states of the document and its claims."""
        contradicted = ("contradicted",) if self.contradicted else ()
        urgent = ("urgent",) if self.why else ()
        claims = (claim.state for claim in self.claims)
        return " ".join((self.result.status, self.signed, *claims, *contradicted, *urgent))

    @property
    def searched(self) -> str:
        """What a search looks through, in lower case."""
        result = self.result
        signers = (claim.signer for claim in result.claims)
        texts = (result.document, str(result.id), result.sha256, result.reason, result.detail, *signers)
        return " ".join(text for text in texts if text).lower()

    @property
    def states(self) -> list[tuple[str, int]]:
        """How many claims came to what."""
        counted = Counter(claim.state for claim in self.claims)
        return [(state, counted[state]) for state in STATES if counted[state]]


@dataclass(frozen=True, slots=True)
class Urgent:
    """A document that a person should look at, and how many others ask the same."""

    row: ReportRow
    again: int

    @property
    def others(self) -> str:
        """A sentence about those others; empty without any."""
        if not self.again:
            return ""
        if self.row.wants_references:
            return f"so it is with {self.again} more"
        return f"the same file came {self.again} more time{'s' if self.again > 1 else ''}"


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
        claims=_claims_counted(rows),
    )


def to_look_at(rows: Iterable[ReportRow]) -> list[Urgent]:
    """What a person should look at, the most urgent first.

    A file that was handed in again with the same claims and answer asks nothing new, nor does another one
    that wants a reference of the same signers: it is counted.
    """
    questions: dict[tuple[object, ...], list[ReportRow]] = {}
    for row in rows:
        if row.why:
            questions.setdefault(row.question, []).append(row)
    urgent = [Urgent(first, len(again)) for first, *again in questions.values()]
    return sorted(urgent, key=lambda item: list(Why).index(item.row.why[0]))


def claim_states(result: DocumentResult) -> list[ClaimState]:
    """What became of each claimed signer."""
    return [
        ClaimState(claim.signer, claim_word(claim, result.status), claim.contradicted)
        for claim in result.claims
    ]


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


def _reasons_to_look(result: DocumentResult, claims: Sequence[ClaimState]) -> list[Why]:
    states = {claim.state for claim in claims}
    copies = [region.duplicate_of for region in result.regions if region.duplicate_of]
    reasons = {
        Why.CONTRADICTED: any(claim.contradicted for claim in claims),
        Why.FORGED: ClaimAnswer.FORGED in states,
        # The same file or scan handed in twice says nothing of its signatures.
        Why.SAME_INK: any(copy.kind is DuplicateKind.INK for copy in copies),
        Why.COPY: any(region.copy_of_reference for region in result.regions),
        Why.NOT_FOUND: ClaimAnswer.NOT_FOUND in states,
        Why.INCOMPLETE: result.completeness is not None
        and result.completeness.answer is Completeness.INCOMPLETE,
        Why.UNREAD: result.status is Status.FAILED,
        Why.PARTLY_READ: result.status is Status.PARTIAL,
        Why.UNDECIDED: ClaimAnswer.INCONCLUSIVE in states,
        Why.REFERENCES: any(verdict.doubtful_references for verdict in result.verdicts),
        Why.NO_REFERENCE: ClaimAnswer.NO_REFERENCE in states,
    }
    return [why for why in Why if reasons[why]]


def _claims_counted(rows: Iterable[ReportRow]) -> dict[str, int]:
    """How many claims came to what; of those without an answer only where there are any."""
    counts = _counted(STATES, (claim.state for row in rows for claim in row.claims))
    return {state: count for state, count in counts.items() if count or state in CLAIM_ANSWERS}


def _counted(names: Sequence[str], values: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}
