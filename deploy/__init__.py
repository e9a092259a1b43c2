"""Containers, and the queued form on one machine without them."""
