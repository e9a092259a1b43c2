"""Signatures of people on drawn and scanned pages: genuine ones and skilled forgeries of writers left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from training.claims.asked import AskedClaim, AskedPage, AskedSource, ReferenceMade, Truth
from training.claims.letters import COUNTS
from training.claims.product import Product
from training.common.console import StageNotice
from training.common.pixels import cut_to_ink
from training.synthesis.ink import stain
from training.synthesis.layouts import Slot
from training.synthesis.pages import DrawnPage, blank
from training.synthesis.scanner import random_scanner, scan
from training.synthesis.strokes import InventedSigner
from training.verifier import readers
from training.verifier.readers import SignerSpecimens, Specimen
from worker.vision.values import Grey, Pixels

#: What the sources are called.
MCYT, BHSIG = "MCYT-100 on drawn pages", "BHSig260-Hindi test on drawn pages"
#: Genuine signatures and forgeries of each writer that are laid on pages, by source.
_PAGES = {MCYT: 1, BHSIG: 1}
SEED = 0x17_2026
DPI = 200.0
_LAYOUTS = ("letter", "signing_page", "form", "delivery_note")
#: Millimetres that a signature is wide.
_NARROW, _WIDE = 35.0, 70.0
#: How much higher than its slot a signature may be, and which part of it lies below the line.
_ABOVE, _BELOW = 1.25, 0.15
_MARGIN = 12


@dataclass(frozen=True, slots=True)
class _Writer:
    """A writer with references, each with those of more of them, and signatures for pages."""

    name: str
    references: tuple[ReferenceMade, ...]
    genuine: tuple[Specimen, ...]
    forged: tuple[Specimen, ...]


def drawn_sources(data: Path, product: Product, notice: StageNotice, *, limit: int = 0) -> list[AskedSource]:
    """Writers who trained no encoder: MCYT-100's are in the calibration, BHSig's test writers in nothing."""
    folder = data / "verification"
    mcyt = [signer for signer in readers.online(folder / "mcyt.npz") if signer.forged]
    known = {MCYT: mcyt, BHSIG: readers.bhsig(folder / "bhsig_hindi", "test")}
    return [
        AskedSource(name, list(_pages(name, signers[: limit or None], product, notice)))
        for name, signers in known.items()
    ]


def _pages(
    source: str, signers: Sequence[SignerSpecimens], product: Product, notice: StageNotice
) -> Iterator[AskedPage]:
    writers = []
    for number, signer in enumerate(signers):
        writers.append(_writer(signer, product, _PAGES[source], np.random.default_rng([SEED, number])))
        notice(f"{source}: enrolled", number + 1, len(signers))
    for number, writer in enumerate(writers):
        other = writers[(number + 1) % len(writers)]
        for index, specimen in enumerate(writer.genuine):
            claims = (*_claims(writer, Truth.GENUINE), *_claims(other, Truth.OTHER))
            yield AskedPage(partial(_drawn, specimen, (number, 0, index)), claims)
        for index, specimen in enumerate(writer.forged):
            yield AskedPage(partial(_drawn, specimen, (number, 1, index)), _claims(writer, Truth.FORGED))


def _claims(writer: _Writer, truth: Truth) -> tuple[AskedClaim, ...]:
    return tuple(
        AskedClaim(writer.name, truth, writer.references[:count])
        for count in COUNTS
        if len(writer.references) >= count
    )


def _writer(signer: SignerSpecimens, product: Product, pages: int, rng: np.random.Generator) -> _Writer:
    """References and queries by lot; none is both."""
    genuine = [signer.genuine[index] for index in rng.permutation(len(signer.genuine))]
    forged = [signer.forged[index] for index in rng.permutation(len(signer.forged))]
    most = max(COUNTS)
    enrolled = [product.enrolled(signer.name, _on_white(specimen.mask(rng))) for specimen in genuine[:most]]
    references = tuple(known[0] for known in enrolled if known is not None)
    return _Writer(signer.name, references, tuple(genuine[most : most + pages]), tuple(forged[:pages]))


def _on_white(mask: Grey) -> Pixels:
    """Ink alone, dark on white, as somebody scans a specimen."""
    inner = np.pad(cut_to_ink(mask), _MARGIN)
    return np.asarray(np.repeat((255 - inner)[..., None], 3, axis=2), np.uint8)


def _drawn(specimen: Specimen, seed: tuple[int, ...]) -> tuple[Pixels, float]:
    """A page with print, signed once by that specimen, as a scanner delivers it."""
    rng = np.random.default_rng([SEED, *seed])
    invented = [InventedSigner.from_seed(int(number)) for number in rng.integers(0, 2**31, 2)]
    layout = _LAYOUTS[int(rng.integers(len(_LAYOUTS)))]
    paper = blank(layout, rng, names=[signer.name for signer in invented], dpi=DPI)
    slot = next(slot for slot in paper.slots if slot.kind == "signature")
    pixels = paper.pixels.copy()
    lay(pixels, specimen.mask(rng), slot, rng, ink=invented[0].pen.ink)
    page = scan(DrawnPage(pixels, DPI), random_scanner(rng), rng)
    return page.pixels, page.dpi


def lay(
    pixels: Pixels, mask: Grey, slot: Slot, rng: np.random.Generator, *, ink: tuple[int, int, int]
) -> None:
    """Lay ink (255 on 0) into a slot of a page, in place: as wide as people sign, if the slot lets them."""
    inner, scale = cut_to_ink(mask), DPI / 72
    height, width = inner.shape
    factor = min(
        rng.uniform(_NARROW, _WIDE) / 25.4 * DPI / width,
        slot.width * scale / width,
        _ABOVE * slot.height * scale / height,
    )
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(inner, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    left = round(slot.x * scale)
    top = max(0, round(slot.y * scale - (1 - _BELOW) * size[1]))
    window = pixels[top : top + size[1], left : left + size[0]]
    coverage = small[: window.shape[0], : window.shape[1]].astype(np.float32) / np.float32(255)
    stain(window, coverage, ink)
