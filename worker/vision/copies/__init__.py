"""Copied signatures: the same ink twice, however it was scanned, printed, scaled or turned in between."""
