# mypy: disable-error-code="no-untyped-call"
"""Many varied documents in little time, for load tests: print is drawn once, handwriting every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pymupdf

from training.common.pixels import in_grey
from training.synthesis import files
from training.synthesis.layouts import LAYOUTS, Slot
from training.synthesis.manifest import Manifest, SampleClaim, SampleDocument, SamplePage, write_set
from training.synthesis.pages import (
    A4,
    Blank,
    DrawnPage,
    Entry,
    blank,
    complete,
    fill,
    handwriting_entry,
    insert,
    signature_entry,
)
from training.synthesis.scanner import SCANNERS, scan
from training.synthesis.strokes import InventedSigner

_Rng = np.random.Generator
_DPI = 150.0
#: Kinds of files in turn; a "drawn" one is a PDF of vectors and text, a "pdf" one holds scans.
_KINDS = ("jpg", "pdf", "jpg", "drawn", "png", "pdf", "tif")
#: The suffix of kinds that are not called by theirs; a "fax_pdf" holds scans in group 4, "grey" is a JPEG.
_SUFFIXES = {"drawn": "pdf", "fax_pdf": "pdf", "grey": "jpg"}
#: Kinds of scans in black and white.
_FAXED = ("tif", "fax_pdf")
_TRUTHS = ("genuine", "genuine", "genuine", "forged", "other", "none")
_VARIANTS = 3
#: Where a clerk writes the document's number.
_CORNER = Slot("handwriting", 440, 36, 110, 18)


@dataclass(frozen=True, slots=True)
class _Stock:
    """Printed, scanned and empty pages by layout, and the people who sign them."""

    signers: tuple[InventedSigner, ...]
    grey: dict[str, tuple[Blank, ...]]
    fax: dict[str, tuple[Blank, ...]]


@dataclass(frozen=True, slots=True)
class _Story:
    """What happened to one document: who is said to have signed its last page, and who did."""

    number: int
    claimed: InventedSigner
    other: InventedSigner
    truth: str
    layouts: tuple[str, ...]

    def entries(self, page: int, slots: Sequence[Slot], rng: _Rng) -> list[Entry]:
        """Everything written on one page; a number in its corner makes every page different."""
        corner = handwriting_entry(_CORNER, f"{self.number:05d}-{page}", self.other, rng)
        if page < len(self.layouts) - 1 or self.truth == "none":
            return [corner]
        signing = [slot for slot in slots if slot.party == 0 and slot.kind != "handwriting"]
        if self.truth != "forged":
            return [corner, *complete(signing, [self.other if self.truth == "other" else self.claimed], rng)]
        forged = [slot for slot in signing if slot.kind == "signature"]
        return [corner, *(signature_entry(slot, self.claimed, rng, forged=True) for slot in forged)]


def _stock(seed: int, dpi: float = _DPI) -> _Stock:
    signers = tuple(InventedSigner.from_seed(1000 + seed * 100 + index) for index in range(8))
    grey: dict[str, tuple[Blank, ...]] = {}
    fax: dict[str, tuple[Blank, ...]] = {}
    for index, layout in enumerate(LAYOUTS):
        rng = np.random.default_rng([seed, 0x57, index])
        names = [signers[index % 8].name, signers[(index + 3) % 8].name]
        prints = [blank(layout, rng, names=names, dpi=dpi) for _ in range(_VARIANTS)]
        devices = ("flatbed", "feeder", "archive")
        grey[layout] = tuple(_copied(paper, name, rng) for paper, name in zip(prints, devices, strict=True))
        fax[layout] = (_copied(prints[0], "fax", rng),)
    return _Stock(signers, grey, fax)


def _copied(paper: Blank, device: str, rng: _Rng) -> Blank:
    """The empty page as scanned; kept straight, so that its slots stay where they are."""
    scanned = scan(DrawnPage(paper.pixels, paper.dpi), replace(SCANNERS[device], skew=0.0), rng)
    return replace(paper, pixels=scanned.pixels)


def _story(number: int, stock: _Stock, rng: _Rng, *, pages: int) -> _Story:
    claimed, other = (stock.signers[int(index)] for index in rng.permutation(len(stock.signers))[:2])
    signable = [layout for layout in LAYOUTS if layout != "contract"]
    first = [str(rng.choice(list(LAYOUTS))) for _ in range(pages - 1)]
    return _Story(number, claimed, other, str(rng.choice(_TRUTHS)), (*first, str(rng.choice(signable))))


def _document(number: int, stock: _Stock, seed: int) -> SampleDocument:
    rng = np.random.default_rng([seed, 0xD0C, number])
    kind = _KINDS[number % len(_KINDS)]
    many = kind in {"pdf", "drawn", "tif"}
    pages = int(rng.integers(1, 4)) if many else 1
    return _of_kind(number, stock, kind, rng, pages=pages)


def _of_kind(number: int, stock: _Stock, kind: str, rng: _Rng, *, pages: int) -> SampleDocument:
    story = _story(number, stock, rng, pages=pages)
    data, sheets = _drawn(story, rng) if kind == "drawn" else _scanned(story, stock, kind, rng)
    name = f"intake-{number:05d}.{_SUFFIXES.get(kind, kind)}"
    return SampleDocument(name, data, sheets, (SampleClaim(story.claimed.slug, story.truth),))


def _drawn(story: _Story, rng: _Rng) -> tuple[bytes, tuple[SamplePage, ...]]:
    sheets, names = [], [story.claimed.name, story.other.name]
    with pymupdf.open() as document:
        for number, layout in enumerate(story.layouts):
            page = document.new_page(width=A4[0], height=A4[1])
            entries = story.entries(number, LAYOUTS[layout](page, rng, names), rng)
            marks = tuple(insert(page, entry) for entry in entries)
            sheets.append(SamplePage(round(A4[0] * 200 / 72), round(A4[1] * 200 / 72), marks))
        return files.saved(document), tuple(sheets)


def _scanned(story: _Story, stock: _Stock, kind: str, rng: _Rng) -> tuple[bytes, tuple[SamplePage, ...]]:
    pages = []
    for number, layout in enumerate(story.layouts):
        papers = (stock.fax if kind in _FAXED else stock.grey)[layout]
        paper = papers[int(rng.integers(len(papers)))]
        page = fill(paper, story.entries(number, paper.slots, rng))
        pages.append(_black_and_white(page) if kind in _FAXED else page)
    sheets = tuple(SamplePage(page.pixels.shape[1], page.pixels.shape[0], page.marks) for page in pages)
    return _encoded(pages, kind), sheets


def _black_and_white(page: DrawnPage) -> DrawnPage:
    return replace(page, pixels=np.where(page.pixels < 165, 0, 255).astype(np.uint8))


def _encoded(pages: list[DrawnPage], kind: str) -> bytes:
    written: dict[str, Callable[[Sequence[DrawnPage]], bytes]] = {
        "pdf": files.scanned_pdf,
        "fax_pdf": files.fax_pdf,
        "tif": files.fax,
    }
    if kind in written:
        return written[kind](pages)
    if kind == "grey":
        return files.jpeg(replace(pages[0], pixels=in_grey(pages[0].pixels)))
    return files.jpeg(pages[0]) if kind == "jpg" else files.png(pages[0])


def _samples(documents: int, stock: _Stock, seed: int) -> Iterator[SampleDocument]:
    for number in range(documents):
        yield _document(number, stock, seed)


def write_loads(folder: Path, *, documents: int, seed: int = 7) -> Manifest:
    """Write that many different documents of one to three pages, with references, claims and ground truth."""
    stock = _stock(seed)
    return write_set(folder, _samples(documents, stock, seed), stock.signers, seed=seed)


def write_alike(
    folder: Path, kind: str, *, documents: int, pages: int, dpi: float = 200, seed: int = 7
) -> Manifest:
    """Write documents of one kind and length: "tif", "jpg", "grey", "png", "pdf", "fax_pdf" or "drawn".

    Scans are of that resolution. Files of images but "tif" have one page, whatever is asked for.
    """
    stock = _stock(seed, dpi)
    pages = pages if kind in {"tif", "pdf", "fax_pdf", "drawn"} else 1
    samples = (
        _of_kind(number, stock, kind, np.random.default_rng([seed, 0xA11, number]), pages=pages)
        for number in range(documents)
    )
    return write_set(folder, samples, stock.signers, seed=seed)
