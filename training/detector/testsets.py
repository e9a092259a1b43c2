"""The pages that the detector is measured on: each set as cases that are read one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from PIL import Image

from training.detector.owndata import OwnData, OwnPage
from training.detector.readers import (
    PageRecord,
    read_hlx8j,
    read_pixels,
    read_rf100,
    read_tobacco800,
    read_unsigned,
)
from training.detector.sheets import Marked
from training.detector.splits import is_validation, records_for_validation
from worker.errors import PageError
from worker.rendering.pages import render
from worker.vision.choices import Label, Limits
from worker.vision.detection.orientation import turned, turns_to_upright
from worker.vision.images import decode
from worker.vision.values import Box, Pixels

#: Hand-made labels of the real documents: document, page, label and box in shares of the page.
DOCUMENT_LABELS = Path(__file__).with_name("labels") / "documents.json"
#: Which of the pages that were flagged as unsigned are signed all the same.
UNSIGNED_LABELS = Path(__file__).with_name("labels") / "unsigned.json"

#: The counts of unsigned pages: as their source flagged them, without those that are signed, and of these the
#: pages of the test set.
FLAGGED, VIEWED = "flagged as unsigned", "unsigned, ground truth"
MEASURING = f"{VIEWED}, test set"
#: A page as the detector gets it, and what is truly on it.
Read = Callable[[], tuple[Pixels, tuple[Marked, ...]]]


@dataclass(frozen=True, slots=True)
class PageCase:
    """One page of a set; `group` names its document.

    `leaks` is True for a page that also occurs in the published training split, `signed` for one that is
    known to be signed before it is read.
    """

    name: str
    group: str
    read: Read
    leaks: bool = False
    signed: bool = False


class HasCase(Protocol):
    """Whatever was found on a case."""

    @property
    def case(self) -> PageCase:
        """The page it was found on."""


Looked = TypeVar("Looked", bound=HasCase)


def squares(root: Path, split: str) -> list[PageCase]:
    """hlx8j's pages, stretched to squares by their publisher: the images that others report on."""
    pages = _of_split(read_hlx8j(root), split, root)
    return [PageCase(page.image.name, page.group, partial(_as_stored, page), page.leaks) for page in pages]


def whole_pages(root: Path, split: str) -> list[PageCase]:
    """Tobacco800's pages at their own aspect ratio, through the renderer of the product."""
    pages = _of_split(read_tobacco800(root), split, root)
    return [
        PageCase(page.image.name, page.group, partial(_as_rendered, page), signed=bool(page.boxes))
        for page in pages
    ]


def colour_pages(root: Path, split: str) -> list[PageCase]:
    """Certificates and letters in colour and grey, at their own aspect ratio."""
    pages = _of_split(read_rf100(root), split, root)
    return [PageCase(page.image.name, page.group, partial(_as_stored, page)) for page in pages]


def unsigned_pages(root: Path, labels: Path = UNSIGNED_LABELS) -> list[PageCase]:
    """Pages that were flagged as unsigned, through the renderer of the product and laid upright, as it does.

    Those that are `signed` all the same were flagged wrongly.
    """
    signed = json.loads(labels.read_text(encoding="utf-8"))["signed"]
    return [
        PageCase(page.image.name, page.group, partial(_laid_upright, page), signed=page.image.name in signed)
        for page in read_unsigned(root)
    ]


def unsigned_validation(root: Path) -> list[PageCase]:
    """The third of the unsigned pages that thresholds are chosen on (decision 0017)."""
    return [case for case in unsigned_pages(root) if not case.signed and is_validation(case.name)]


def unsigned_counts(looked: Sequence[Looked]) -> dict[str, list[Looked]]:
    """What was looked at of the unsigned pages, by the names of the three counts."""
    viewed = [one for one in looked if not one.case.signed]
    measuring = [one for one in viewed if not is_validation(one.case.name)]
    return {FLAGGED: list(looked), VIEWED: viewed, MEASURING: measuring}


def real_documents(folder: Path, labels: Path = DOCUMENT_LABELS) -> list[PageCase]:
    """The pages of the documents labelled by hand, without those that training may have seen."""
    described = json.loads(labels.read_text(encoding="utf-8"))["documents"]
    return [
        PageCase(f"{name}-{index}", name, partial(_page_of, folder / name, index, facts["regions"]))
        for name, facts in described.items()
        if not facts["in_training"]
        for index in range(facts["pages"])
    ]


def own_pages(own_data: Iterable[OwnData]) -> list[PageCase]:
    """A user's pages as they are stored, each a document of its own."""
    return [
        PageCase(page.image.name, str(page.image), partial(_as_marked, page))
        for folder in own_data
        for page in folder.pages
    ]


def rendered(data: bytes, index: int = 0) -> Pixels:
    """One page as the product reads it: upright by its tags, pixels square."""
    (page,) = render(data, limits=Limits(), first=index, last=index + 1)
    if isinstance(page, PageError):
        raise page
    return decode(page.data)


def _of_split(pages: Sequence[PageRecord], split: str, root: Path) -> list[PageRecord]:
    """The pages of a published split; of the validation split those that are not trained on."""
    published = [page for page in pages if page.split == split]
    return records_for_validation(published, root) if split == "valid" else published


def _as_stored(page: PageRecord) -> tuple[Pixels, tuple[Marked, ...]]:
    return read_pixels(page.image), tuple(Marked(Label.SIGNATURE, box) for box in page.boxes)


def _as_marked(page: OwnPage) -> tuple[Pixels, tuple[Marked, ...]]:
    return read_pixels(page.image), page.marks


def _laid_upright(page: PageRecord) -> tuple[Pixels, tuple[Marked, ...]]:
    """A page without marks: what would lie elsewhere after the turn."""
    pixels = rendered(page.image.read_bytes())
    return turned(pixels, turns_to_upright(pixels)), ()


def _as_rendered(page: PageRecord) -> tuple[Pixels, tuple[Marked, ...]]:
    pixels = rendered(page.image.read_bytes())
    with Image.open(page.image) as stored:
        across, down = pixels.shape[1] / stored.width, pixels.shape[0] / stored.height
    return pixels, tuple(
        Marked(Label.SIGNATURE, Box(b.x * across, b.y * down, b.width * across, b.height * down))
        for b in page.boxes
    )


def _page_of(
    path: Path, index: int, regions: Sequence[dict[str, float | str]]
) -> tuple[Pixels, tuple[Marked, ...]]:
    pixels = rendered(path.read_bytes(), index)
    height, width = pixels.shape[:2]
    return pixels, tuple(_marks(regions, index, width, height))


def _marks(
    regions: Sequence[dict[str, float | str]], index: int, width: int, height: int
) -> Iterator[Marked]:
    for row in regions:
        if row["page"] == index:
            x, y, across, down = (float(row[key]) for key in ("x", "y", "width", "height"))
            yield Marked(Label(str(row["label"])), Box(x * width, y * height, across * width, down * height))
