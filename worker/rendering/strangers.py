"""What people send that is read by nobody here, named for them: mails, Office files, archives.

Nothing is unpacked; names are taken from directories and headers, and shown as they are.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from email.policy import compat32
from io import BytesIO

from worker.document_formats import READ

#: What opens a file, and what that file is; the first that fits speaks.
_HINTS = {
    b"%!PS": "PostScript; convert it to PDF",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\xff\x0a": "JPEG XL; save it as JPEG or PNG",
    b"\0\0\0\x0cJXL ": "JPEG XL; save it as JPEG or PNG",
    b"{\\rtf": "RTF; save it as PDF",
    b"AT&TFORM": "DjVu; convert it to PDF",
    b"<": "HTML or XML; save it as PDF",
}
_OFFICE = {"word/": "a Word document", "xl/": "an Excel workbook", "ppt/": "a PowerPoint presentation"}
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_MAIL = re.compile(
    rb"(?:From|To|Received|Return-Path|MIME-Version|Delivered-To|Subject|Date|Message-ID|X-[\w-]+): ",
    re.IGNORECASE,
)
#: Bytes of a mail and of a name that are looked at, and names that are told.
_LONGEST_MAIL, _LONGEST_NAME, _NAMES_TOLD = 32 * 1024 * 1024, 80, 3
#: How Outlook's files spell their parts, in UTF-16.
_OUTLOOK = "__substg1.0_".encode("utf-16-le")
_COUNTS = {1: "one attachment", 2: "two attachments", 3: "three attachments"}


def describe_unknown(data: bytes) -> str:
    """A sentence for the sender of bytes of a format that is not read."""
    hint = next(filter(None, (describe(data) for describe in _DESCRIPTIONS)), None)
    if hint is None:
        return f"the file is of no format that is read here; send {READ}"
    return f"the file looks like {hint}"


def _opening(data: bytes) -> str | None:
    start = data[:64].lstrip()
    return next((text for magic, text in _HINTS.items() if start.startswith(magic)), None)


def _archive(data: bytes) -> str | None:
    if not data.startswith(b"PK\x03\x04"):
        return None
    if _OPEN_DOCUMENT in data[:200]:
        return "an OpenDocument file; save it as PDF"
    try:
        names = zipfile.ZipFile(BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, LookupError, RuntimeError):
        return "a ZIP archive or an Office file; save it as PDF or unpack it"
    office = next(
        (text for prefix, text in _OFFICE.items() if any(name.startswith(prefix) for name in names)), None
    )
    if office:
        return f"{office}; save it as PDF"
    return f"a ZIP archive of {len(names):,} files; unpack it"


def _compound(data: bytes) -> str | None:
    if not data.startswith(b"\xd0\xcf\x11\xe0"):
        return None
    if _OUTLOOK in data:
        return "a mail of Outlook; save it and its attachments as PDF"
    return "an old Office file; save it as PDF"


def _mail(data: bytes) -> str | None:
    if not _MAIL.match(data):
        return None
    message = message_from_bytes(data[:_LONGEST_MAIL], policy=compat32)
    names = [name for part in message.walk() if (name := part.get_filename()) is not None]
    if not names:
        return "a mail without attachments; save it as PDF"
    count = _COUNTS.get(len(names), f"{len(names)} attachments")
    told = ", ".join(str(name)[:_LONGEST_NAME] for name in names[:_NAMES_TOLD])
    more = ", …" if len(names) > _NAMES_TOLD else ""
    return f"a mail with {count} ({told}{more}); send the attachments themselves"


_DESCRIPTIONS: tuple[Callable[[bytes], str | None], ...] = (_archive, _compound, _mail, _opening)
