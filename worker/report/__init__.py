"""The HTML report of document results."""
