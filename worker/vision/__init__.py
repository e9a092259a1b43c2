"""Pure image work: arrays in, values out."""
