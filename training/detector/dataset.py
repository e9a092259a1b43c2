"""The training folder: pages that may be trained on, reduced and written with their marks.

Pages are chosen by document, not by page (`splits.py`). Tobacco800 and Roboflow pages are used as originals,
pages of hlx8j only where no original is here; what else is written on them is marked as far as it was seen by
hand (`labels/train.json`). Synthetic pages carry every label, a share of their signatures in recorded hands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.detector.readers import (
    PageRecord,
    read_hlx8j,
    read_pixels,
    read_rf100,
    read_tobacco800,
    seen_by_eye,
)
from training.detector.sheets import LABELS, Marked, SheetFolder
from training.detector.splits import records_for_training
from training.detector.strokes import StrokeBook
from training.synthesis.ink import PenStrokes
from training.synthesis.pages import agreement_page, random_page
from training.synthesis.scanner import random_scanner, scan
from training.synthesis.strokes import InventedSigner, write_text
from worker.vision.choices import Label
from worker.vision.values import Box

Notice = Callable[[str, int, int], None]
#: How many of the signatures on drawn pages are names, plainly written.
_PLAIN = 0.2


def public_pages(root: Path) -> list[tuple[PageRecord, str]]:
    """Every public page that may be trained on, with its source: `scans`, `empty` or `copies`.

    `copies` are hlx8j's own augmented versions; their boxes were turned with the page and are loose.
    """
    originals = records_for_training([*read_tobacco800(root), *read_rf100(root)], root)
    here = {page.group for page in originals}
    others = [page for page in records_for_training(read_hlx8j(root), root) if page.group not in here]
    return [(page, _source(page)) for page in originals] + [
        (page, "copies" if page.split == "train" else _source(page)) for page in others
    ]


def _source(page: PageRecord) -> str:
    return "scans" if page.boxes else "empty"


def build_dataset(
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
    counts, seen = dict[str, int](), seen_by_eye(data / "detection")
    for page, source in public_pages(data / "detection"):
        counts[source] = counts.get(source, 0) + 1
        if not limit or counts[source] <= limit:
            signatures = [Marked(Label.SIGNATURE, box) for box in page.boxes]
            marks = [*signatures, *seen.get(page.image, ())]
            out.add(read_pixels(page.image), marks, known=[Label.SIGNATURE], source=source)
    draw_pages(
        out,
        StrokeBook.load(data / "verification"),
        drawn=min(drawn, limit or drawn),
        seed=seed,
        notice=notice,
    )
    return out.close()


def draw_pages(
    out: SheetFolder, book: StrokeBook | None, *, drawn: int, seed: int, notice: Notice | None = None
) -> None:
    """Add that many drawn pages of any layout, and a third as many of agreements."""
    sources = ["drawn"] * drawn + ["agreements"] * (drawn // 3)
    for index, source in enumerate(sources):
        draw_into(out, book, np.random.default_rng([seed, index]), source=source)
        if notice is not None:
            notice("drawn pages", index + 1, len(sources))


def draw_into(
    folder: SheetFolder, book: StrokeBook | None, rng: np.random.Generator, *, source: str = "drawn"
) -> None:
    """Add one drawn page: of an agreement where the source is `agreements`, of any layout elsewhere.

    Some sign by writing their name plainly (decision 0014); with a book most others do it in recorded hands,
    and half the initials are in these.
    """

    def hand(kind: str, signer: InventedSigner, rng: np.random.Generator) -> PenStrokes | None:
        if kind == "signature" and rng.random() < _PLAIN:
            return write_text(signer.name, signer, rng)
        if book is None or rng.random() > (0.7 if kind == "signature" else 0.5):
            return None
        return book.signed(rng) if kind == "signature" else book.begun(rng)

    draw = agreement_page if source == "agreements" else random_page
    page = draw(rng, dpi=float(rng.uniform(85, 125)), hand=hand)
    if rng.random() < 0.75:
        page = scan(page, random_scanner(rng), rng)
    marks = [Marked(Label(mark.label), Box(*mark.box)) for mark in page.marks]
    folder.add(page.pixels, marks, known=LABELS, source=source)
