# mypy: disable-error-code="no-untyped-call"
"""Many varied documents in little time, for load tests: print is drawn once, handwriting every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.synthesis import files
from training.synthesis.layouts import LAYOUTS, Slot
from training.synthesis.manifest import Claim, Manifest, Sample, Sheet, write_set
from training.synthesis.pages import Blank, Entry, Page, blank, complete, fill, note, signature
from training.synthesis.scanner import SCANNERS, scan
from training.synthesis.strokes import Signer

_Rng = np.random.Generator
_DPI = 150.0
_SUFFIXES = ("jpg", "pdf", "jpg", "pdf", "png", "tif")
_VARIANTS = 3
#: Where a clerk writes the document's number.
_CORNER = Slot("handwriting", 440, 36, 110, 18)


@dataclass(frozen=True, slots=True)
class _Stock:
    """Printed, scanned and empty pages, and the people who sign them."""

    signers: tuple[Signer, ...]
    colour: tuple[tuple[str, Blank], ...]
    fax: tuple[tuple[str, Blank], ...]


def _stock(seed: int) -> _Stock:
    signers = tuple(Signer.from_seed(1000 + seed * 100 + index) for index in range(8))
    colour, fax = [], []
    for index, layout in enumerate(list(LAYOUTS) * _VARIANTS):
        rng = np.random.default_rng([seed, 0x57, index])
        paper = blank(layout, rng, names=[signers[index % 8].name, signers[(index + 3) % 8].name], dpi=_DPI)
        device = ("flatbed", "feeder", "archive")[index // len(LAYOUTS) % 3]
        colour.append((layout, _copied(paper, device, rng)))
        if index < len(LAYOUTS):
            fax.append((layout, _copied(paper, "fax", rng)))
    return _Stock(signers, tuple(colour), tuple(fax))


def _copied(paper: Blank, device: str, rng: _Rng) -> Blank:
    """The empty page as scanned; kept straight, so that its slots stay where they are."""
    scanned = scan(Page(paper.pixels, paper.dpi), replace(SCANNERS[device], skew=0.0), rng)
    return replace(paper, pixels=scanned.pixels)


def _document(index: int, stock: _Stock, seed: int) -> Sample:
    rng = np.random.default_rng([seed, 0xD0C, index])
    suffix = _SUFFIXES[index % len(_SUFFIXES)]
    pool = stock.fax if suffix == "tif" else stock.colour
    count = int(rng.integers(1, 4)) if suffix in {"pdf", "tif"} else 1
    claimed, other = (stock.signers[int(number)] for number in rng.permutation(len(stock.signers))[:2])
    truth = str(rng.choice(["genuine", "genuine", "genuine", "forged", "other", "none"]))
    pages = []
    for number in range(count):
        _, paper = pool[int(rng.integers(len(pool)))]
        entries = _entries(paper, claimed, other, truth if number == count - 1 else "none", rng)
        pages.append(_written(paper, [*entries, note(_CORNER, f"{index:05d}.{number}", other, rng)], suffix))
    sheets = tuple(Sheet(page.pixels.shape[1], page.pixels.shape[0], page.marks) for page in pages)
    truth = truth if any(mark.label == "signature" for sheet in sheets for mark in sheet.marks) else "none"
    return Sample(
        f"intake-{index:05d}.{suffix}", _encoded(pages, suffix), sheets, (Claim(claimed.slug, truth),)
    )


def _entries(paper: Blank, claimed: Signer, other: Signer, truth: str, rng: _Rng) -> list[Entry]:
    """The first place to sign is used, by whom the truth says; dates and initials go with it."""
    if truth == "none":
        return []
    hand = other if truth == "other" else claimed
    slots = [slot for slot in paper.slots if slot.party == 0 and slot.kind != "handwriting"]
    if truth != "forged":
        return complete(slots, [hand], rng)
    signing = [slot for slot in slots if slot.kind == "signature"]
    return [signature(slot, hand, rng, forged=True) for slot in signing]


def _written(paper: Blank, entries: list[Entry], suffix: str) -> Page:
    page = fill(paper, entries)
    if suffix != "tif":
        return page
    return replace(page, pixels=np.where(page.pixels < 165, 0, 255).astype(np.uint8))


def _encoded(pages: list[Page], suffix: str) -> bytes:
    if suffix == "jpg":
        return files.jpeg(pages[0])
    if suffix == "png":
        return files.png(pages[0])
    return files.fax(pages) if suffix == "tif" else files.scanned_pdf(pages)


def _samples(documents: int, stock: _Stock, seed: int) -> Iterator[Sample]:
    for index in range(documents):
        yield _document(index, stock, seed)


def write_loads(folder: Path, *, documents: int, seed: int = 7) -> Manifest:
    """Write that many different documents of one to three pages, with references, claims and truth."""
    stock = _stock(seed)
    return write_set(folder, _samples(documents, stock, seed), stock.signers, seed=seed)
