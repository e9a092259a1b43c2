"""Whether a caller may see a document."""

from __future__ import annotations

from db import access
from db.engine import Sessions
from producer.services.browse import checked_id
from producer.services.keys import Caller
from producer.services.missing import NotFound


def check_submitted(sessions: Sessions, caller: Caller, document: str) -> None:
    """NotFound unless the document came in with the caller's key."""
    number = checked_id(int(document)) if document.isdecimal() else 0
    with sessions() as session:
        if not access.submitted_by(session, caller.submitter, number):
            raise NotFound(f"document {document}")
