"""The detector: which pages it learns from, how it is trained, measured and exported."""
