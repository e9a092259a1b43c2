"""One table says which formats are read: what recognises, decodes and names them agrees with it."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from producer.sources.filtering import DocumentFilter
from worker.document_formats import FORMATS, READ, SUFFIXES
from worker.rendering.formats import sniff
from worker.rendering.unknown_formats import describe_unknown

#: The first bytes of formats that this Pillow may not write.
OPENINGS = {"pdf": b"%PDF-1.7\n", "heic": b"\0\0\0\x18ftypheic" + bytes(40)}


def bytes_of(name: str) -> bytes:
    if name in OPENINGS:
        return OPENINGS[name]
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, FORMATS[name].decoders[0])
    return file.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_table_is_recognised_by_its_first_bytes(name: str) -> None:
    assert sniff(bytes_of(name)) == name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_sidecar_that_comes_before_its_document_is_no_document(suffix: str) -> None:
    keys = DocumentFilter()

    assert not keys.takes(f"scan{suffix.upper()}.json")
    assert keys.takes(f"scan{suffix.upper()}")


def test_the_sender_of_another_format_reads_which_are_read_without_an_extra() -> None:
    assert READ == "PDF, TIFF, JPEG, PNG, WebP, BMP, GIF, JPEG 2000 or AVIF"
    assert describe_unknown(b"of no format").endswith(f"send {READ}")
