"""Queries on verdicts, suggestions and the versions that produced them. The caller owns the transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models import Region, Suggestion, Verdict, Versions
from db.writes import find_or_insert, insert_all_once


def versions_id(session: Session, content: Mapping[str, object]) -> int:
    """The row that names this set of digests, thresholds and code version; made when it is new."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return find_or_insert(session, Versions, {"digest": digest}, content=dict(content))


def close_region(
    session: Session,
    region_id: int,
    *,
    facts: Mapping[str, object],
    verdicts: Sequence[Mapping[str, object]],
    suggestions: Sequence[Mapping[str, object]],
) -> None:
    """Write what verification learned of a region: its clean crop, quality, embedding, verdicts and hints."""
    session.execute(update(Region).where(Region.id == region_id).values(**facts))
    insert_all_once(session, Verdict, [{"region_id": region_id, **row} for row in verdicts])
    insert_all_once(session, Suggestion, [{"region_id": region_id, **row} for row in suggestions])
