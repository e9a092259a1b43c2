"""Which documents are trained on, validated on and tested on; none is two of these.

hlx8j's test split is the test set. A third of its validation split is the validation set, for checkpoints,
sizes and thresholds; the rest is trained on (decision 0013). A document belongs to the strictest split of its
pages. What looks like a page of the validation or test set is not trained on.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.detector.readers import (
    PageRecord,
    near_duplicate_groups,
    read_hlx8j,
    read_rf100,
    read_tobacco800,
    strictest,
)

#: One document in so many of the published validation split is in ours.
VALIDATION_SHARE = 3
#: Pages whose thumbnails correlate by more than this are taken for one form letter, or one page twice.
ALIKE = 0.95
_THUMBNAIL = 64


def is_validation(group: str) -> bool:
    """Whether a document of the published validation split is in ours; decided by its name alone."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % VALIDATION_SHARE == 0


@cache
def homes(root: Path) -> dict[str, str]:
    """The strictest published split of every document."""
    splits = defaultdict[str, list[str]](list)
    for page in every_page(root):
        splits[page.group].append(page.split)
    return {group: strictest(found) for group, found in splits.items()}


def records_for_validation(records: Iterable[PageRecord], root: Path) -> list[PageRecord]:
    """The pages of the validation set."""
    home = homes(root)
    return [page for page in records if home[page.group] == "valid" and is_validation(page.group)]


def records_for_test(records: Iterable[PageRecord], root: Path) -> list[PageRecord]:
    """The pages of the test set."""
    home = homes(root)
    return [page for page in records if home[page.group] == "test"]


def records_for_training(records: Iterable[PageRecord], root: Path) -> list[PageRecord]:
    """The pages that may be trained on."""
    evaluated = held_documents(root)
    return [page for page in records if page.group not in evaluated]


@cache
def held_documents(root: Path) -> frozenset[str]:
    """Documents of the validation and test sets, and those with a near-duplicate of one of their pages."""
    home = homes(root)
    evaluated = {
        group
        for group, split in home.items()
        if split == "test" or (split == "valid" and is_validation(group))
    }
    everything = every_page(root)
    kept = [page for page in everything if page.group in evaluated]
    others = [page for page in everything if page.group not in evaluated]
    return frozenset(evaluated) | near_duplicate_groups(root) | _alike(others, kept)


def _alike(pages: Sequence[PageRecord], kept: Sequence[PageRecord]) -> frozenset[str]:
    """The documents of pages that look like one of those kept apart."""
    if not pages or not kept:
        return frozenset()
    correlations = _thumbnails(pages) @ _thumbnails(kept).T
    return frozenset(
        page.group for page, best in zip(pages, correlations.max(axis=1), strict=True) if best > ALIKE
    )


def _thumbnails(pages: Sequence[PageRecord]) -> npt.NDArray[np.float32]:
    """(n, pixels) thumbnails of mean zero and length one; blank pages are zero and resemble nothing."""
    rows = np.stack([_thumbnail(page.image) for page in pages])
    rows -= rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), np.float32)


def _thumbnail(path: Path) -> npt.NDArray[np.float32]:
    with Image.open(path) as image:
        small = image.convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
        return np.asarray(small, np.float32).ravel()


@cache
def every_page(root: Path) -> list[PageRecord]:
    """All pages of the three public sets."""
    return [*read_hlx8j(root), *read_tobacco800(root), *read_rf100(root)]
