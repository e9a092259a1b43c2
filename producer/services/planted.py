"""Planted cases: verdicts whose true answer is known, by which the answers of people are judged."""

from __future__ import annotations

from db import review_queue
from db.engine import Sessions
from producer.services.selection import find_only
from worker.errors import WrongUse
from worker.result.decisions import DecisionOutcome

#: A page and a region on it, both from 0.
Place = tuple[int, int]


def plant_case(
    sessions: Sessions, document: str, signer: str, answer: DecisionOutcome, *, place: Place | None = None
) -> None:
    """Ask everybody once about a verdict whose true answer is known. WrongUse where it is not clear which.

    `place` is a page and a region from 0; without one, one signature alone was compared with that signer.
    """
    if answer is DecisionOutcome.CANNOT_SAY:
        raise WrongUse("a known case is `genuine` or `forged`")
    with sessions() as session:
        document_id = next(iter(find_only(session, document)), 0)
        verdicts = review_queue.verdicts_of_claim(session, document_id, signer)
        chosen = [number for number, *where in verdicts if place is None or tuple(where) == place]
        if len(chosen) != 1:
            raise WrongUse(
                f"{len(chosen)} signatures of document {document!r} were compared with {signer!r} there"
            )
        review_queue.plant_verdict(session, chosen[0], answer.value)
