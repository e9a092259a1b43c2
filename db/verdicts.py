"""Queries on verdicts, suggestions and the versions that produced them. The caller owns the transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from db.models import Region, Suggestion, Verdict, Versions, VersionsContent
from db.writes import Values, find_or_insert, insert_all_once, update_all


def versions_id(
    session: Session, content: Mapping[str, object], known: Mapping[int, VersionsContent] | None = None
) -> int:
    """The row that names this set of digests, thresholds and code version; made when it is new.

    `known` are rows that the caller has read, by their ids.
    """
    for row_id, versions in (known or {}).items():
        if versions == content:
            return row_id
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return find_or_insert(session, Versions, {"digest": digest}, content=dict(content))


def close_regions(
    session: Session,
    facts: Mapping[int, Values],
    *,
    verdicts: Sequence[Values],
    suggestions: Sequence[Values],
) -> None:
    """Write what verification learned of regions, by their ids: clean crops, qualities and embeddings.

    Rows of verdicts and hints name their regions.
    """
    update_all(session, Region, facts)
    insert_all_once(session, Verdict, verdicts)
    insert_all_once(session, Suggestion, suggestions)
