"""Builders of scanned PDF pages, each with one peculiarity."""

from __future__ import annotations

import zlib
from io import BytesIO

import numpy as np
import pymupdf
from PIL import Image

from tests.sheets import A4, FULL, Page, Picture, encoded, jpeg_picture, pdf, raw_picture, sheet


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


def deflated_picture(size: tuple[int, int]) -> Picture:
    """A grey sheet of that size, deflated."""
    image = sheet(size, mode="L")
    entries = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    return raw_picture(image, entries, zlib.compress(image.tobytes()))


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


def hidden_layer() -> bytes:
    """A page whose only image belongs to a layer that is switched off."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [90 0 R] /D << /OFF [90 0 R] >> >> >>"
    group = b"<< /Type /OCG /Name (hidden) >>"
    return pdf(Page(FULL, (jpeg_picture(entries="/OC 90 0 R"),)), more={1: catalog, 90: group})


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
