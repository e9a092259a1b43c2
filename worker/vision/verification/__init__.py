"""Comparing signatures: embeddings, pair scores, calibrated verdicts."""
