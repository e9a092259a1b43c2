"""The one failure of looking for a server: it is not here, and what would bring it."""

from __future__ import annotations


class ServerMissing(RuntimeError):
    """There is no such server and none can be started; the message says what to install."""
