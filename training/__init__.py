"""Data readers, synthetic pages, training, evaluation and export."""
