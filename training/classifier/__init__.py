"""The crop classifier: what a detected region shows, trained on real and synthetic crops."""
