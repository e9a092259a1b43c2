"""Good, odd and bad documents, built by code, each with what must come of it."""
