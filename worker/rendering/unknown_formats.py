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

_SIGNED_DATA = "a signed or encrypted container (.p7m); open it, and send the document in it"
#: What opens a file, and what that file is; the first that fits speaks.
_HINTS = {
    b"%!PS": "PostScript; convert it to PDF",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"BZh": "a bzip2 archive; unpack it",
    b"\xfd7zXZ\0": "an XZ archive; unpack it",
    b"\xff\x0a": "JPEG XL; save it as JPEG or PNG",
    b"\0\0\0\x0cJXL ": "JPEG XL; save it as JPEG or PNG",
    b"8BPS": "Photoshop; save it as JPEG or PNG",
    b"\0\0\1\0": "an icon; save it as PNG",
    b"\xd7\xcd\xc6\x9a": "a Windows metafile; save it as PDF",
    b"\x97JB2\r\n\x1a\n": "JBIG2; save it as TIFF or PDF",
    b"\x78\x9f\x3e\x22": "attachments as Outlook wraps them (winmail.dat); send the attachments themselves",
    b"{\\rtf": "RTF; save it as PDF",
    b"AT&TFORM": "DjVu; convert it to PDF",
    b"-----BEGIN PKCS7": _SIGNED_DATA,
    b"<": "HTML or XML; save it as PDF",
    "<".encode("utf-16"): "HTML or XML; save it as PDF",
}
_OFFICE = {
    "word/": "a Word document",
    "xl/": "an Excel workbook",
    "ppt/": "a PowerPoint presentation",
    "FixedDocSeq": "an XPS document",
    "FixedDocumentSequence": "an XPS document",
    "Index/Document.iwa": "a document of Apple's Pages or Numbers",
}
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
#: A mail begins with fields, whatever they are; one of those that every mail has is among them.
_FIELDS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:From [^\r\n]*\r?\n)?(?=[A-Za-z][\w-]{0,60}:[ \t])", re.ASCII)
_MAIL = re.compile(
    rb"^(?:From|To|Received|Return-Path|MIME-Version|Delivered-To|Subject|Date|Message-ID): ",
    re.IGNORECASE | re.MULTILINE,
)
#: Bytes in which that field stands.
_HEADER = 32 * 1024
#: Numbers of PNM and PFM, and the object identifier of signed or enciphered data (PKCS #7, RFC 5652).
_PORTABLE = re.compile(rb"P[1-7]\s")
_PKCS7 = bytes.fromhex("06092a864886f70d0107")
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
    start = _FIELDS.match(data)
    head = re.split(rb"\r?\n\r?\n", data[start.end() : start.end() + _HEADER])[0] if start else b""
    if not start or not _MAIL.search(head):
        return None
    message = message_from_bytes(data[start.end() :][:_LONGEST_MAIL], policy=compat32)
    names = [name for part in message.walk() if (name := part.get_filename()) is not None]
    if not names:
        return "a mail without attachments; save it as PDF"
    count = _COUNTS.get(len(names), f"{len(names)} attachments")
    told = ", ".join(str(name)[:_LONGEST_NAME] for name in names[:_NAMES_TOLD])
    more = ", …" if len(names) > _NAMES_TOLD else ""
    return f"a mail with {count} ({told}{more}); send the attachments themselves"


def _other(data: bytes) -> str | None:
    """What is told by a mark that does not open the file."""
    if data[257:262] == b"ustar":
        return "a tar archive; unpack it"
    if data[4:8] == b"ftyp":
        return "a video or raw picture; save it as JPEG or PDF"
    if data[128:132] == b"DICM":
        return "DICOM; save it as JPEG or PNG"
    if data[:1] == b"0" and _PKCS7 in data[:24]:
        return _SIGNED_DATA
    return "a portable bitmap (PNM); save it as PNG" if _PORTABLE.match(data) else None


_DESCRIPTIONS: tuple[Callable[[bytes], str | None], ...] = (_archive, _compound, _mail, _opening, _other)
