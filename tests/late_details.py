"""Rows that say more of the first document's first answer than it said, for tests that see them refused."""

from __future__ import annotations

#: A claim and a mark; the document has one of each.
LATE_DETAILS = (
    "INSERT INTO answered_claims (answer_id, signer, source, outcome, contradicted)"
    " VALUES (1, 'Eve', 'file', 'genuine', false)",
    "INSERT INTO answered_marks"
    " (answer_id, page, region, label, score, x, y, width, height, crop_key, contradicts)"
    " VALUES (1, 6, 6, 'signature', 1, 0, 0, 1, 1, 'eve.png', false)",
)
