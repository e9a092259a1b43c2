"""Files that are not what they say, or are two things at once."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from io import BytesIO

from tests.corpus.damage import SMALL
from tests.corpus.kind import Kind, lost
from tests.inputs.scan_builders import scan
from tests.sheets import encoded, sheet


def archive(name: str, data: bytes) -> bytes:
    """A ZIP of one file, deflated."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return out.getvalue()


def holder(kind: str) -> bytes:
    """Two documents in an archive that leaves them as they are; a reader of PDFs would find one of them."""
    out = BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("a.pdf", scan())
            file.writestr("b.pdf", scan())
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name in ("a.pdf", "b.pdf"):
            entry = tarfile.TarInfo(name)
            entry.size = len(scan())
            file.addfile(entry, BytesIO(scan()))
    return out.getvalue()


def nested_archive(levels: int = 5) -> bytes:
    """Archives in an archive, each ten times over, as 42.zip has it."""
    data = bytes(1_000_000)
    for level in range(levels):
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(10):
                file.writestr(f"{level}-{number}.zip", data)
        data = out.getvalue()
    return data


def of_version_150(data: bytes) -> bytes:
    """An archive whose directory asks for a version that there is not."""
    entry = data.index(b"PK\1\2")
    return data[: entry + 6] + b"\x96" + data[entry + 7 :]


def small_jpeg(quality: int) -> bytes:
    """A sound document, another one at every quality."""
    return encoded(sheet(SMALL), "JPEG", quality=quality)


DISGUISES = (
    Kind("pdf-named-jpg", lambda: scan() + b"\n%named jpg\n", name=b"pdf-named.jpg"),
    Kind("jpeg-named-pdf", lambda: small_jpeg(71), name=b"jpeg-named.pdf"),
    Kind("png-named-tif", lambda: encoded(sheet((310, 420)), "PNG"), name=b"png-named.tif"),
    Kind("no-name-to-speak-of", lambda: small_jpeg(72), name=b"noextension"),
    lost("text-named-pdf", lambda: b"Dear Sir or Madam, please find attached", "unknown_format"),
    lost("office", lambda: archive("word/document.xml", b"<w:document/>"), "unknown_format"),
    lost("zip-of-pdfs", lambda: holder("zip"), "unknown_format"),
    lost("tar-of-pdfs", lambda: holder("tar"), "unknown_format"),
    lost("outlook-with-a-pdf", lambda: b"\xd0\xcf\x11\xe0" + bytes(508) + scan(), "unknown_format"),
    lost("zip-of-the-future", lambda: of_version_150(archive("a.txt", b"hello")), "unknown_format"),
    lost("zip-bomb", lambda: archive("zeros", bytes(50_000_000)), "unknown_format"),
    lost("zip-bomb-nested", nested_archive, "unknown_format"),
    lost(
        "gzip-bomb",
        lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zlib.compress(bytes(10_000_000), 9)[2:],
        "unknown_format",
    ),
    lost("program", lambda: b"\x7fELF\x02\x01\x01" + bytes(200), "unknown_format"),
    lost("script", lambda: b"#!/bin/sh\nrm -rf /\n", "unknown_format"),
    lost(
        "svg",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "unknown_format",
    ),
    lost(
        "xml-bomb",
        lambda: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        "unknown_format",
    ),
    lost("eicar-like", lambda: b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" * 3, "unknown_format"),
    Kind("jpeg-and-zip", lambda: small_jpeg(73) + archive("run.exe", b"MZ")),
    Kind("jpeg-and-html", lambda: small_jpeg(74) + b"<script>alert(1)</script>"),
    Kind("png-and-pdf", lambda: encoded(sheet((320, 420)), "PNG") + scan()),
    Kind("pdf-and-zip", lambda: scan() + archive("a.txt", b"hello")),
    Kind("zip-and-pdf", lambda: archive("a.txt", b"hello") + scan()),
    lost("jpeg-in-pdf-header", lambda: b"%PDF-1.4\n" + small_jpeg(75), "unreadable_document"),
    Kind("gif-and-pdf", lambda: b"GIF89a" + scan()),
    Kind("two-pdfs", lambda: scan() + scan()),
    lost(
        "bmp-prose",
        lambda: b"BM" + bytes(12) + b"\x28\0\0\0" + b"prose" * 40,
        "unreadable_document",
    ),
    lost("riff-avi", lambda: b"RIFF\x10\0\0\0AVI LIST" + bytes(64), "unknown_format"),
)
