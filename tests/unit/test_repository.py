"""What may be committed: weights that the catalogue names, and pictures that a page shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checkout import ROOT, git

WEIGHTS = ROOT / "worker" / "weights"
#: Endings of files that hold weights, arrays, pictures and documents: they are never made smaller again.
HEAVY = {".onnx", ".safetensors", ".pt", ".pth", ".npz", ".npy", ".svg", ".png", ".jpg", ".tif", ".pdf"}
#: Beside what the catalogue names: itself, and the history of all trainings.
ABOUT_WEIGHTS = {"catalogue.json", "HISTORY.md"}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    return [Path(name) for name in git("ls-files")]


def test_every_file_among_the_weights_is_named_by_the_catalogue(tracked: list[Path]) -> None:
    catalogue = json.loads((WEIGHTS / "catalogue.json").read_text(encoding="utf-8"))
    fields = [(entry.get("file"), entry.get("card")) for entry in catalogue.values()]
    named = {name for names in fields for name in names} | ABOUT_WEIGHTS

    there = {path.relative_to("worker/weights").as_posix() for path in tracked if WEIGHTS.name in path.parts}

    assert there - named == set()


def test_weights_lie_in_one_folder_and_every_picture_is_shown_by_a_page(tracked: list[Path]) -> None:
    pages = " ".join((ROOT / path).read_text(encoding="utf-8") for path in tracked if path.suffix == ".md")

    heavy = [path for path in tracked if path.suffix in HEAVY and WEIGHTS.name not in path.parts]

    assert [str(path) for path in heavy if path.name not in pages] == []
