"""PDF files whose pages are broken or never end: streams, images, fonts, patterns, loops."""

from __future__ import annotations

import zlib

from PIL import Image

from tests.corpus.kind import Kind, by_id, lost, torn
from tests.corpus.pdf_parts import TEXT, one_page, stream, text
from tests.sheets import FULL, Page, jpeg_picture, pdf, raw_picture, sheet


def bomb_of_streams(layers: int = 3) -> bytes:
    """A content stream that unpacks a thousandfold, several times over."""
    body = b"0 0 m 1 1 l S " * 400_000
    for _ in range(layers):
        body = zlib.compress(body, 9)
    filters = " ".join(["/FlateDecode"] * layers)
    return pdf(Page(box="[0 0 99 99]"), more={4: stream(body, f"/Filter [{filters}]")})


def bomb_of_whitespace() -> bytes:
    """A content stream of a hundred megabytes of nothing."""
    packer, block = zlib.compressobj(9), b" " * 1_000_000
    body = b"".join(packer.compress(block) for _ in range(100)) + packer.flush()
    return pdf(Page(box="[0 0 99 99]"), more={4: stream(body, "/Filter /FlateDecode")})


def image_bomb(width: int, height: int) -> bytes:
    body = zlib.compress(bytes(10_000), 9)
    picture = raw_picture(
        Image.new("1", (1, 1)), "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode", body
    )
    entries = picture.entries.replace("/Width 1 /Height 1", f"/Width {width} /Height {height}")
    return pdf(Page(FULL, (type(picture)(entries, body),)))


def inline_bomb() -> bytes:
    """An image in the content stream, which no list of images names."""
    return text(b"q 200 0 0 300 0 0 cm BI /W 60000 /H 60000 /BPC 8 /CS /RGB ID " + bytes(100) + b" EI Q")


def mask_bomb() -> bytes:
    """A small picture with a transparency of 3.6 gigapixels."""
    picture = jpeg_picture(sheet((100, 140)), entries="/SMask 90 0 R")
    size = "/Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 8"
    mask = stream(zlib.compress(bytes(1000)), f"/Type /XObject {size} /Filter /FlateDecode")
    return pdf(Page(FULL, (picture,)), more={90: mask})


def pattern_bomb() -> bytes:
    """A page-filling pattern of tiny tiles."""
    cell = "/BBox [0 0 1 1] /XStep 0.01 /YStep 0.01 /Resources << >>"
    tile = stream(b"0 0 1 1 re f", f"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 {cell}")
    paint = b"/Pattern cs /P0 scn 0 0 595 842 re f"
    return pdf(Page(paint, resources="/Pattern << /P0 90 0 R >>"), more={90: tile})


def bomb_of_shadings() -> bytes:
    """A page painted over 200,000 times, which takes minutes and hardly any memory, and a sound page."""
    paint = stream(zlib.compress(b"/S0 sh " * 200_000, 9), "/Filter /FlateDecode")
    function = "/Function << /FunctionType 2 /Domain [0 1] /C0 [0 0 0] /C1 [1 1 1] /N 1 >>"
    shading = (
        f"/Shading << /S0 << /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 595 842] {function} >> >>"
    )
    return pdf(Page(resources=shading), Page(FULL, (jpeg_picture(sheet((420, 594))),)), more={4: paint})


def form_loop() -> bytes:
    form = stream(
        b"/F Do", "/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /XObject << /F 90 0 R >> >>"
    )
    return pdf(Page(b"/F Do", resources="/XObject << /F 90 0 R >>", box="[0 0 99 99]"), more={90: form})


def fonted(entries: bytes, more: dict[int, bytes] | None = None) -> bytes:
    """A line of text in a font of these entries."""
    page = Page(TEXT, box="[0 0 200 300]", resources="/Font << /F1 90 0 R >>")
    return pdf(page, more={90: b"<< /Type /Font " + entries + b" >>", **(more or {})})


BROKEN_FONT = (
    b"/Subtype /TrueType /BaseFont /X"
    b" /FontDescriptor << /Type /FontDescriptor /FontName /X /FontFile2 91 0 R >>"
)
FONT_OF_ITSELF = b"/Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [90 0 R]"
GLYPH_OF_ITSELF = (
    b"/Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /A 91 0 R >>"
    b" /Encoding << /Differences [65 /A] >> /FirstChar 65 /LastChar 65 /Widths [9]"
    b" /Resources << /Font << /F1 90 0 R >> >>"
)


CONTENT = (
    Kind(
        "pdf-length-loop",
        lambda: one_page({4: b"<< /Length 4 0 R >>\nstream\n" + FULL + b"\nendstream"}),
    ),
    Kind(
        "pdf-length-lies",
        lambda: one_page({4: b"<< /Length 999999999 >>\nstream\n" + FULL + b"\nendstream"}),
    ),
    lost("pdf-contents-loop", lambda: one_page({4: b"[4 0 R]"}), "unreadable_page"),
    Kind("pdf-unknown-filter", lambda: one_page({4: stream(FULL, "/Filter /Nonsense")})),
    lost(
        "pdf-odd-filter-parameters",
        lambda: one_page(
            {
                4: stream(
                    zlib.compress(FULL),
                    "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 32 >>",
                )
            }
        ),
        "unreadable_page",
    ),
    Kind("pdf-form-loop", form_loop),
    lost(
        "pdf-operators-nonsense",
        lambda: text(b"Q Q Q q q q /No Do (x Tj BT ET ET 1 2 3 4 re W"),
        "unreadable_page",
    ),
    lost("pdf-quoted-name", lambda: text(b"/No#1b#5b2J#ff#c0#af#c2#9b Do"), "unreadable_page"),
    Kind("pdf-operands-too-many", lambda: text(b"1 " * 5000 + b"m")),
    Kind("pdf-operators-binary", lambda: text(bytes(range(256)) * 4)),
    Kind("pdf-nan-operands", lambda: text(b"nan inf 1e400 -1e400 0 0 cm 0 0 9 9 re f")),
    Kind("pdf-singular-matrix", lambda: text(b"0 0 0 0 0 0 cm 0 0 9 9 re f " + TEXT)),
    Kind(
        "pdf-font-missing",
        lambda: text(resources="/Font << /F1 << /Type /Font /Subtype /TrueType /BaseFont /NoSuchFont >> >>"),
    ),
    Kind("pdf-no-font", lambda: text(resources="")),
    lost("pdf-font-broken", lambda: fonted(BROKEN_FONT, {91: stream(b"garbage" * 30)}), "unreadable_page"),
    Kind("pdf-font-loop", lambda: fonted(FONT_OF_ITSELF)),
    Kind("pdf-type3-loop", lambda: fonted(GLYPH_OF_ITSELF, {91: stream(b"9 0 d0 BT /F1 9 Tf (A) Tj ET")})),
    Kind("pdf-stream-bomb", bomb_of_streams),
    Kind("pdf-whitespace-bomb", bomb_of_whitespace),
    lost("pdf-image-bomb", lambda: image_bomb(60_000, 60_000), "page_too_large"),
    lost("pdf-image-negative", lambda: image_bomb(-5, 60_000), "unreadable_page"),
    lost("pdf-image-overflow", lambda: image_bomb(2**31 - 1, 2**31 - 1), "page_too_large"),
    lost("pdf-inline-image-bomb", inline_bomb, "unreadable_page"),
    lost("pdf-mask-bomb", mask_bomb, "page_too_large"),
    Kind("pdf-pattern-bomb", pattern_bomb),
    torn("pdf-never-ending", bomb_of_shadings, "page_timeout"),
    *by_id(
        "pdf-scan-cut-off-jpeg",
        "pdf-scan-no-jpeg",
        "pdf-scan-larger-than-declared",
        "pdf-pixel-is-point",
        "pdf-scan-reduced",
        "pdf-scan-too-large",
        "pdf-tiny-page",
        "pdf-scan-cmyk",
        "pdf-scan-jpeg2000",
        "pdf-scan-soft-mask",
    ),
)
