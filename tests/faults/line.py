"""A TCP line to a server that may come and go, and that the suite can cut or let go silent."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class Line:
    """Forwards from a port of its own. Connections can be reset, or left open without a word passing."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._silent: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Reset every connection; new ones get through."""
        for connection in list(self._open):
            _reset(connection)

    def go_silent(self) -> None:
        """Swallow all that the present connections say, both ways: half-open, as behind a lost router."""
        self._silent |= self._open

    def close(self) -> None:
        """End it."""
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server, timeout=5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        self._open |= {client, server}
        threading.Thread(target=self._forward, args=(server, client), daemon=True).start()
        self._forward(client, server)

    def _forward(self, source: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self._silent:
                    other.sendall(data)
        for end in (source, other):
            if end not in self._silent:
                _reset(end)
                self._open.discard(end)


def _reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN: the other side hears of an error, not of an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
