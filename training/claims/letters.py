"""Tobacco800's letters by the authors of their signatures: real pages, all steps together.

The encoder was trained on genuine signatures of the same authors, so these pages say what detection costs and
flatter the comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from training.claims.asked import AskedClaim, AskedPage, AskedSource, ReferenceMade, Truth
from training.claims.product import Product
from training.common.console import StageNotice
from training.detector.readers import SPLITS, strictest
from worker.rendering.pages import render
from worker.vision.choices import Limits
from worker.vision.copies.likeness import SAME_INK, likeness
from worker.vision.copies.skeleton import Skeleton
from worker.vision.crops import crop
from worker.vision.images import decode
from worker.vision.values import Box, Pixels

#: What the pages are called: those that took no part in the detector's training or validation come first.
HELD_OUT, SEEN = "letters, held out", "letters, seen by the detector"
#: At most so many pages, by lot: of those that the detector never saw, and of the others.
HELD_OUT_PAGES, SEEN_PAGES = 180, 30
SEED = 17
#: Numbers of references on file.
COUNTS = (1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class LetterPage:
    """A page all of whose signatures have authors, with the product's references made of their true boxes."""

    image: Path
    group: str
    split: str
    #: One each: the author, the reference, its strokes.
    signed: tuple[tuple[str, ReferenceMade, Skeleton], ...]

    @property
    def authors(self) -> set[str]:
        """Whose signatures are on it."""
        return {author for author, _, _ in self.signed}


def letter_sources(data: Path, product: Product, notice: StageNotice, *, limit: int = 0) -> list[AskedSource]:
    """The pages that the detector never saw, then some of the others."""
    root = data / "detection" / "tobacco800"
    pages = list(_read_pages(root, product, notice, limit))
    rng = np.random.default_rng(SEED)
    held_out = [page for page in pages if page.split == SPLITS[0]]
    others = [page for page in pages if page.split != SPLITS[0]]
    kinds = ((HELD_OUT, held_out, HELD_OUT_PAGES), (SEEN, others, SEEN_PAGES))
    sources = []
    for name, every, most in kinds:
        asked = list(_Lot(pages, rng).asked(every))
        drawn = sorted(rng.permutation(len(asked))[:most])
        sources.append(AskedSource(name, [asked[index] for index in drawn]))
    return sources


def _read_pages(root: Path, product: Product, notice: StageNotice, limit: int) -> Iterator[LetterPage]:
    """All pages whose signatures have authors; their true boxes are enrolled as somebody would cut them."""
    rows = json.loads((root / "annotations.json").read_text(encoding="utf-8"))
    known = [row for row in rows if _all_have_authors(row)][: limit or None]
    for done, row in enumerate(known, start=1):
        image = root / row["image"]
        pixels, _ = page_pixels(image)
        across, down = pixels.shape[1] / row["width"], pixels.shape[0] / row["height"]
        signed = []
        for box in _signatures(row):
            place = Box(box["x"] * across, box["y"] * down, box["width"] * across, box["height"] * down)
            enrolled = product.enrolled(image.name, crop(pixels, place))
            if enrolled is not None:
                signed.append((str(box["author_id"]), *enrolled))
        yield LetterPage(image, row["document_group"], strictest(row["hlx8j_splits"]), tuple(signed))
        notice("letters enrolled", done, len(known))


def _signatures(row: dict) -> list[dict]:  # type: ignore[type-arg]
    return [box for box in row["boxes"] if box["label"] == "signature"]


def _all_have_authors(row: dict) -> bool:  # type: ignore[type-arg]
    signatures = _signatures(row)
    return bool(signatures) and all(box.get("author_id") for box in signatures)


def page_pixels(image: Path) -> tuple[Pixels, float]:
    """The one page of a file as the product renders it, and its pixels per inch."""
    (page,) = render(image.read_bytes(), limits=Limits())
    if isinstance(page, Exception):
        raise page
    return decode(page.data), page.dpi


@dataclass(frozen=True, slots=True)
class _Lot:
    """Draws claims, and references for them from all pages."""

    pages: Sequence[LetterPage]
    rng: np.random.Generator

    def asked(self, questioned: Sequence[LetterPage]) -> Iterator[AskedPage]:
        """The pages for whose authors there are references."""
        for page in questioned:
            claims = [
                claim
                for count in COUNTS
                for author in sorted(page.authors)
                for claim in self._both_claims(page, author, count)
            ]
            if claims:
                yield AskedPage(partial(page_pixels, page.image), tuple(claims))

    def _both_claims(self, page: LetterPage, author: str, count: int) -> list[AskedClaim]:
        """That the author signed, which is true, and that another did; none where references are too few."""
        genuine = self._references(author, page, count)
        if genuine is None:
            return []
        everybody = sorted({name for other in self.pages for name in other.authors} - page.authors)
        for index in self.rng.permutation(len(everybody)):
            references = self._references(everybody[index], page, count)
            if references is not None:
                return [
                    AskedClaim(author, Truth.GENUINE, genuine),
                    AskedClaim(everybody[index], Truth.OTHER, references),
                ]
        return []

    def _references(self, author: str, page: LetterPage, count: int) -> tuple[ReferenceMade, ...] | None:
        """So many signatures of the author on other documents; None where there are not enough.

        Some pages are in the set twice: what shows the same ink as the page is left out.
        """
        here = [strokes for _, _, strokes in page.signed]
        others = [
            (reference, strokes)
            for other in self.pages
            if other.group != page.group
            for name, reference, strokes in other.signed
            if name == author
        ]
        chosen: list[ReferenceMade] = []
        for index in self.rng.permutation(len(others)):
            reference, strokes = others[index]
            if len(chosen) < count and not any(_same_ink(strokes, ink) for ink in here):
                chosen.append(reference)
        return tuple(chosen) if len(chosen) == count else None


def _same_ink(first: Skeleton, second: Skeleton) -> bool:
    return first.enough and second.enough and likeness(first, second).similarity >= SAME_INK
