"""Learning to tell the strokes of a signature from rules, print, stamps and paper."""
