"""Ways to verify, one module each; its `build(entry, device=, folder=)` makes the verifier of an entry."""
