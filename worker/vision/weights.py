"""The catalogue of weights: which file, which digest, which card, which parameters.

Weights are data. Nothing here or after it unpickles: files are ONNX, safetensors, JSON or npz, and each is
opened only after its SHA-256 was found to be the catalogue's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from worker.errors import WeightsError

#: The weights that come with the code.
WEIGHTS_DIR = Path(__file__).resolve().parent.parent / "weights"
CATALOGUE_NAME = "catalogue.json"

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One weights file: `file` and `card` are names in the weights folder, `bytes` its size.

    `parameters` is what a loader must know to use the file (input size, labels, …), JSON values only.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    licence: str
    card: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerifierEntry:
    """A named verifier: which module of `verification.architectures` builds it, from which entries.

    `parts` are names of entries by the part that they play: encoder, matcher, calibration, …
    """

    name: str
    architecture: str
    parts: Mapping[str, str]
    licence: str
    card: str

    def part(self, role: str) -> str:
        """The name of the entry that plays that part; raises WeightsError when none does."""
        if role not in self.parts:
            raise WeightsError(self.name, f"names no {role}")
        return self.parts[role]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is catalogued, by name: files, and verifiers that are put together from them."""

    files: Mapping[str, CatalogueEntry]
    verifiers: Mapping[str, VerifierEntry]


def read_catalogue(folder: Path = WEIGHTS_DIR) -> Catalogue:
    """Everything in the catalogue; raises WeightsError when it is missing or malformed."""
    path = folder / CATALOGUE_NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        files = {name: fields for name, fields in stored.items() if "parts" not in fields}
        verifiers = {name: fields for name, fields in stored.items() if "parts" in fields}
        return Catalogue(
            {name: CatalogueEntry(name=name, **fields) for name, fields in files.items()},
            {name: VerifierEntry(name=name, **fields) for name, fields in verifiers.items()},
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = f"cannot read {path}: {error}; restore it from the release"
        raise WeightsError(CATALOGUE_NAME, reason) from error


def load_catalogue(folder: Path = WEIGHTS_DIR) -> dict[str, CatalogueEntry]:
    """All files by name; raises WeightsError when the catalogue is missing or malformed."""
    return dict(read_catalogue(folder).files)


def verifier_entry(name: str, folder: Path = WEIGHTS_DIR) -> VerifierEntry:
    """The verifier of that name; raises WeightsError, naming those that exist, when there is none."""
    return _named(name, read_catalogue(folder).verifiers, folder)


def entry(name: str, folder: Path = WEIGHTS_DIR) -> CatalogueEntry:
    """The file of that name; raises WeightsError, naming those that exist, when there is none."""
    return _named(name, read_catalogue(folder).files, folder)


def verified_path(name: str, folder: Path = WEIGHTS_DIR) -> Path:
    """The file of that entry, after its digest was checked; raises WeightsError otherwise."""
    wanted = entry(name, folder)
    path = folder / wanted.file
    if not path.is_file():
        raise WeightsError(name, f"{path} is missing; restore it from version control or reinstall")
    digest = file_digest(path)
    if digest != wanted.sha256:
        raise WeightsError(
            name,
            f"{path} has digest {digest[:12]}…, the catalogue says {wanted.sha256[:12]}…; "
            "restore the file or register the new one with `countersign-train export`",
        )
    return path


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _named(name: str, entries: Mapping[str, _Entry], folder: Path) -> _Entry:
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise WeightsError(name, f"not in {folder / CATALOGUE_NAME} (it has: {known})")
    return entries[name]
