"""A set of drawn documents and its layout in a folder: documents, references, claims, ground truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.synthesis.pages import DrawnMark
from training.synthesis.strokes import InventedSigner, draw_strokes, sign


@dataclass(frozen=True, slots=True)
class SampleClaim:
    """Somebody is said to have signed; `truth` is "genuine", "forged", "other" (another's hand) or "none"."""

    signer: str
    truth: str


@dataclass(frozen=True, slots=True)
class SamplePage:
    """The size of a page image in pixels, and what was written on the page."""

    width: int
    height: int
    marks: tuple[DrawnMark, ...]


@dataclass(frozen=True, slots=True)
class SampleDocument:
    """One document file and the ground truth about it; one that cannot be read has no sheets."""

    name: str
    data: bytes
    sheets: tuple[SamplePage, ...]
    claims: tuple[SampleClaim, ...] = ()
    note: str = ""

    @property
    def readable(self) -> bool:
        """Whether any page can be seen."""
        return bool(self.sheets)

    @property
    def signatures(self) -> int:
        """How many signatures stand on it."""
        return sum(mark.label == "signature" for sheet in self.sheets for mark in sheet.marks)

    @property
    def signed(self) -> bool | None:
        """Whether any mark signs it; None where it cannot be read."""
        return any(mark.signs for sheet in self.sheets for mark in sheet.marks) if self.readable else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a set was written and what it holds; `expected` is the content of `expected.json`."""

    folder: Path
    documents: tuple[str, ...]
    signers: tuple[str, ...]
    expected: dict[str, Any]

    @property
    def documents_folder(self) -> Path:
        """The documents to read."""
        return self.folder / "documents"

    @property
    def references_folder(self) -> Path:
        """One folder of reference signatures per enrolled signer."""
        return self.folder / "references"

    @property
    def claims_file(self) -> Path:
        """Who is said to have signed what: columns key, signer."""
        return self.folder / "claims.csv"


def write_set(
    folder: Path, samples: Iterable[SampleDocument], enrolled: Iterable[InventedSigner], *, seed: int
) -> Manifest:
    """Write documents, references, `claims.csv` and `expected.json`; files of an earlier set are replaced.

    Coordinates are pixels of the page image: of a scan its own, of a drawn PDF page those at 200 dpi.
    """
    signers, truths, claims = [], [], []
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (folder / "documents" / sample.name).write_bytes(sample.data)
        truths.append(_truth(sample))
        claims += [(sample.name, claim.signer) for claim in sample.claims]
    for signer in enrolled:
        write_references(folder / "references" / signer.slug, signer, seed=seed)
        signers.append(signer.slug)
    expected = {"seed": seed, "signers": signers, "documents": truths}
    (folder / "claims.csv").write_text(_csv(claims), encoding="utf-8")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    return Manifest(folder, tuple(truth["document"] for truth in truths), tuple(signers), expected)


def write_references(folder: Path, signer: InventedSigner, *, seed: int) -> None:
    """Four to six genuine signatures as they were once enrolled: small pictures on nearly white paper."""
    rng = np.random.default_rng([seed, signer.seed, 0x4EF])
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(int(rng.integers(4, 7))):
        level = int(rng.integers(246, 256))
        picture = draw_strokes(
            sign(signer, rng),
            scale=rng.uniform(7.5, 9.5),
            pen_width=signer.pen.width,
            ink=signer.pen.ink,
            paper=(level, level, level - 2),
            margin=rng.uniform(2, 4),
        )
        Image.fromarray(picture).save(folder / f"{signer.slug}-{index + 1}.png", compress_level=6)


def _csv(rows: Iterable[tuple[str, str]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("key", "signer"))
    writer.writerows(rows)
    return text.getvalue()


def _truth(sample: SampleDocument) -> dict[str, Any]:
    return {
        "document": sample.name,
        "note": sample.note,
        "readable": sample.readable,
        "signed": sample.signed,
        "signatures": sample.signatures,
        "pages": [
            {
                "page": index,
                "width": sheet.width,
                "height": sheet.height,
                "regions": [_region(mark) for mark in sheet.marks],
            }
            for index, sheet in enumerate(sample.sheets)
        ],
        "claims": [{"signer": claim.signer, "truth": claim.truth} for claim in sample.claims],
    }


def _region(mark: DrawnMark) -> dict[str, Any]:
    x, y, width, height = (round(value, 1) for value in mark.box)
    slug = "-".join(mark.signer.lower().split())
    return {
        "label": mark.label,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "signer": slug,
        "truth": mark.truth,
        "signs": mark.signs,
    }
