"""Celery tasks: doorbells for the steps."""
