"""The training folder: pages that may be learnt from, reduced and written with their marks.

Pages are chosen by document, not by page: a document with any page in hlx8j's validation or test split gives
nothing. Tobacco800 and Roboflow pages are used as originals; pages of hlx8j only where no original is here.
Pages drawn from nothing carry every label, a share of their signatures in recorded hands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from training.detector.readers import (
    PageRecord,
    near_duplicate_groups,
    read_hlx8j,
    read_pixels,
    read_rf100,
    read_tobacco800,
)
from training.detector.sheets import LABELS, Marked, SheetFolder
from training.detector.strokes import StrokeBook
from training.synthesis.ink import Strokes
from training.synthesis.pages import random_page
from training.synthesis.scanner import random_scanner, scan
from training.synthesis.strokes import Signer
from worker.vision.values import Box, Label

Notice = Callable[[str, int, int], None]


def trainable(records: Iterable[PageRecord], held: frozenset[str]) -> list[PageRecord]:
    """The pages whose document occurs nowhere in the held documents, nor in a validation or test split."""
    return [page for page in records if page.split in ("train", "none") and page.group not in held]


def held_documents(root: Path) -> frozenset[str]:
    """Documents with a page in hlx8j's validation or test split, or with a near-duplicate there."""
    pages = [*read_hlx8j(root), *read_tobacco800(root)]
    evaluated = frozenset(page.group for page in pages if page.split in ("test", "valid"))
    return evaluated | near_duplicate_groups(root)


def public_pages(root: Path) -> list[tuple[PageRecord, str]]:
    """Every public page that may be learnt from, with its source: `scans`, `empty` or `copies`.

    `copies` are hlx8j's own augmented versions; their boxes were turned with the page and are loose.
    """
    held = held_documents(root)
    originals = trainable([*read_tobacco800(root), *read_rf100(root)], held)
    here = {page.group for page in originals}
    copies = [page for page in trainable(read_hlx8j(root), held) if page.group not in here]
    return [(page, "scans" if page.boxes else "empty") for page in originals] + [
        (page, "copies") for page in copies
    ]


def build(
    data: Path,
    out: SheetFolder,
    *,
    drawn: int,
    seed: int = 1,
    limit: int = 0,
    notice: Notice | None = None,
) -> Path:
    """Write public pages and `drawn` drawn ones as sheets into `out`; return the index.

    `data` is the folder that holds `detection/` and `verification/`; it is only read. With a `limit` at most
    that many pages of each source are used. The same seed writes the same pages.
    """
    counts = dict[str, int]()
    for page, source in public_pages(data / "detection"):
        counts[source] = counts.get(source, 0) + 1
        if not limit or counts[source] <= limit:
            marks = [Marked(Label.SIGNATURE, box) for box in page.boxes]
            out.add(read_pixels(page.image), marks, known=[Label.SIGNATURE], source=source)
    book = StrokeBook.load(data / "verification")
    total = min(drawn, limit or drawn)
    for index in range(total):
        draw_into(out, book, np.random.default_rng([seed, index]))
        if notice is not None:
            notice("drawn pages", index + 1, total)
    return out.close()


def draw_into(folder: SheetFolder, book: StrokeBook | None, rng: np.random.Generator) -> None:
    """Add one drawn page; with a book most signatures and half the initials are in recorded hands."""

    def hand(kind: str, _: Signer, rng: np.random.Generator) -> Strokes | None:
        if book is None or rng.random() > (0.7 if kind == "signature" else 0.5):
            return None
        return book.signed(rng) if kind == "signature" else book.begun(rng)

    page = random_page(rng, dpi=float(rng.uniform(85, 125)), hand=hand)
    if rng.random() < 0.75:
        page = scan(page, random_scanner(rng), rng)
    marks = [Marked(Label(mark.label), Box(*mark.box)) for mark in page.marks]
    folder.add(page.pixels, marks, known=LABELS, source="drawn")
