"""Celery tasks: they receive a message and call a step."""
