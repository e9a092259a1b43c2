"""What the first bytes of a document say about it; no decoder is needed for that."""

from __future__ import annotations

from dataclasses import dataclass

#: First bytes of the image formats; BMP and WebP need further checks.
_MAGIC = {
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
}
#: What people send by mistake, and what to do about it.
_HINTS = {
    b"PK\x03\x04": "a ZIP archive or an Office file; save it as PDF or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Office file; save it as PDF",
    b"GIF8": "a GIF; save it as PNG",
    b"%!PS": "PostScript; convert it to PDF",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\0\0\0\x0cjP": "JPEG 2000; save it as PDF, TIFF or JPEG",
    b"{\\rtf": "RTF; save it as PDF",
    b"<": "HTML or XML; save it as PDF",
}
#: Sizes of the info headers that BMP has had.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
#: A PDF header may stand behind this many bytes of junk (ISO 32000-1, annex H).
_PDF_HEADER_WITHIN = 1024


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a look at the outside of a document says."""

    #: "pdf", "tiff", "jpeg", "png", "webp" or "bmp".
    format: str
    pages: int
    #: What it carries beside its pages, in words: scripts, files, forms. Nothing of it is ever run.
    notes: tuple[str, ...] = ()


def sniff(data: bytes) -> str | None:
    """The format of these bytes, or None."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    # "BM" alone also opens ordinary prose; the size of the info header settles it.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    return "pdf" if b"%PDF-" in data[:_PDF_HEADER_WITHIN] else None


def describe_unknown(data: bytes) -> str:
    """A sentence for the sender of bytes that `sniff` does not know."""
    start = data[:64].lstrip()
    hint = next((text for magic, text in _HINTS.items() if start.startswith(magic)), None)
    if hint is None:
        return "the file is of no format that is read here; send PDF, TIFF, JPEG, PNG, WebP or BMP"
    return f"the file looks like {hint}"
