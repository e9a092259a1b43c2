"""Files that are not all there, or hold documents inside: cut updates, spool files, mails."""

from __future__ import annotations

import zipfile
from email.message import EmailMessage
from functools import partial
from io import BytesIO

import pymupdf

from tests.corpus.kind import Kind, lost, torn
from tests.corpus.pdf_parts import SCAN, catalogue, one_page, stream
from tests.sheets import FULL, Page, pdf

CUT_OFF = "incomplete_document"


def updated() -> tuple[bytes, int]:
    """A PDF with an update behind it that stamps its page, and where the update begins."""
    out, whole = BytesIO(), one_page()
    out.write(whole)
    page = pymupdf.open(stream=whole).xref_object(3).encode()
    places = {}
    for number, text in ((3, page.replace(b"/Type /Page", b"/Type /Page /Annots [90 0 R]")), (90, stamp())):
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, text))
    table = out.tell()
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in places.items())
    previous = whole[whole.rindex(b"startxref") + 10 :].split()[0]
    trailer = b"trailer\n<< /Size 91 /Root 1 0 R /Prev %b >>\nstartxref\n%d\n%%%%EOF\n" % (previous, table)
    out.write(b"xref\n" + rows + trailer)
    return out.getvalue(), len(whole)


def stamp(flags: int = 4) -> bytes:
    """A black square as a stamp, with these flags."""
    return b"<< /Type /Annot /Subtype /Square /Rect [100 500 200 600] /IC [0 0 0] /C [0 0 0] /F %d >>" % flags


def cut_update(share: float) -> bytes:
    """That PDF, cut off in its update: without it the file opens, as the document that it was before."""
    data, start = updated()
    return data[: start + int((len(data) - start) * share)]


def flagged(flags: int) -> bytes:
    """A page on which only an annotation with these flags is drawn."""
    look = stream(b"0 0 0 rg 0 0 99 99 re f", "/Type /XObject /Subtype /Form /BBox [0 0 99 99]")
    mark = f"<< /Type /Annot /Subtype /Stamp /Rect [100 500 200 600] /F {flags} /AP << /N 91 0 R >> >>"
    return pdf(Page(b"% nothing", entries="/Annots [90 0 R]"), more={90: mark.encode(), 91: look})


def layered(state: str, usage: str = "") -> bytes:
    """A scan with a layer in one of its states."""
    layer = f"<< /Type /OCG /Name (Signature) {usage} >>".encode()
    return catalogue(f"/OCProperties << /OCGs [90 0 R] /D << {state} >> >>", {90: layer})


def attachment_only() -> bytes:
    """A PDF that enciphers the files in it and nothing else (ISO 32000-2, 7.6.6)."""
    filters = "/CF << /StdCF << /CFM /AESV2 /AuthEvent /EFOpen /Length 16 >> >>"
    entry = (
        f"<< /Filter /Standard /V 4 /R 4 /Length 128 {filters} /StmF /Identity /StrF /Identity /EFF /StdCF"
    )
    secret = f"{entry} /O ({'o' * 32}) /U ({'u' * 32}) /P -1 >>".encode()
    data = one_page({90: secret})
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 90 0 R /ID [(a)(b)]")


def please_wait() -> bytes:
    """A dynamic form without the flag that says so: its page only asks for another viewer."""
    words = b"BT /F1 12 Tf 20 700 Td (Please wait... If this message is not eventually replaced) Tj ET"
    form = {
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA 90 0 R >> >>",
        90: stream(b"<x/>"),
    }
    return pdf(Page(words), more=form)


def lost_tree(told: int) -> bytes:
    """A catalogue that names a page where the page tree should be; the tree speaks of so many pages."""
    tree = b"<< /Type /Pages /Count %d /Kids [3 0 R] >>" % told
    return one_page({1: b"<< /Type /Catalog /Pages 3 0 R >>", 2: tree})


def no_page_at_all() -> bytes:
    """A page tree that is a number, and no page object."""
    return pdf(more={2: b"42"})


def mail(*names: str) -> bytes:
    """A mail with these attachments."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "The contract"
    message.set_content("Please find attached")
    for name in names:
        message.add_attachment(one_page(), maintype="application", subtype="pdf", filename=name)
    return bytes(message)


def unsigned_field() -> bytes:
    """An empty page with a field for a digital signature, which shows a black square and was never signed."""
    look = stream(b"0 0 0 rg 0 0 99 99 re f", "/Type /XObject /Subtype /Form /BBox [0 0 99 99]")
    place = b"/Rect [100 500 200 600] /AP << /N 91 0 R >>"
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (s) /F 4 %b >>" % place
    form = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [90 0 R] >> >>"
    return pdf(Page(b"% nothing", entries="/Annots [90 0 R]"), more={1: form, 90: field, 91: look})


def archive_of(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return out.getvalue()


def looped_structure() -> bytes:
    """A drawn page whose structure tree is its own child."""
    node = b"<< /Type /StructElem /S /P /P 90 0 R /K [90 0 R 90 0 R 90 0 R] >>"
    return pdf(
        Page(b"/P << /MCID 0 >> BDC " + FULL + b" EMC", SCAN, entries="/StructParents 0"),
        more={
            1: b"<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 90 0 R /MarkInfo << /Marked true >> >>",
            90: node,
        },
    )


MULTIPART = b"--frontier\r\nContent-Type: application/pdf\r\n" + b"X-Padding: y\r\n" * 300 + b"\r\n"
PRINT_ONLY = "/Usage << /View << /ViewState /OFF >> /Print << /PrintState /ON >> >>"

CONTAINERS = (
    Kind("pdf-updated", lambda: updated()[0]),
    *(
        torn(f"pdf-update-cut-{int(share * 100)}", partial(cut_update, share), CUT_OFF)
        for share in (0.1, 0.3, 0.5, 0.7, 0.9)
    ),
    torn(
        "pdf-signature-covers-more",
        lambda: one_page({90: b"<< /Type /Sig /ByteRange [0 100 200 99999999] >>"}),
        CUT_OFF,
    ),
    Kind(
        "pdf-signature-never-made",
        lambda: one_page({90: b"<< /Type /Sig /ByteRange [0 9999999999 9999999999 9999999999] >>"}),
    ),
    torn("pdf-table-cut-off", lambda: one_page()[: one_page().rindex(b"trailer")], CUT_OFF),
    Kind("pdf-no-end-mark", lambda: one_page().replace(b"%%EOF\n", b"")),
    Kind("pdf-zeros-behind", lambda: one_page() + bytes(5000)),
    Kind("pdf-page-for-a-tree", lambda: lost_tree(1)),
    torn("pdf-page-for-a-tree-of-3", lambda: lost_tree(3), CUT_OFF),
    Kind("pdf-no-root", lambda: one_page().replace(b"/Root 1 0 R", b"/Rot 1 0 R")),
    Kind("pdf-tree-of-null", lambda: one_page({2: b"<< /Type /Pages /Count 1 /Kids [null] >>"})),
    Kind("pdf-tree-nowhere", lambda: one_page({1: b"<< /Type /Catalog /Pages 999 0 R >>"})),
    lost("pdf-no-page-at-all", no_page_at_all, "unreadable_document"),
    Kind("pdf-attachments-encrypted", attachment_only),
    lost("pdf-please-wait", please_wait, "unreadable_document"),
    Kind(
        "pdf-printer-job", lambda: b"\x1b%-12345X@PJL SET X=1\r\n" + b"@PJL COMMENT y\r\n" * 100 + one_page()
    ),
    Kind("pdf-multipart", lambda: MULTIPART + one_page() + b"\r\n--frontier--\r\n"),
    Kind("pdf-behind-zeros", lambda: bytes(4096) + one_page()),
    Kind("pdf-structure-loop", looped_structure),
    Kind("pdf-invisible-stamp", lambda: flagged(1 | 4)),
    Kind("pdf-field-with-a-look", unsigned_field),
    Kind("pdf-hidden-stamp", lambda: flagged(2), notes="hidden annotations"),
    Kind("pdf-printed-stamp", lambda: flagged(4 | 32), notes="annotations that are only printed"),
    Kind("pdf-layer-off", lambda: layered("/OFF [90 0 R]"), notes="hidden layers"),
    Kind("pdf-layers-off", lambda: layered("/BaseState /OFF"), notes="hidden layers"),
    Kind(
        "pdf-layer-printed", lambda: layered("/ON [90 0 R]", PRINT_ONLY), notes="layers that are only printed"
    ),
    lost("mail", lambda: mail("contract.pdf", "scan.tif"), "unknown_format"),
    lost("mail-of-a-server", lambda: b"ARC-Seal: i=1\r\n" + mail("contract.pdf"), "unknown_format"),
    lost("mail-box", lambda: b"From a@example.org Mon Nov 30 2026\n" + mail("a.pdf"), "unknown_format"),
    lost("mail-without-attachments", mail, "unknown_format"),
    lost("zip-of-scans", lambda: archive_of("a.tif", "b.tif"), "unknown_format"),
    lost("excel", lambda: archive_of("[Content_Types].xml", "xl/workbook.xml"), "unknown_format"),
    lost("outlook", lambda: b"\xd0\xcf\x11\xe0" + "__substg1.0_1".encode("utf-16-le"), "unknown_format"),
    lost("jpeg-xl", lambda: b"\xff\x0a" + bytes(40), "unknown_format"),
)
