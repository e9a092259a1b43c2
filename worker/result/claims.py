"""What became of each claim of a document, by the assignment of its signatures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto

from db.states import ClaimAnswer, ClaimSource, Status
from worker.result.assignment import Compared, Place, assign_signatures
from worker.result.document import ClaimResult, SignaturePlace, VerdictResult
from worker.vision.choices import Outcome


class ReadState(Enum):
    """How much of a document was read, for those who ask whether a signature is missing."""

    OPEN = auto()  # it is at work, or no page could be read: no claim has an answer
    PARTIAL = auto()  # something could not be read: what was not found may be there
    WHOLE = auto()  # every page and every crop


#: How much was read of documents with these statuses; of all others nothing is final.
READ_STATES = {Status.DONE: ReadState.WHOLE, Status.PARTIAL: ReadState.PARTIAL}


def same_person(signers: Sequence[str], verdicts: Iterable[VerdictResult]) -> dict[str, str]:
    """Of each claimed name the first claimed name of the same person, by what verdicts say of both.

    They say whom a name meant when it was compared; a name of which nothing is known is its own person.
    """
    meant: dict[str, set[int]] = {}
    for row in verdicts:
        if row.signer_id is not None:
            meant.setdefault(row.signer, set()).add(row.signer_id)
    first: dict[str, str] = {}
    for name in signers:
        ids = meant.get(name, set())
        first[name] = next((other for other in first if ids & meant.get(other, set())), name)
    return first


def with_assignment(signers: Sequence[str], verdicts: Sequence[VerdictResult]) -> tuple[VerdictResult, ...]:
    """The verdicts, each with whether its signature stands for its signer.

    Where several names of one person are claimed, a signature stands for all of them or for none.
    """
    person = same_person(signers, verdicts)
    compared = [
        Compared(row.place, row.signer, row.verdict, row.likelihood)
        for row in verdicts
        if person.get(row.signer) == row.signer
    ]
    writers = assign_signatures(list(dict.fromkeys(person.values())), compared)
    return tuple(row.model_copy(update={"assigned": _stands_for(row, writers, person)}) for row in verdicts)


def _stands_for(row: VerdictResult, writers: Mapping[Place, str], person: Mapping[str, str]) -> bool:
    return row.signer in person and writers.get(row.place) == person[row.signer]


def claim_results(
    claims: Mapping[str, ClaimSource | None], verdicts: Iterable[VerdictResult], reading: ReadState
) -> tuple[ClaimResult, ...]:
    """What became of each claimed signer, in their order; of `verdicts` those count that are assigned."""
    rows = [row for row in verdicts if row.assigned]
    return tuple(
        _result(signer, source, [row for row in rows if row.signer == signer], reading)
        for signer, source in claims.items()
    )


def claim_word(claim: ClaimResult, status: Status) -> str:
    """What a person is told of a claim: its answer, `unread` where nothing could be read, or `waiting`.

    Results of before claims were answered have the verdict alone.
    """
    if not status.final:
        return "waiting"
    nothing = "unread" if status is Status.FAILED else ClaimAnswer.NOT_FOUND.value
    return claim.answer or claim.verdict or nothing


def _result(
    signer: str, source: ClaimSource | None, verdicts: Sequence[VerdictResult], reading: ReadState
) -> ClaimResult:
    best = max(verdicts, key=_worth, default=None)
    against = tuple(_contradicting(best, verdicts))
    return ClaimResult(
        signer=signer,
        verdict=None if best is None else best.verdict,
        page=None if best is None else best.page,
        region=None if best is None else best.region,
        answer=_answer(best, reading),
        source=source,
        contradicted=bool(against) and best is not None and best.verdict is Outcome.GENUINE,
        contradicted_by=against,
    )


def _worth(verdict: VerdictResult) -> tuple[bool, float]:
    """A genuine signature answers a claim before any other, then the likeliest."""
    return verdict.verdict is Outcome.GENUINE, verdict.support


def _contradicting(best: VerdictResult | None, verdicts: Sequence[VerdictResult]) -> Iterator[SignaturePlace]:
    """Forged signatures of the same signer, beside one that is not."""
    if best is None or best.verdict is Outcome.FORGED:
        return
    for row in verdicts:
        if row.verdict is Outcome.FORGED:
            yield SignaturePlace(page=row.page, region=row.region)


def _answer(best: VerdictResult | None, reading: ReadState) -> ClaimAnswer | None:
    if reading is ReadState.OPEN:
        return None
    if best is not None:
        return ClaimAnswer(best.verdict.value)
    return ClaimAnswer.NOT_FOUND if reading is ReadState.WHOLE else ClaimAnswer.INCONCLUSIVE
