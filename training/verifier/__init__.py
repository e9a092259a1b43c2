"""Training, evaluation and export of the signature verifier."""
