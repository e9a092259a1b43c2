"""Readers of the public data sets: each turns one folder into the same page records."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.detector.sheets import Marked
from worker.vision.choices import Label
from worker.vision.values import Box, Pixels

#: Labels given by hand to marks on training pages.
SEEN_LABELS = Path(__file__).with_name("labels") / "train.json"
#: Strictest first: a page that occurs in several splits counts as the first of these.
SPLITS = ("test", "valid", "train", "none")


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One annotated page: where its image lies, its signatures, and what it may be used for.

    `group` names the document the page belongs to: pages of one group never part over splits. `leaks` is
    True for a published test or validation page that also occurs in the published training split.
    """

    image: Path
    boxes: tuple[Box, ...]
    split: str
    group: str
    leaks: bool = False


def read_pixels(path: Path) -> Pixels:
    """Decode an image file to RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def seen_by_eye(root: Path) -> dict[Path, tuple[Marked, ...]]:
    """What is written on training pages besides their annotated signatures, by image: not all of it."""
    marks_of = defaultdict[Path, list[Marked]](list)
    for row in json.loads(SEEN_LABELS.read_text(encoding="utf-8"))["boxes"]:
        box = Box(row["x"], row["y"], row["width"], row["height"])
        marks_of[root / row["image"]].append(Marked(Label(row["label"]), box))
    return {image: tuple(marks) for image, marks in marks_of.items()}


def strictest(splits: Iterable[str]) -> str:
    """The split that forbids most: test before validation before training before none."""
    return min([*splits, "none"], key=SPLITS.index)


def read_hlx8j(root: Path) -> list[PageRecord]:
    """All pages of hlx8j, train, valid and test; pages without a signature have no boxes."""
    documents = _tobacco_documents(root)
    return [
        PageRecord(
            image=root / "hlx8j" / row["image"],
            boxes=_yolo_boxes(root / "hlx8j" / row["image"]),
            split=row["split"],
            group=_hlx8j_group(row, documents),
            leaks=row["leaks"] == "1",
        )
        for row in _rows(root / "hlx8j" / "sources.csv")
    ]


def read_tobacco800(root: Path, *, label: str = "signature") -> list[PageRecord]:
    """The original pages of Tobacco800 with their signatures, or with their boxes of `label` "logo"."""
    return [
        PageRecord(
            image=root / "tobacco800" / page["image"],
            boxes=tuple(
                Box(x=box["x"], y=box["y"], width=box["width"], height=box["height"])
                for box in page["boxes"]
                if box["label"] == label
            ),
            split=strictest(page["hlx8j_splits"]),
            group=page["document_group"],
        )
        for page in _annotations(root)
    ]


def read_rf100(root: Path) -> list[PageRecord]:
    """Certificates and letters of Roboflow 100, partly in colour; the split is hlx8j's."""
    return [
        PageRecord(
            image=root / "rf100_color" / row["image"],
            boxes=_yolo_boxes(root / "rf100_color" / row["image"]),
            split=strictest(row["hlx8j_splits"].split() or [row["hlx8j_split"]]),
            group=_page_name(Path(row["image"]).name),
        )
        for row in _rows(root / "rf100_color" / "pages.csv")
    ]


def read_unsigned(root: Path) -> list[PageRecord]:
    """Pages that were flagged as unsigned: for counting false alarms, and to train the roles."""
    rows = _rows(root / "unsigned" / "pages.csv")
    return [
        PageRecord(root / "unsigned" / row["image"], boxes=(), split="test", group=Path(row["image"]).stem)
        for row in rows
    ]


def near_duplicate_groups(root: Path) -> frozenset[str]:
    """Documents whose training page is all but identical to a validation or test page."""
    by_image = {f"tobacco800/{page['image']}": page["document_group"] for page in _annotations(root)}
    named = (row["near_duplicate_of"] for row in _rows(root / "hlx8j" / "sources.csv"))
    return frozenset(by_image[name] for name in named if name in by_image)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _annotations(root: Path) -> list[dict]:  # type: ignore[type-arg]
    text = (root / "tobacco800" / "annotations.json").read_text(encoding="utf-8")
    return list(json.loads(text))


def _tobacco_documents(root: Path) -> dict[str, str]:
    """Document group by original image path and by source page name."""
    groups: dict[str, str] = {}
    for page in _annotations(root):
        groups[f"tobacco800/{page['image']}"] = page["document_group"]
        groups[Path(page["source_name"]).stem] = page["document_group"]
    return groups


def _hlx8j_group(row: dict[str, str], documents: dict[str, str]) -> str:
    page = row["source_page"]
    return documents.get(row["original_here"]) or documents.get(page.removesuffix("_jpg")) or page


def _page_name(file_name: str) -> str:
    """The source page's name in a Roboflow file name, `<page>.rf.<digest>.jpg`."""
    return file_name.partition(".rf.")[0]


def _yolo_boxes(image: Path) -> tuple[Box, ...]:
    """Boxes of the label file beside an image, in that image's pixels."""
    label = image.parent.parent / "labels" / f"{image.stem}.txt"
    if not label.exists():
        return ()
    with Image.open(image) as opened:
        width, height = opened.size
    numbers = (list(map(float, line.split()[1:5])) for line in label.read_text().splitlines() if line.strip())
    return tuple(
        Box(x=(cx - w / 2) * width, y=(cy - h / 2) * height, width=w * width, height=h * height)
        for cx, cy, w, h in numbers
    )
