"""The way onto the queues of the settings, once per process. Loads Celery, but no model."""

from __future__ import annotations

from functools import cache

from worker.app import app
from worker.messages import CeleryCourier


@cache
def courier() -> CeleryCourier:
    """Sends ids of committed rows."""
    return CeleryCourier(app)
