"""A user's own pages: a YOLO folder or a COCO file, its labels matched to ours by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from training.detector.sheets import LABELS, Marked
from worker.errors import WrongUse
from worker.vision.choices import Label
from worker.vision.values import Box

_IMAGES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class OwnPage:
    """One page of a user: where its image lies, what is marked on it."""

    image: Path
    marks: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class OwnData:
    """A user's pages, and the labels that are marked wherever they occur on them."""

    pages: tuple[OwnPage, ...]
    known: tuple[Label, ...]


#: The folders of `data.yaml` that are tested on, the best first.
_MEASURING = ("test", "val")


def read_own(path: Path, *, measuring: bool = False) -> OwnData:
    """Read a YOLO folder (with `data.yaml`), its `data.yaml`, or a COCO file (`.json`).

    Of a YOLO folder `train` is read, with `measuring` `test` or else `val`; of a COCO file everything.

    Labels are matched by name, whatever their case, blanks and hyphens (`Handwritten date` is
    `handwritten_date`); boxes of other labels are left out. Raises WrongUse when no label matches, an image
    is missing, or the file is of neither kind.
    """
    described = path / "data.yaml" if path.is_dir() else path
    if not described.is_file():
        raise WrongUse(f"{path} has no data.yaml; name a YOLO folder or a COCO .json file")
    try:
        if described.suffix == ".json":
            return _read_coco(described)
        return _read_yolo(described, measuring=measuring)
    except (KeyError, TypeError, ValueError, IndexError, yaml.YAMLError) as error:
        raise WrongUse(f"cannot read {described}: {type(error).__name__}: {error}") from error


def _read_yolo(described: Path, *, measuring: bool) -> OwnData:
    content = yaml.safe_load(described.read_text(encoding="utf-8"))
    part = next((name for name in _MEASURING if content.get(name)), "") if measuring else "train"
    if not part:
        raise WrongUse(f"{described} names no {' and no '.join(_MEASURING)} folder to measure on")
    names = content["names"]
    labels = _labels(names if isinstance(names, Mapping) else dict(enumerate(names)), described)
    root = described.parent / content.get("path", ".")
    folders = content[part] if isinstance(content[part], list) else [content[part]]
    images = [image for folder in folders for image in _images(root / folder)]
    pages = tuple(OwnPage(image, tuple(_yolo_marks(image, labels))) for image in images)
    return OwnData(pages, tuple(sorted(set(labels.values()))))


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise WrongUse(f"there is no folder {folder}")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _IMAGES)


def _yolo_marks(image: Path, labels: Mapping[int, Label]) -> Iterator[Marked]:
    """The lines of the label file that belongs to an image: `images/x.jpg` has `labels/x.txt`."""
    parts = [*image.parts]
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    written = Path(*parts).with_suffix(".txt")
    if not written.exists():
        return
    with Image.open(image) as opened:
        width, height = opened.size
    for line in written.read_text(encoding="utf-8").splitlines():
        number, *relative = line.split()[:5]
        if int(number) in labels:
            cx, cy, w, h = map(float, relative)
            box = Box((cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height)
            yield Marked(labels[int(number)], box)


def _read_coco(described: Path) -> OwnData:
    content = json.loads(described.read_text(encoding="utf-8"))
    named = {category["id"]: category["name"] for category in content["categories"]}
    labels = _labels(named, described)
    marks: dict[int, list[Marked]] = {row["id"]: [] for row in content["images"]}
    for row in content["annotations"]:
        if row["category_id"] in labels:
            marks[row["image_id"]].append(Marked(labels[row["category_id"]], Box(*map(float, row["bbox"]))))
    pages = [
        OwnPage(_found(described.parent, row["file_name"]), tuple(marks[row["id"]]))
        for row in content["images"]
    ]
    return OwnData(tuple(pages), tuple(sorted(set(labels.values()))))


def _found(folder: Path, name: str) -> Path:
    """An image beside the COCO file, or in `images` there."""
    for path in (folder / name, folder / "images" / name):
        if path.is_file():
            return path
    raise WrongUse(f"there is no image {name} in {folder} or {folder / 'images'}")


def _labels(names: Mapping[int, str], described: Path) -> dict[int, Label]:
    known: Sequence[str] = [label.value for label in LABELS]
    plain = {
        number: name.strip().lower().replace(" ", "_").replace("-", "_") for number, name in names.items()
    }
    labels = {number: Label(name) for number, name in plain.items() if name in known}
    if not labels:
        raise WrongUse(
            f"{described} names {', '.join(names.values())}; at least one must be of {', '.join(known)}"
        )
    return labels
