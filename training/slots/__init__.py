"""Measures where the slots of published blank forms are found."""
