"""Good, odd and bad documents, built by code, each with what must come of it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pymupdf
from PIL import Image

from tests.sheets import A4, FULL, Page, Picture, encoded, jpeg_picture, pdf, raw_picture, sheet
from worker.vision.values import Limits

TEXT = b"BT /F1 24 Tf 200 300 Td (Agreed and accepted) Tj ET"
LIMITS = Limits(max_bytes=30_000_000, max_pages=8, max_pixels=12_000_000, render_dpi=100)


@dataclass(frozen=True)
class Want:
    """What one page must come to: its size, resolution and source, or the code of its failure."""

    size: tuple[int, int] = A4
    dpi: float = 100
    source: str = "image"
    code: str | None = None
    #: False for pages that do not show the sheet.
    upright: bool = True


@dataclass(frozen=True)
class Case:
    """A document and its expected pages, or the code of the failure of the whole document."""

    id: str
    build: Callable[[], bytes]
    pages: tuple[Want, ...] = ()
    code: str | None = None
    limits: Limits = field(default=LIMITS)


EMBEDDED = Want(source="embedded")
#: MuPDF rounds 1169.4 pixels up.
DRAWN = Want((827, 1170), source="rendered")
DRAWN_OTHER = Want((827, 1170), source="rendered", upright=False)
LOST = Want(code="unreadable_page")
HUGE = Want(code="page_too_large")


def exif_jpeg(orientation: int) -> bytes:
    """A JPEG stored so that its tag turns it upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = sheet() if undo is None else sheet().transpose(undo)
    exif = Image.Exif()
    exif[274] = orientation
    return encoded(image, "JPEG", exif=exif, dpi=(100, 100))


def with_alpha(mode: str = "RGBA") -> Image.Image:
    """The sheet's ink on nothing: black everywhere, paper only where it is transparent."""
    grey = sheet(mode="L")
    image = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    image.putalpha(Image.eval(grey, lambda value: 255 - value))
    return image.convert(mode)


def sixteen_bit() -> Image.Image:
    """Grey of 16 bits, ink at 8,000 and paper at 60,000: no plain cut to 8 bits shows it."""
    grey = np.asarray(sheet(mode="L")).astype(np.uint16)
    return Image.fromarray(np.where(grey > 0, 60_000, 8_000).astype(np.uint16))


def tiff(*images: Image.Image, dpis: tuple[object, ...] = (), **options: object) -> bytes:
    """A TIFF of these pages."""
    first, *rest = images
    for image, dpi in zip(images, dpis or ((100, 100),) * len(images), strict=True):
        image.encoderinfo = {"dpi": dpi}
    return encoded(
        first, "TIFF", save_all=True, append_images=rest, dpi=(dpis or ((100, 100),))[0], **options
    )


def tiff_with_broken_second() -> bytes:
    """Three pages; the pixels of the second are noise that its decoder cannot read."""
    data = bytearray(tiff(*(sheet() for _ in range(3)), compression="tiff_adobe_deflate"))
    with Image.open(BytesIO(data)) as image:
        image.seek(1)
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]
    data[start : start + size] = bytes(size)
    return bytes(data)


def tiff_with_lost_chain() -> bytes:
    """Two pages; the directory of the second lies beyond the end of the file."""
    data = bytearray(tiff(sheet(mode="1"), sheet(mode="1"), compression="group4"))
    (start,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * entries, len(data) + 1000)
    return bytes(data)


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that unpack to a picture of that size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def scan(content: bytes = FULL, picture: Picture | None = None, **page: str) -> bytes:
    """A PDF of one scanned page."""
    return pdf(Page(content, (picture or jpeg_picture(),), **page))


def fax_picture(entries: str = "/ColorSpace /DeviceGray") -> Picture:
    """The sheet in one bit, CCITT group 4."""
    image = sheet(mode="1")
    data = encoded(image, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(BytesIO(data)) as written:
        start, size = written.tag_v2[273][0], written.tag_v2[279][0]
        black_is_1 = "true" if written.tag_v2[262] == 1 else "false"
    parameters = (
        f"/DecodeParms << /K -1 /Columns {image.width} /Rows {image.height} /BlackIs1 {black_is_1} >>"
    )
    return raw_picture(
        image,
        f"{entries} /BitsPerComponent 1 /Filter /CCITTFaxDecode {parameters}",
        data[start : start + size],
    )


def indexed_picture() -> Picture:
    """The sheet as palette indices: 0 is paper, 1 is ink."""
    indices = (np.asarray(sheet(mode="L")) == 0).astype(np.uint8)
    return raw_picture(
        Image.fromarray(indices), "/ColorSpace [/Indexed /DeviceRGB 1 <ffffff 101040>] /BitsPerComponent 8"
    )


def masked_scan() -> bytes:
    """A black page-size image whose soft mask draws the sheet."""
    mask = sheet(mode="L").point(lambda value: 255 - value)
    black = raw_picture(Image.new("RGB", A4), "/ColorSpace /DeviceRGB /BitsPerComponent 8 /SMask 90 0 R")
    body = zlib.compress(mask.tobytes())
    entries = (
        f"<< /Type /XObject /Subtype /Image /Width {A4[0]} /Height {A4[1]} /ColorSpace /DeviceGray "
        f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(body)} >>\nstream\n"
    )
    return pdf(Page(FULL, (black,)), more={90: entries.encode() + body + b"\nendstream"})


def jpx_scan() -> bytes:
    """A scan in JPEG 2000."""
    image = sheet()
    data = encoded(image, "JPEG2000")
    return scan(
        picture=raw_picture(image, "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /JPXDecode", data)
    )


def shared_resources() -> bytes:
    """Two pages that list two images of one size each and show one of them."""
    decoy = sheet().transpose(Image.Transpose.ROTATE_180)
    pictures = (jpeg_picture(), Picture(*_fields(jpeg_picture(decoy)), name="Im1"))
    return pdf(Page(FULL, pictures), Page(FULL, pictures))


def _fields(picture: Picture) -> tuple[str, bytes]:
    return picture.entries, picture.data


def annotated(kind: str) -> bytes:
    """A white scan on which only an annotation or a form field carries the sheet's ink."""
    document = pymupdf.open(stream=scan(picture=jpeg_picture(Image.new("RGB", A4, "white"))))
    page = document[0]
    for rect in (pymupdf.Rect(0, 0, 149, 105), pymupdf.Rect(0, 368, 37, 473)):
        if kind == "stamp":
            page.add_rect_annot(rect).set_colors(stroke=(0, 0, 0), fill=(0, 0, 0))
            for annotation in page.annots():
                annotation.set_colors(stroke=(0, 0, 0), fill=(0, 0, 0))
                annotation.update()
        else:
            widget = pymupdf.Widget()
            widget.field_name, widget.field_type, widget.rect = (
                f"f{rect.y0}",
                pymupdf.PDF_WIDGET_TYPE_TEXT,
                rect,
            )
            widget.fill_color = (0, 0, 0)
            page.add_widget(widget)
    return bytes(document.tobytes())


def encrypted(user_password: str) -> bytes:
    """A scan under AES-256."""
    document = pymupdf.open(stream=scan())
    return bytes(
        document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw=user_password)
    )


def hidden_layer() -> bytes:
    """A page whose only image belongs to a layer that is switched off."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [90 0 R] /D << /OFF [90 0 R] >> >> >>"
    group = b"<< /Type /OCG /Name (hidden) >>"
    return pdf(Page(FULL, (jpeg_picture(entries="/OC 90 0 R"),)), more={1: catalog, 90: group})


def bomb_of_forms(depth: int = 12, width: int = 8) -> bytes:
    """A page of a few kilobytes that draws width ** depth times: rendering it never ends."""
    forms = {}
    for level in range(depth):
        more = f"/XObject << /F {91 + level} 0 R >>" if level + 1 < depth else ""
        body = b"/F Do " * width if more else b"0 0 m 9 9 l S "
        entries = f"<< /Subtype /Form /BBox [0 0 600 800] /Resources << {more} >> /Length {len(body)} >>"
        forms[90 + level] = entries.encode() + b"\nstream\n" + body + b"\nendstream"
    return pdf(
        Page(b"/F Do", resources="/XObject << /F 90 0 R >>"), Page(FULL, (jpeg_picture(),)), more=forms
    )


def broken_in_the_middle() -> bytes:
    """Three scans; the content of the second is damaged compressed data."""
    broken = b"<< /Filter /FlateDecode /Length 14 >>\nstream\ngarbagegarbage\nendstream"
    return pdf(*(Page(FULL, (jpeg_picture(),)) for _ in range(3)), more={7: broken})


def no_page_object() -> bytes:
    """Two pages; the second page object is a number."""
    return pdf(Page(FULL, (jpeg_picture(),)), Page(FULL, (jpeg_picture(),)), more={6: b"42"})


def damaged_jpeg_scan(cut: float) -> bytes:
    """A scan whose JPEG ends early."""
    picture = jpeg_picture()
    return scan(picture=Picture(picture.entries, picture.data[: int(len(picture.data) * cut)]))


def exif_scan() -> bytes:
    """A scan whose JPEG carries an orientation tag, which PDF says to ignore."""
    exif = Image.Exif()
    exif[274] = 6
    return scan(picture=jpeg_picture(exif=exif))


def lying_scan() -> bytes:
    """A scan whose JPEG is larger than its dictionary says."""
    picture = jpeg_picture(sheet((2000, 2800)))
    entries = picture.entries.replace("2000", "1000").replace("2800", "1400")
    return scan(picture=Picture(entries, picture.data))


def inverted_scan() -> bytes:
    """A negative with a Decode array that turns it back."""
    return scan(picture=jpeg_picture(sheet(mode="L").point(lambda v: 255 - v), entries="/Decode [1 0]"))


def turned(method: Image.Transpose) -> Picture:
    """The sheet, stored turned."""
    return jpeg_picture(sheet().transpose(method))


LANDSCAPE = "[0 0 842 595]"
WIDE = b"q 842 0 0 595 0 0 cm /Im0 Do Q"

IMAGES = (
    Case("jpeg", lambda: encoded(sheet(), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-grey", lambda: encoded(sheet(mode="L"), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-progressive", lambda: encoded(sheet(), "JPEG", progressive=True, dpi=(100, 100)), (Want(),)),
    *(Case(f"jpeg-exif-{turn}", lambda turn=turn: exif_jpeg(turn), (Want(),)) for turn in range(1, 9)),
    Case("jpeg-cmyk", lambda: encoded(sheet(mode="CMYK"), "JPEG", dpi=(100, 100)), (Want(),)),
    Case("jpeg-a4-without-dpi", lambda: encoded(sheet((1654, 2339)), "JPEG"), (Want((1654, 2339), 200),)),
    Case("jpeg-letter-without-dpi", lambda: encoded(sheet((850, 1100)), "JPEG"), (Want((850, 1100), 100),)),
    Case(
        "jpeg-strange-shape-without-dpi", lambda: encoded(sheet((900, 500)), "JPEG"), (Want((900, 500), 200),)
    ),
    Case(
        "jpeg-impossible-dpi",
        lambda: encoded(sheet((850, 1100)), "JPEG", dpi=(3, 3)),
        (Want((850, 1100), 100),),
    ),
    Case("jpeg-with-trailer", lambda: encoded(sheet(), "JPEG", dpi=(100, 100)) + b"movie" * 9, (Want(),)),
    Case("jpeg-cut-off", lambda: encoded(sheet(), "JPEG")[:6000], (LOST,)),
    Case("jpeg-too-large", lambda: encoded(sheet((4000, 4000)), "JPEG"), (HUGE,)),
    Case("jpeg-header-only", lambda: b"\xff\xd8\xff\xe0" + bytes(40), code="unreadable_document"),
    Case("png", lambda: encoded(sheet(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-colour", lambda: encoded(sheet(ink="navy"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-alpha", lambda: encoded(with_alpha(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-grey-alpha", lambda: encoded(with_alpha("LA"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-palette", lambda: encoded(sheet(mode="P"), "PNG", dpi=(100, 100)), (Want(),)),
    Case(
        "png-transparent-colour",
        lambda: encoded(sheet(), "PNG", transparency=(255, 255, 255), dpi=(100, 100)),
        (Want(),),
    ),
    Case("png-16-bit", lambda: encoded(sixteen_bit(), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-1-bit", lambda: encoded(sheet(mode="1"), "PNG", dpi=(100, 100)), (Want(),)),
    Case("png-cut-off", lambda: encoded(sheet(), "PNG")[:900], (LOST,)),
    Case("png-bomb", lambda: png_claiming(60_000, 60_000), (HUGE,)),
    Case("webp", lambda: encoded(sheet(), "WEBP"), (Want(),)),
    Case("webp-alpha", lambda: encoded(with_alpha(), "WEBP", lossless=True), (Want(),)),
    Case("bmp", lambda: encoded(sheet(), "BMP", dpi=(100, 100)), (Want(),)),
    Case("bmp-1-bit", lambda: encoded(sheet(mode="1"), "BMP", dpi=(100, 100)), (Want(),)),
)
TIFFS = (
    Case("tiff-g4", lambda: tiff(sheet(mode="1"), compression="group4"), (Want(),)),
    Case("tiff-lzw", lambda: tiff(sheet(), compression="tiff_lzw"), (Want(),)),
    Case("tiff-jpeg", lambda: tiff(sheet(), compression="jpeg"), (Want(),)),
    Case("tiff-cmyk", lambda: tiff(sheet(mode="CMYK")), (Want(),)),
    Case("tiff-16-bit", lambda: tiff(sixteen_bit()), (Want(),)),
    Case(
        "tiff-float", lambda: tiff(Image.fromarray(np.asarray(sheet(mode="L")) / np.float32(255))), (Want(),)
    ),
    Case("tiff-big", lambda: tiff(sheet(mode="L"), big_tiff=True), (Want(),)),
    Case(
        "tiff-mixed-pages",
        lambda: tiff(
            sheet(mode="1"),
            sheet((1700, 2200), mode="1"),
            compression="group4",
            dpis=((100,) * 2, (200,) * 2),
        ),
        (Want(), Want((1700, 2200), 200)),
    ),
    Case(
        "tiff-fax-coarse",
        lambda: tiff(sheet((1728, 1078), mode="1"), compression="group4", dpis=((204, 98),)),
        (Want((1728, 2244), 204),),
    ),
    Case(
        "tiff-fax-fine",
        lambda: tiff(sheet((1728, 2156), mode="1"), compression="group4", dpis=((204, 196),)),
        (Want((1728, 2156), 199.96),),
    ),
    Case(
        "tiff-turned-by-tag",
        lambda: tiff(sheet().transpose(Image.Transpose.ROTATE_90), tiffinfo={274: 6}),
        (Want(),),
    ),
    Case("tiff-broken-second-page", tiff_with_broken_second, (Want(), LOST, Want())),
    Case("tiff-lost-chain", tiff_with_lost_chain, (Want(), LOST)),
    Case("tiff-one-page-too-large", lambda: tiff(sheet(), sheet((4000, 4000), mode="1")), (Want(), HUGE)),
    Case("tiff-too-many-pages", lambda: tiff(*[sheet((20, 20))] * 9), code="too_many_pages"),
    Case("tiff-without-directory", lambda: b"II*\0\x08\0\0\0", code="unreadable_document"),
)
SCANS = (
    Case("pdf-scan", scan, (EMBEDDED,)),
    Case("pdf-scan-grey", lambda: scan(picture=jpeg_picture(sheet(mode="L"))), (EMBEDDED,)),
    Case("pdf-scan-text-underneath", lambda: scan(TEXT + b" " + FULL), (DRAWN,)),
    Case("pdf-scan-ocr-text", lambda: scan(FULL + TEXT.replace(b"BT", b"BT 3 Tr")), (EMBEDDED,)),
    Case("pdf-scan-visible-text", lambda: scan(FULL + TEXT), (DRAWN,)),
    Case(
        "pdf-scan-rotated-90",
        lambda: scan(WIDE, turned(Image.Transpose.ROTATE_90), box=LANDSCAPE, entries="/Rotate 90"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-rotated-180",
        lambda: scan(FULL, turned(Image.Transpose.ROTATE_180), entries="/Rotate 180"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-rotated-270",
        lambda: scan(WIDE, turned(Image.Transpose.ROTATE_270), box=LANDSCAPE, entries="/Rotate -90"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-mirrored-by-matrix",
        lambda: scan(b"q -595 0 0 842 595 0 cm /Im0 Do Q", turned(Image.Transpose.FLIP_LEFT_RIGHT)),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-upside-down-by-matrix",
        lambda: scan(b"q 595 0 0 -842 0 842 cm /Im0 Do Q", turned(Image.Transpose.FLIP_TOP_BOTTOM)),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-turned-by-matrix",
        lambda: scan(b"q 0 842 -595 0 595 0 cm /Im0 Do Q", turned(Image.Transpose.ROTATE_270)),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-transposed-by-matrix",
        lambda: scan(b"q 0 -842 -595 0 595 842 cm /Im0 Do Q", turned(Image.Transpose.TRANSPOSE)),
        (Want(source="embedded", upright=False),),
    ),
    Case(
        "pdf-scan-askew",
        lambda: scan(b"q 590 30 -30 840 5 0 cm /Im0 Do Q"),
        (DRAWN_OTHER,),
    ),
    Case("pdf-scan-inverted", inverted_scan, (EMBEDDED,)),
    Case("pdf-scan-fax", lambda: scan(picture=fax_picture()), (EMBEDDED,)),
    Case("pdf-scan-stencil", lambda: scan(b"0 g " + FULL, fax_picture("/ImageMask true")), (DRAWN,)),
    Case("pdf-scan-palette", lambda: scan(picture=indexed_picture()), (EMBEDDED,)),
    Case(
        "pdf-scan-raw",
        lambda: scan(picture=raw_picture(sheet(), "/ColorSpace /DeviceRGB /BitsPerComponent 8")),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-cmyk",
        lambda: scan(picture=jpeg_picture(sheet(mode="CMYK"), entries="/Decode [1 0 1 0 1 0 1 0]")),
        (DRAWN,),
    ),
    Case("pdf-scan-jpeg2000", jpx_scan, (EMBEDDED,)),
    Case("pdf-scan-soft-mask", masked_scan, (DRAWN,)),
    Case(
        "pdf-scan-faded",
        lambda: scan(b"/G0 gs " + FULL, resources="/ExtGState << /G0 << /ca 0.2 >> >>"),
        (DRAWN_OTHER,),
    ),
    Case(
        "pdf-scan-harmless-state",
        lambda: scan(b"/G0 gs " + FULL, resources="/ExtGState << /G0 << /ca 1.0 /SMask /None >> >>"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-scan-clipped",
        lambda: scan(b"0 421 595 421 re W n " + FULL),
        (DRAWN_OTHER,),
    ),
    Case("pdf-scan-clipped-to-the-page", lambda: scan(b"0 0 595 842 re W n " + FULL), (EMBEDDED,)),
    Case(
        "pdf-scan-half-page",
        lambda: scan(b"q 595 0 0 421 0 421 cm /Im0 Do Q"),
        (DRAWN_OTHER,),
    ),
    Case(
        "pdf-scan-cropped",
        lambda: scan(entries="/CropBox [0 421 595 842]"),
        (Want((827, 585), source="rendered", upright=False),),
    ),
    Case("pdf-scan-exif-is-ignored", exif_scan, (EMBEDDED,)),
    Case("pdf-scan-shared-resources", shared_resources, (DRAWN, DRAWN)),
    Case("pdf-scan-hidden-layer", hidden_layer, (DRAWN_OTHER,)),
    Case("pdf-scan-stamped", lambda: annotated("stamp"), (DRAWN,)),
    Case("pdf-scan-form-field", lambda: annotated("field"), (DRAWN,)),
    Case("pdf-scan-cut-off-jpeg", lambda: damaged_jpeg_scan(0.5), (LOST,)),
    Case("pdf-scan-no-jpeg", lambda: scan(picture=Picture(jpeg_picture().entries, b"nothing")), (LOST,)),
    Case("pdf-scan-larger-than-declared", lying_scan, (LOST,)),
    Case("pdf-scan-too-large", lambda: scan(picture=jpeg_picture(sheet((4000, 4000)))), (HUGE,)),
)
PDFS = (
    Case("pdf-vector", lambda: pdf(Page(TEXT)), (DRAWN_OTHER,)),
    Case("pdf-blank", lambda: pdf(Page()), (DRAWN_OTHER,)),
    Case(
        "pdf-mixed",
        lambda: pdf(Page(TEXT), Page(FULL, (jpeg_picture(),))),
        (DRAWN_OTHER, EMBEDDED),
    ),
    Case(
        "pdf-vector-rotated",
        lambda: pdf(Page(TEXT, entries="/Rotate 90")),
        (Want((1170, 827), source="rendered", upright=False),),
    ),
    Case("pdf-header-after-junk", lambda: b"junk\n" * 100 + scan(), (EMBEDDED,)),
    Case(
        "pdf-negative-box",
        lambda: scan(b"q 595 0 0 842 -100 -200 cm /Im0 Do Q", box="[495 642 -100 -200]"),
        (EMBEDDED,),
    ),
    Case(
        "pdf-user-unit",
        lambda: scan(b"q 297.5 0 0 421 0 0 cm /Im0 Do Q", box="[0 0 297.5 421]", entries="/UserUnit 2"),
        (EMBEDDED,),
    ),
    Case("pdf-huge-box", lambda: pdf(Page(TEXT, box="[0 0 14400 14400]")), (HUGE,)),
    Case(
        "pdf-tiny-box",
        lambda: pdf(Page(TEXT, box="[0 0 1 1]")),
        (Want((2, 2), source="rendered", upright=False),),
    ),
    Case("pdf-broken-page", broken_in_the_middle, (EMBEDDED, LOST, EMBEDDED)),
    Case("pdf-no-page-object", no_page_object, (EMBEDDED, LOST)),
    Case("pdf-without-content", lambda: pdf(Page(), more={4: b"null"}), (LOST,)),
    Case("pdf-cut-off", lambda: scan()[:2000], (LOST,)),
    Case("pdf-open-password", lambda: encrypted("secret"), code="encrypted_document"),
    Case("pdf-owner-password", lambda: encrypted(""), (EMBEDDED,)),
    Case("pdf-no-pages", pdf, code="empty_document"),
    Case("pdf-header-only", lambda: b"%PDF-1.7\n" + bytes(100), code="unreadable_document"),
    Case("pdf-too-many-pages", lambda: pdf(*[Page()] * 9), code="too_many_pages"),
)
OTHERS = (
    Case("empty", lambda: b"", code="empty_document"),
    Case("prose", lambda: b"BM is how this ordinary letter begins, and no bitmap", code="unknown_format"),
    Case("word", lambda: b"PK\x03\x04" + bytes(100), code="unknown_format"),
    Case("gif", lambda: encoded(sheet(mode="P"), "GIF"), code="unknown_format"),
    Case("html", lambda: b"<!doctype html><p>hello", code="unknown_format"),
    Case("too-many-bytes", lambda: bytes(200), code="document_too_large", limits=Limits(max_bytes=100)),
)
CASES = (*IMAGES, *TIFFS, *SCANS, *PDFS, *OTHERS)
