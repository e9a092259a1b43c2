"""The crop classifier: what a detected region shows, learnt from real and drawn crops."""
