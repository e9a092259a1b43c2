"""All decisions as a table, from which machine and people are judged."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from db import reviews
from db.engine import Sessions
from producer.services.table_rows import guarded, opened

#: Its columns: where the signature stands, what the person said, what the machine had said, and what is true.
DECISION_COLUMNS = (
    *("id", "document_id", "page", "region", "signer", "who", "answer", "revision", "at", "comment"),
    *("why", "outcome", "probability", "expected"),
)


def export_decisions(sessions: Sessions, path: Path) -> int:
    """Write every decision as a line of CSV, oldest first; how many. WrongUse when it cannot be written."""
    number = 0
    with sessions() as session, opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(DECISION_COLUMNS)
        for decision in reviews.all_decisions(session):
            writer.writerow([guarded(getattr(decision, name)) for name in DECISION_COLUMNS])
            number += 1
        text.detach()
    return number
