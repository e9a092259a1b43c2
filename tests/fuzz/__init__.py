"""Coverage-guided fuzzing; runs on demand (`make fuzz`), not with the tests."""
