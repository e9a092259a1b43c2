"""A TCP line between a client and a real server that a test can cut and repair."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Line:
    """Forwards connections from a port of its own to a server; while cut, it refuses and drops them."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._whole = threading.Event()
        self._whole.set()
        #: Connections that were refused while it was cut.
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop what is connected, refuse what comes."""
        self._whole.clear()
        for connection in list(self._open):
            _close(connection)

    def repair(self) -> None:
        """Serve again."""
        self._whole.set()

    def close(self) -> None:
        """End it."""
        self.cut()
        _close(self._listener)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._whole.is_set():
                    self._join(client, socket.create_connection(self._server))
                else:
                    self.refused += 1
                    _close(client)

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        self._open |= {client, server}
        for source, other in ((client, server), (server, client)):
            threading.Thread(target=self._forward, args=(source, other), daemon=True).start()

    def _forward(self, source: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                other.sendall(data)
        for end in (source, other):
            _close(end)
            self._open.discard(end)


@contextmanager
def line_to(host: str, port: int) -> Iterator[Line]:
    """A line to a server while the block runs."""
    line = Line(host, port)
    try:
        yield line
    finally:
        line.close()


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
