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
from typing import Any

from worker.errors import WeightsError

#: The weights that come with the code.
WEIGHTS_DIR = Path(__file__).resolve().parent.parent / "weights"
CATALOGUE_NAME = "catalogue.json"


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


def load_catalogue(folder: Path = WEIGHTS_DIR) -> dict[str, CatalogueEntry]:
    """All entries by name; raises WeightsError when the catalogue is missing or malformed."""
    path = folder / CATALOGUE_NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {name: CatalogueEntry(name=name, **entry) for name, entry in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = f"cannot read {path}: {error}; restore it from the release"
        raise WeightsError(CATALOGUE_NAME, reason) from error


def entry(name: str, folder: Path = WEIGHTS_DIR) -> CatalogueEntry:
    """The entry of that name; raises WeightsError, naming those that exist, when there is none."""
    catalogue = load_catalogue(folder)
    if name not in catalogue:
        known = ", ".join(sorted(catalogue)) or "none"
        raise WeightsError(name, f"not in {folder / CATALOGUE_NAME} (it has: {known})")
    return catalogue[name]


def verified_path(name: str, folder: Path = WEIGHTS_DIR) -> Path:
    """The file of that entry, after its digest was checked; raises WeightsError otherwise."""
    wanted = entry(name, folder)
    path = folder / wanted.file
    if not path.is_file():
        raise WeightsError(name, f"{path} is missing; restore it from version control or reinstall")
    found = digest(path)
    if found != wanted.sha256:
        raise WeightsError(
            name,
            f"{path} has digest {found[:12]}…, the catalogue says {wanted.sha256[:12]}…; "
            "restore the file or register the new one with `countersign-train export`",
        )
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
