"""One HTTP request to an address that somebody gave: what its name leads to is checked before.

The socket goes to the address that was checked, so a name that resolves to another one a moment later leads
nowhere else. No redirect is followed, and of the answer no more is read than its head.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import h11

from producer.services.web_addresses import WebAddress, may_call, parsed_address
from producer.text import visible
from worker.errors import TransientError, WrongUse
from worker.settings import IPNetwork

#: Bytes that the head of an answer may have, and that are read at a time.
_LONGEST_HEAD, _PIECE = 16 * 1024, 4096


class CannotDeliver(TransientError):
    """An address was not called, or gave no HTTP answer in time."""

    code = "cannot_deliver"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class OutgoingCalls:
    """Which private networks may be called, how long a call may take, and whose certificates count."""

    networks: Sequence[IPNetwork] = ()
    seconds: float = 15.0
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status of the answer. CannotDeliver."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._post(parsed_address(url), body, headers)
        except TimeoutError as error:
            raise CannotDeliver(f"no answer within {self.seconds:g} s") from error
        except h11.ProtocolError as error:
            raise CannotDeliver(f"the answer is not HTTP: {visible(str(error))}") from error
        except ssl.SSLError as error:
            raise CannotDeliver(f"TLS failed: {visible(str(error))}") from error
        except OSError as error:
            raise CannotDeliver(_reason(error)) from error
        except WrongUse as error:
            raise CannotDeliver(str(error)) from error

    async def _post(self, address: WebAddress, body: bytes, headers: Mapping[str, str]) -> int:
        reader, writer = await self._connected(address)
        try:
            return await _status(reader, writer, address, body, headers)
        finally:
            # Not closed in peace: what comes behind the head is not waited for.
            writer.transport.abort()

    async def _connected(self, address: WebAddress) -> tuple[StreamReader, StreamWriter]:
        """A connection to the first of the checked addresses that takes one."""
        refused: OSError | None = None
        for ip in await self._checked(address):
            try:
                return await asyncio.open_connection(
                    ip,
                    address.port,
                    ssl=self.context if address.encrypted else None,
                    server_hostname=address.host if address.encrypted else None,
                )
            except OSError as error:
                refused = error
        raise refused or OSError("the name has no address")

    async def _checked(self, address: WebAddress) -> list[str]:
        """The addresses behind the name. CannotDeliver when one of them is not allowed."""
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise CannotDeliver("that is no host name") from error
        addresses = list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))
        for ip in addresses:
            if not may_call(ip_address(ip), self.networks, encrypted=address.encrypted):
                raise CannotDeliver("the name leads to an address that is not allowed")
        return addresses


def _reason(error: OSError) -> str:
    """What went wrong, in the system's words; those of a resolver have numbers of their own."""
    if isinstance(error, ConnectionError) and error.errno is not None:
        return os.strerror(error.errno)
    return visible(error.strerror or str(error))


async def _status(
    reader: StreamReader, writer: StreamWriter, address: WebAddress, body: bytes, headers: Mapping[str, str]
) -> int:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
    request = h11.Request(
        method="POST",
        target=address.target,
        headers=[
            ("host", address.host_header),
            ("connection", "close"),
            ("content-length", str(len(body))),
            *headers.items(),
        ],
    )
    for event in (request, h11.Data(body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()
    while True:
        answer = connection.next_event()
        if isinstance(answer, h11.Response):
            return answer.status_code
        if answer is h11.NEED_DATA:
            connection.receive_data(await reader.read(_PIECE))
        elif not isinstance(answer, h11.InformationalResponse):
            raise CannotDeliver("the connection was closed without an answer")
