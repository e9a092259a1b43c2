"""How references on file stand, for the table of a report."""

from __future__ import annotations

from collections.abc import Sequence

from db import signers
from db.engine import Sessions
from db.models import Reference
from worker.engines import build_verifier
from worker.result import EnrolmentResult
from worker.result.listing import reference_result
from worker.settings import Verification


def standing_references(sessions: Sessions) -> list[EnrolmentResult]:
    """The references of everybody on file, by name, as they were judged last; nothing is compared."""
    with sessions() as session:
        on_file = {name: signers.on_file(session, name) for name, _ in signers.enrolled(session)}
    if not on_file:
        return []
    wanted = build_verifier(Verification()).references_wanted
    return [_standing(name, rows, wanted) for name, rows in on_file.items()]


def _standing(name: str, rows: Sequence[Reference], wanted: int) -> EnrolmentResult:
    references = tuple(reference_result(row, number, row.llr) for number, row in enumerate(rows, 1))
    agreeing = sum(not (reference.outlier or reference.damage) for reference in references)
    return EnrolmentResult(
        signer=name, references=references, wanted=wanted, lacking=max(0, wanted - agreeing)
    )
