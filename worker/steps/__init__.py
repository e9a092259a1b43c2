"""Use cases: ids and dependencies in, ids out."""
