"""Ports of the loopback interface: free ones, and whether somebody answers there."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request


def free_port() -> int:
    """Return a port that nothing listens on at this moment; take it soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_or_free_port(port: int) -> int:
    """Return that port if nothing listens on it, else a free one; 0 is none."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something takes connections at this port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_answers(url: str) -> bool:
    """Whether something speaks HTTP at this address; a refusal is an answer, too."""
    try:
        # An address of ours, always http.
        with urllib.request.urlopen(url, timeout=2):  # nosec B310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
