"""Small documents whose answers are known, because the suite drew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from tests.fakes import page
from tests.faults.standins import Glutton
from tests.inputs.pdfs import encrypted
from tests.inputs.tiffs import tiff, tiff_with_broken_second

#: Who is on file.
SIGNERS = ("anna", "bela")


@dataclass(frozen=True, slots=True)
class Sample:
    """A document's bytes, whom it claims to be signed by, and the answer it must get."""

    name: str
    data: bytes
    status: str = "done"
    signed: bool | None = False
    reason: str | None = None
    claims: tuple[str, ...] = ()

    @property
    def answer(self) -> tuple[str, bool | None, str | None]:
        """Status, signed and reason."""
        return self.status, self.signed, self.reason

    def tagged(self, tag: str) -> bytes:
        """The same document as bytes of its own: what follows the end of a file, no reader reads."""
        return self.data + f"\n%{tag}\n".encode()


@cache
def samples() -> tuple[Sample, ...]:
    """One of each kind: signed and unsigned, of one page and of several, broken in part and as a whole."""
    return (
        Sample("letter.png", page(0, marks=1).data, signed=True, claims=("anna",)),
        Sample("blank.png", page(0).data),
        Sample("stranger.png", page(1, marks=2).data, signed=True, claims=("nobody",)),
        Sample("unclaimed.png", page(2, marks=1).data, signed=True),
        Sample("contract.tif", _pages(1, 0, 2, 0, 1), signed=True, claims=("anna", "bela")),
        Sample("annex.tif", _pages(0, 0, 0)),
        Sample("torn.tif", tiff_with_broken_second(), "partial", True, "unreadable_page"),
        Sample("corrupt.pdf", b"%PDF-1.7\nnothing of a PDF", "failed", None, "unreadable_document"),
        Sample("locked.pdf", encrypted("secret"), "failed", None, "encrypted_document"),
    )


@cache
def glutton() -> Sample:
    """A page over which the stand-in of the detector takes all the memory there is, each time anew."""
    image = np.full((60, 60), Glutton.POISON, np.uint8)
    data: bytes = cv2.imencode(".png", image)[1].tobytes()
    return Sample("glutton.png", data, "failed", None, "too_many_deliveries")


def reference(signer: str) -> bytes:
    """The signature that is on file for a signer, as a PNG."""
    return page(SIGNERS.index(signer), marks=1).data


def _pages(*marks: int) -> bytes:
    images: Sequence[Image.Image] = [
        Image.open(BytesIO(page(index, marks=number).data)) for index, number in enumerate(marks)
    ]
    return tiff(*images, compression="tiff_adobe_deflate")
