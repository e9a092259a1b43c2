"""What the first bytes of a document say about it; no decoder is needed for that."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: First bytes of the image formats; BMP, GIF and WebP need further checks.
_MAGIC = {
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\0\0\0\x0cjP  \r\n\x87\n": "jp2",
    b"\xff\x4f\xff\x51": "jp2",
}
#: Brands of the container that AVIF and HEIC share.
_BRANDS = {
    b"avif": "avif",
    b"avis": "avif",
    b"heic": "heic",
    b"heix": "heic",
    b"hevc": "heic",
    b"heim": "heic",
}
_BRANDS |= {b"mif1": "heic", b"msf1": "heic", b"heis": "heic", b"hevx": "heic"}
#: Sizes of the info headers that BMP has had.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
#: What opens archives and containers that hold files as they are: a PDF in one is no document by itself.
_HOLDERS = (b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x78\x9f\x3e\x22")
#: The end of a ZIP archive's directory; the mark of a tar archive, and where it stands.
_ZIP_END, _TAR = b"PK\x05\x06", (257, b"ustar")
#: A PDF header may stand behind this many bytes of junk (ISO 32000-1, annex H).
_PDF_HEADER_WITHIN = 1024
#: Printers and web servers put longer heads before it.
_SPOOL_HEAD_WITHIN = 64 * 1024
_SPOOLED = re.compile(
    rb"[\s\0]|\x1b%-12345X|@PJL|--[^\r\n]{1,70}\r?\n|(?:Content-|MIME-|HTTP/)", re.IGNORECASE
)
_HEADER = re.compile(rb"%PDF-\d\.\d")


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a look at the outside of a document says."""

    #: A name of `worker.document_formats.FORMATS`.
    format: str
    pages: int
    #: What it carries beside its pages, in words: scripts, files, forms. Nothing of it is ever run.
    notes: tuple[str, ...] = ()
    #: The reason code of what it lacks, though its pages can be read; None for a complete document.
    lacks: str | None = None


def sniff(data: bytes) -> str | None:
    """The name of these bytes' format in `FORMATS`, or None."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    return _sniff_closer(data) or ("pdf" if pdf_start(data) is not None else _gif(data))


def pdf_start(data: bytes) -> int | None:
    """Where a PDF begins, behind junk or the head of a print job or web request; None for no PDF."""
    place = data.find(b"%PDF-", 0, _PDF_HEADER_WITHIN + 5)
    if place >= 0:
        return None if _holds_files(data, place) else place
    spooled = _SPOOLED.match(data) and _HEADER.search(data, 0, _SPOOL_HEAD_WITHIN)
    return spooled.start() if spooled else None


def _holds_files(data: bytes, place: int) -> bool:
    """True for an archive around what stands there, which may be one of many files."""
    zipped = data.startswith(b"PK\x03\x04") and data.rfind(_ZIP_END) > place
    at, mark = _TAR
    return zipped or data.startswith(_HOLDERS) or data.startswith(mark, at)


def _sniff_closer(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    # "BM" alone also opens ordinary prose; the size of the info header settles it.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    return _BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None


def _gif(data: bytes) -> str | None:
    return "gif" if data[:6] in {b"GIF87a", b"GIF89a"} else None
