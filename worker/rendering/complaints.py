"""What decoders say when data is damaged, and what it means: one table.

Decoders draw on and mention damage on the side: MuPDF in its warnings, libtiff and libjpeg on standard error.
A page on which ink was lost must not pass for unsigned, and one that is drawn whole must not be refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Meaning(Enum):
    """What a complaint means for the page."""

    #: Part of the page is not drawn, or drawn as something else.
    LOST = auto()
    #: An image has fewer samples than it should; they are counted.
    SHORT = auto()
    #: The checksum of deflated data is missing or wrong; the streams are looked at.
    CHECKSUM = auto()
    #: The page is drawn as it was meant.
    HARMLESS = auto()


@dataclass(frozen=True, slots=True)
class Complaint:
    """The words of one kind of complaint, whose they are, and what they mean."""

    decoder: str
    words: str
    meaning: Meaning

    def fits(self, line: str) -> bool:
        """True for a line that begins with these words."""
        return re.match(self.words, line, re.IGNORECASE) is not None


_LOST, _SHORT, _CHECKSUM, _HARMLESS = Meaning.LOST, Meaning.SHORT, Meaning.CHECKSUM, Meaning.HARMLESS

#: What jbig2dec warns of when symbols or rows are missing; its other warnings are about form.
_SERIOUS = (
    "refers to no|out of range|too many|ignoring negative|fail|cannot|unable|invalid|corrupt|truncat"
    "|not enough|too large|too short|exceed|past|overrun|unexpected|premature|unsupported|not supported"
    "|NYI|missing"
)
#: The first row that fits a line decides; what fits none is harmless: most warnings tell of repairs.
TABLE = (
    # MuPDF's fax decoder gives up at the first code that it does not know; the rest of the image is missing.
    Complaint("fax", r".*\bfaxd\b", _LOST),
    Complaint("JBIG2", r"jbig2dec warning: .*(?:extra bytes|unhandled|extension|profile)", _HARMLESS),
    Complaint("JBIG2", r".*jbig2.* error", _LOST),
    Complaint("JBIG2", rf"jbig2dec warning: .*(?:{_SERIOUS})", _LOST),
    Complaint("JPX", r".*(?:openjpeg|jpx).* error", _LOST),
    Complaint("JPX", r"openjpeg warning: .*(?:truncat|not enough|missing|only \d+|corrupt|invalid)", _LOST),
    # Its end mark alone may be missing; the pixels of every JPEG are looked at (`worker.rendering.jpeg`).
    Complaint("JPEG", r"premature end of file in jpeg", _HARMLESS),
    # Encoders fill up to whole words.
    Complaint("JPEG", r"Corrupt JPEG data: [1-3] extraneous bytes before marker 0xd9", _HARMLESS),
    Complaint("JPEG", r"Corrupt JPEG data: \d+ extraneous bytes before marker 0x(?!d)", _HARMLESS),
    Complaint("JPEG", r"Corrupt JPEG data: ", _LOST),
    Complaint("JPEG", r"Premature end of JPEG file", _LOST),
    Complaint("JPEG", r"Inconsistent progression sequence", _LOST),
    Complaint("LZW", r"premature end in lzw decode", _LOST),
    Complaint("flate", r"premature end of data in flate filter", _CHECKSUM),
    Complaint("flate", r"ignoring zlib error: incorrect data check", _CHECKSUM),
    Complaint("any filter", r"padding truncated image", _SHORT),
    Complaint("any filter", r"premature end ", _LOST),
    Complaint("any filter", r"read error; treating as end of file", _LOST),
    Complaint("any filter", r"library error: ", _LOST),
    Complaint("MuPDF", r"non-page object in page tree", _LOST),
    Complaint("MuPDF", r"cannot load content stream ", _LOST),
    Complaint("MuPDF", r"syntax error: (?:no XObject subtype|cannot find XObject resource)", _LOST),
    Complaint(
        "MuPDF", r"syntax error: (?:image (?:width|height) is zero|integer overflow in inline image)", _LOST
    ),
    # libtiff: its warnings never reach us, only what it calls errors; Pillow goes on after most of them.
    Complaint("fax in TIFF", r"Fax\w+: ", _LOST),
    Complaint("LZW in TIFF", r"(?:\S+: )?(?:LZWDecode\w*|.*code not yet in table)", _LOST),
    Complaint("flate in TIFF", r"ZIPDecode: ", _LOST),
    Complaint("PackBits in TIFF", r"PackBitsDecode: ", _LOST),
    Complaint("JPEG in TIFF", r"(?:JPEGLib|JPEGDecode\w*|OJPEG\w*): ", _LOST),
    Complaint("TIFF", r"TIFF(?:FillStrip|FillTile|ReadRawStrip\w*|ReadEncoded\w+): ", _LOST),
)


def meaning(line: str) -> Meaning:
    """What that line means for the page."""
    return next((complaint.meaning for complaint in TABLE if complaint.fits(line)), Meaning.HARMLESS)


def first(words: str, wanted: Meaning) -> str | None:
    """The first line of these words that means this; None without one."""
    return next((line for line in words.splitlines() if line and meaning(line) is wanted), None)


def check(words: str) -> None:
    """Raise ValueError with the first line that means that something was lost."""
    line = first(words, Meaning.LOST)
    if line:
        raise ValueError(f"part of it is lost: {line.strip()}")
