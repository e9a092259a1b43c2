"""Queries on the claims of documents: who is said to have signed. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import Claim
from db.states import ClaimSource
from db.writes import insert_all_once


def replace_claims(session: Session, document_id: int, claims: Mapping[str, ClaimSource]) -> None:
    """Let the document claim these signers and no others."""
    session.execute(delete(Claim).where(Claim.document_id == document_id))
    add_claims(session, document_id, claims)


def add_claims(session: Session, document_id: int, claims: Mapping[str, ClaimSource]) -> None:
    """Let the document claim these signers, too; those it claims already keep their source."""
    rows = [{"document_id": document_id, "signer": name, "source": claims[name]} for name in claims]
    insert_all_once(session, Claim, rows)


def remove_claim(session: Session, document_id: int, signer: str) -> None:
    """Let the document claim this signer no more."""
    session.execute(delete(Claim).where(Claim.document_id == document_id, Claim.signer == signer))


def claimed_signers(session: Session, document_id: int) -> list[str]:
    """Names the document claims to be signed by, in the order they were claimed."""
    statement = select(Claim.signer).where(Claim.document_id == document_id).order_by(Claim.id)
    return list(session.execute(statement).scalars())
