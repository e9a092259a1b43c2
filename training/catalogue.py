"""Registering trained weights: copy the file, write its digest and parameters into the catalogue."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from worker.vision.weights import (
    CATALOGUE_NAME,
    WEIGHTS_DIR,
    Catalogue,
    CatalogueEntry,
    VerifierEntry,
    entry,
    file_digest,
    read_catalogue,
)


def register_weights(
    name: str, path: Path, *, card: str, licence: str, folder: Path = WEIGHTS_DIR, **parameters: Any
) -> CatalogueEntry:
    """Put `path` into the weights folder under its own file name and make it the entry `name`.

    `card` is the model card's file name in that folder. An earlier entry of that name is replaced, and its
    file removed unless another entry still uses it; other entries stay as they are.
    """
    known = read_catalogue(folder) if (folder / CATALOGUE_NAME).exists() else Catalogue({}, {})
    catalogue = dict(known.files)
    target = folder / path.name
    if path.resolve() != target.resolve():
        shutil.copyfile(path, target)
    made = CatalogueEntry(
        name=name,
        file=path.name,
        sha256=file_digest(target),
        bytes=target.stat().st_size,
        licence=licence,
        card=card,
        parameters=parameters,
    )
    replaced = catalogue.get(name)
    catalogue[name] = made
    _write({**catalogue, **known.verifiers}, folder)
    if replaced is not None and replaced.file not in {entry.file for entry in catalogue.values()}:
        (folder / replaced.file).unlink(missing_ok=True)
    return made


def set_parameter(name: str, parameter: str, value: object, *, folder: Path = WEIGHTS_DIR) -> None:
    """Give an entry a parameter; its file stays. WeightsError when there is no such entry."""
    known, weights = read_catalogue(folder), entry(name, folder)
    changed = dataclasses.replace(weights, parameters={**weights.parameters, parameter: value})
    _write({**known.files, name: changed, **known.verifiers}, folder)


def _write(catalogue: Mapping[str, CatalogueEntry | VerifierEntry], folder: Path) -> None:
    """Replace the catalogue in one step, its entries sorted by name."""
    stored = {name: _stored(catalogue[name]) for name in sorted(catalogue)}
    draft = folder / f"{CATALOGUE_NAME}.new"
    draft.write_text(json.dumps(stored, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(folder / CATALOGUE_NAME)


def _stored(entry: CatalogueEntry | VerifierEntry) -> dict[str, Any]:
    values = dataclasses.asdict(entry)
    del values["name"]
    return values
