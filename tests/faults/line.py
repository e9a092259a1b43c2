"""A TCP line to a server that may come and go, and that the suite can cut or let go silent."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from db.engine import make_engine


class Line:
    """Forwards from a port of its own.

    Connections can be reset, refused, or left open without a word passing.
    """

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._silent: set[socket.socket] = set()
        self._refuses = False
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Reset every connection; new ones get through."""
        for connection in list(self._open):
            _reset(connection)

    def refuse(self) -> None:
        """Reset every connection, and new ones too until `admit`: the server is gone."""
        self._refuses = True
        self.reset()

    def admit(self) -> None:
        """The server is back."""
        self._refuses = False

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
        if self._refuses:
            _reset(client)
            return
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


def engine_at(url: str, port: int, answer_within: float | None = None) -> Engine:
    """An engine for the database of that address, reached through that port of this machine."""
    address = make_url(url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    return make_engine(address, answer_within=answer_within)


def _reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN: the other side hears of an error, not of an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
