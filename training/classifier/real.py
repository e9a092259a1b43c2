"""Real pieces: boxes and windows of scanned pages, parted by document as the detector's data is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.classifier.pieces import Piece, cut_piece, whole
from training.detector.readers import PageRecord, read_hlx8j, read_rf100, read_tobacco800
from training.detector.splits import (
    every_page,
    records_for_test,
    records_for_training,
    records_for_validation,
)
from training.synthesis.typeset import windows
from training.verifier.readers import SignerSpecimens
from worker.vision.detection.classifier import Kind
from worker.vision.values import Box, Grey

#: How the sources of pieces that come from real pages begin.
PAGES = ("Tobacco800", "Roboflow 100", "hlx8j", "labelled by hand")
LABELS = Path(__file__).with_name("labels")


def of_split(records: Iterable[PageRecord], split: str, root: Path) -> list[PageRecord]:
    """The pages of the training ("train"), validation ("valid") or test set ("test"), as for the detector."""
    return {"train": records_for_training, "valid": records_for_validation, "test": records_for_test}[split](
        records, root
    )


def signatures(root: Path, split: str) -> Iterator[Piece]:
    """Annotated signatures: the original pages and, for training, those of hlx8j without an original here."""
    tobacco, rf100 = of_split(read_tobacco800(root), split, root), of_split(read_rf100(root), split, root)
    yield from _boxed(tobacco, Kind.SIGNATURE, "Tobacco800")
    yield from _boxed(rf100, Kind.SIGNATURE, "Roboflow 100")
    if split == "train":
        named = {page.group for page in (*tobacco, *rf100)}
        others = [page for page in of_split(read_hlx8j(root), split, root) if page.group not in named]
        yield from _boxed(others, Kind.SIGNATURE, "hlx8j")


def logos(root: Path, split: str) -> Iterator[Piece]:
    """Annotated logos of Tobacco800."""
    pages = of_split(read_tobacco800(root, label="logo"), split, root)
    yield from _boxed(pages, Kind.STAMP_OR_LOGO, "Tobacco800 logo")


def print_windows(root: Path, split: str, *, a_page: int, seed: int) -> Iterator[Piece]:
    """Windows of print on Tobacco800's pages, away from signatures and logos and from pages noted by hand.

    Published validation pages give none: what is written on them by hand has not been labelled.
    """
    labels = _labels(split)
    noted, other = set(labels["handwritten"]), defaultdict(list)
    for row in (*labels["boxes"], *labels["unclear"]):
        other[row["image"]].append(_box(row))
    logos = {page.image: page.boxes for page in read_tobacco800(root, label="logo")}
    for page in of_split(read_tobacco800(root), split, root):
        name = page.image.relative_to(root).as_posix()
        if name in noted or (split == "train" and page.split == "valid"):
            continue
        rng = np.random.default_rng([seed, *name.encode()])
        pixels, known = _pixels(page.image), (*page.boxes, *logos[page.image], *other[name])
        for box in windows(pixels, a_page, rng):
            if not any(_overlap(box, one) for one in known):
                yield cut_piece(pixels, box, Kind.PRINTED_TEXT, source="Tobacco800 print", group=page.group)


def labelled(root: Path, split: str, *, a_passage: int = 14, seed: int = 1) -> Iterator[Piece]:
    """What was labelled by hand: what a detector offered wrongly, and windows of handwritten passages."""
    labels, groups = _labels(split), _groups(root)
    here = {page.group for page in of_split(every_page(root), split, root)}

    def ours(part: str) -> list[dict[str, Any]]:
        return [row for row in labels[part] if groups[row["image"]] in here]

    for row in ours("boxes"):
        pixels, box = _pixels(root / row["image"]), _box(row)
        kind = Kind(row["kind"])
        yield cut_piece(pixels, box, kind, source=f"labelled by hand, {kind}", group=groups[row["image"]])
    for row in ours("areas"):
        pixels = _pixels(root / row["image"])
        height, width = pixels.shape
        x, y = row["x"] * width, row["y"] * height
        passage = pixels[int(y) : int(y + row["height"] * height), int(x) : int(x + row["width"] * width)]
        rng = np.random.default_rng([seed, *row["image"].encode()])
        many = a_passage if row["height"] > 0.12 else 3
        for box in windows(passage, many, rng):
            yield cut_piece(
                passage,
                box,
                Kind.HANDWRITING,
                source="labelled by hand, handwriting",
                group=groups[row["image"]],
            )


def specimens(signers: Iterable[SignerSpecimens], *, each: int, seed: int) -> Iterator[Piece]:
    """Signatures of a verification set as ink: `each` of every signer, imitations among them."""
    for signer in signers:
        rng = np.random.default_rng([seed, *signer.name.encode()])
        known = [*signer.genuine, *signer.forged]
        for index in rng.permutation(len(known))[:each]:
            ink = known[int(index)].mask(rng)
            piece = whole(ink, Kind.SIGNATURE, source=signer.source, group=f"{signer.source} {signer.name}")
            if piece is not None:
                yield piece


def _boxed(pages: Iterable[PageRecord], kind: Kind, source: str) -> Iterator[Piece]:
    for page in pages:
        if page.boxes:
            pixels = _pixels(page.image)
            for box in page.boxes:
                yield cut_piece(pixels, box, kind, source=source, group=page.group)


def _pixels(path: Path) -> Grey:
    """A page in grey; one-bit pages never become colour on the way."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), np.uint8)


def _overlap(first: Box, other: Box) -> bool:
    across = min(first.x + first.width, other.x + other.width) - max(first.x, other.x)
    down = min(first.y + first.height, other.y + other.height) - max(first.y, other.y)
    return across > 0 and down > 0


def _box(row: dict[str, Any]) -> Box:
    return Box(row["x"], row["y"], row["width"], row["height"])


def _labels(split: str) -> dict[str, Any]:
    path = LABELS / f"{split}.json"
    if not path.exists():
        return {"boxes": [], "unclear": [], "areas": [], "handwritten": []}
    return dict(json.loads(path.read_text(encoding="utf-8")))


@cache
def _groups(root: Path) -> dict[str, str]:
    return {page.image.relative_to(root).as_posix(): page.group for page in every_page(root)}
