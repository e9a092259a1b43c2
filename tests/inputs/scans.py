"""PDFs of scanned pages: one full-page image, stored in every way that a scanner knows."""

from __future__ import annotations

from PIL import Image

from tests.inputs.expectations import DRAWN, DRAWN_OTHER, EMBEDDED, HUGE, LOST, Case, Want
from tests.inputs.pdfs import TEXT
from tests.inputs.scan_builders import (
    annotated,
    damaged_jpeg_scan,
    deflated_picture,
    exif_scan,
    fax_picture,
    hidden_layer,
    indexed_picture,
    inverted_scan,
    jpx_scan,
    lying_scan,
    masked_scan,
    scan,
    shared_resources,
    turned,
)
from tests.sheets import FULL, Page, Picture, jpeg_picture, pdf, raw_picture, sheet

LANDSCAPE = "[0 0 842 595]"
WIDE = b"q 842 0 0 595 0 0 cm /Im0 Do Q"
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
    Case("pdf-scan-askew", lambda: scan(b"q 590 30 -30 840 5 0 cm /Im0 Do Q"), (DRAWN_OTHER,)),
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
    Case("pdf-scan-clipped", lambda: scan(b"0 421 595 421 re W n " + FULL), (DRAWN_OTHER,)),
    Case("pdf-scan-clipped-to-the-page", lambda: scan(b"0 0 595 842 re W n " + FULL), (EMBEDDED,)),
    Case("pdf-scan-half-page", lambda: scan(b"q 595 0 0 421 0 421 cm /Im0 Do Q"), (DRAWN_OTHER,)),
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
    Case("pdf-scan-too-large", lambda: scan(picture=deflated_picture((4000, 4000))), (HUGE,)),
    Case(
        "pdf-scan-reduced",
        lambda: scan(picture=jpeg_picture(sheet((4000, 5661)))),
        (Want((2000, 2831), 242.05, "embedded"),),
    ),
    Case(
        "pdf-pixel-is-point",
        lambda: pdf(
            Page(
                b"q 4000 0 0 5661 0 0 cm /Im0 Do Q 0 0 1 1 re f",
                (jpeg_picture(sheet((4000, 5661))),),
                box="[0 0 4000 5661]",
            )
        ),
        (Want((2889, 4089), 52, "rendered"),),
    ),
    Case(
        "pdf-tiny-page",
        lambda: pdf(
            Page(
                b"q 60 0 0 85 0 0 cm /Im0 Do Q 0 0 1 1 re f",
                (jpeg_picture(sheet((1200, 1700))),),
                box="[0 0 60 85]",
            )
        ),
        (Want((1200, 1700), 1440, "rendered"),),
    ),
)
