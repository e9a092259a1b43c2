"""The formats of documents that are read; sentences, endings and decoders are derived from this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFormat:
    """One format."""

    #: As results name it.
    name: str
    #: As people name it.
    title: str
    #: Endings of keys and file names, in lower case. The bytes decide; endings only tell sidecars apart.
    suffixes: tuple[str, ...]
    #: Pillow's names of the decoders; none where Pillow does not read it.
    decoders: tuple[str, ...] = ()
    #: What to do where an installation has no decoder; None where all have one.
    without_decoder: str | None = None
    #: The extra that brings the decoder; None where none is needed.
    extra: str | None = None


_TABLE = (
    DocumentFormat(name="pdf", title="PDF", suffixes=(".pdf",)),
    DocumentFormat(name="tiff", title="TIFF", suffixes=(".tif", ".tiff"), decoders=("TIFF",)),
    DocumentFormat(name="jpeg", title="JPEG", suffixes=(".jpg", ".jpeg"), decoders=("JPEG", "MPO")),
    DocumentFormat(name="png", title="PNG", suffixes=(".png",), decoders=("PNG",)),
    DocumentFormat(name="webp", title="WebP", suffixes=(".webp",), decoders=("WEBP",)),
    DocumentFormat(name="bmp", title="BMP", suffixes=(".bmp",), decoders=("BMP",)),
    DocumentFormat(name="gif", title="GIF", suffixes=(".gif",), decoders=("GIF",)),
    DocumentFormat(
        name="jp2",
        title="JPEG 2000",
        suffixes=(".jp2", ".j2k", ".j2c", ".jpf", ".jpx"),
        decoders=("JPEG2000",),
    ),
    DocumentFormat(
        name="avif",
        title="AVIF",
        suffixes=(".avif",),
        decoders=("AVIF",),
        without_decoder="the file is AVIF, which this Pillow does not read; save it as JPEG",
    ),
    DocumentFormat(
        name="heic",
        title="HEIC",
        suffixes=(".heic", ".heif"),
        decoders=("HEIF",),
        without_decoder="the file is HEIC; install countersign-intake[heic], or save it as JPEG",
        extra="heic",
    ),
)
#: The formats by their names.
FORMATS = {row.name: row for row in _TABLE}
#: Endings of documents.
SUFFIXES = tuple(suffix for row in _TABLE for suffix in row.suffixes)
_TITLES = [row.title for row in _TABLE if row.extra is None]
#: The formats that every installation may be sent, for a sentence.
READ = f"{', '.join(_TITLES[:-1])} or {_TITLES[-1]}"
