"""Webhooks: what is delivered, who is called, and who is told."""
