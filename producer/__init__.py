"""Puts documents in and reads results out."""
