"""The workers: render, detect, verify and finish documents."""
