"""Use cases: ids and dependencies in, rows out."""
