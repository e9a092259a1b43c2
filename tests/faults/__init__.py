"""Faults: a real stack is broken on purpose, by a seeded plan, and every document must still end once."""
