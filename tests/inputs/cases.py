"""All documents with their expectations."""

from __future__ import annotations

from tests.inputs.expectations import Case
from tests.inputs.images import IMAGES
from tests.inputs.pdfs import PDFS
from tests.inputs.scans import SCANS
from tests.inputs.tiffs import TIFFS
from worker.vision.choices import Limits

OTHERS = (
    Case("empty", lambda: b"", code="empty_document"),
    Case("prose", lambda: b"BM is how this ordinary letter begins, and no bitmap", code="unknown_format"),
    Case("word", lambda: b"PK\x03\x04" + bytes(100), code="unknown_format"),
    Case("html", lambda: b"<!doctype html><p>hello", code="unknown_format"),
    Case("too-many-bytes", lambda: bytes(200), code="document_too_large", limits=Limits(max_bytes=100)),
)
CASES = (*IMAGES, *TIFFS, *SCANS, *PDFS, *OTHERS)
