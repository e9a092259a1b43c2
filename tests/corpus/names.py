"""Names of files that no careful person gives, on documents that are sound."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus.damage import SMALL
from tests.corpus.kind import Kind
from tests.sheets import encoded, sheet


def sound(number: int) -> Callable[[], bytes]:
    """A document of which no two are alike."""
    return lambda: encoded(sheet((SMALL[0] + number, SMALL[1])), "JPEG")


ODD = {
    "newline": b"line one\nline two.pdf",
    "carriage-return": b"visible\rhidden.pdf",
    "tab": b"a\tb.pdf",
    "escape-sequence": b"\x1b[2J\x1b[31mred.pdf",
    "c1-control": "\u009b2Jclear.pdf".encode(),
    "bell": b"ding\x07.pdf",
    "right-to-left": "invoice\u202efdp.exe".encode(),
    "zero-width": "in\u200bvoice.pdf".encode(),
    "line-separator": "a\u2028b\u2029c\x85d.pdf".encode(),
    "not-utf8": b"caf\xe9-\xff\xfe.pdf",
    "overlong-utf8": b"a..\xc0\xaf..\xc0\xafetc.pdf",
    "surrogate-utf8": b"\xed\xa0\x80half.pdf",
    "emoji-code": b":smile: :pile_of_poo:.pdf",
    "rich-markup": b"[red]bold[bold] [link=http:]x.pdf",
    "broken-markup": b"[red]half[.pdf",
    "html": b"<script>alert(1)<.pdf",
    "quotes": b"\"';-- drop table documents.pdf",
    "percent": b"%2e%2e%2fetc%2fpasswd%00.pdf",
    "format": b"%s%n{0}{signer}$HOME`id`.pdf",
    "wildcards": b"*?[a-z]_%.pdf",
    "backslashes": b"a\\..\\..\\windows\\system.pdf",
    "option": b"--help",
    "spaces": b"   .pdf ",
    "dots": b"a...pdf",
    "longest": b"x" * 251 + b".pdf",
    "longest-in-bytes": ("\u6f22" * 83).encode() + b".pdf",
    "decomposed": "e\u0301.pdf".encode(),
    "composed": "\u00e9.pdf".encode(),
    "formula": b'=HYPERLINK("x").pdf',
}
NAMES = tuple(Kind(f"name-{id_}", sound(number), name=name) for number, (id_, name) in enumerate(ODD.items()))
