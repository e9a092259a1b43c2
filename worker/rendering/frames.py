"""Messages over a pipe: two lengths, a JSON header and raw bytes; nothing is unpickled."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

#: The length of the header and of the bytes behind it.
_LENGTHS = struct.Struct(">IQ")


def pack(header: Mapping[str, object], payload: bytes = b"") -> tuple[bytes, bytes]:
    """The two pieces to write, one after the other; the payload is not copied."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(payload)) + text, payload


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message, or None at the end of the stream.

    `read(n)` returns exactly n bytes, fewer only where the stream ends. A stream that ends inside a
    message raises EOFError.
    """
    lengths = read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise EOFError("the stream ends inside a message")
    of_header, of_payload = _LENGTHS.unpack(lengths)
    text, payload = read(of_header), read(of_payload)
    if len(text) < of_header or len(payload) < of_payload:
        raise EOFError("the stream ends inside a message")
    header: dict[str, Any] = json.loads(text)
    return header, payload
