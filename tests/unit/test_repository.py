"""What may be committed: weights that the catalogue names, pictures that a page shows, short subjects."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "worker" / "weights"
#: Endings of files that hold weights, arrays, pictures and documents: they are never made smaller again.
HEAVY = {".onnx", ".safetensors", ".pt", ".pth", ".npz", ".npy", ".svg", ".png", ".jpg", ".tif", ".pdf"}
#: Beside what the catalogue names: itself, and the history of all trainings.
ABOUT_WEIGHTS = {"catalogue.json", "HISTORY.md"}
#: Subjects of earlier commits stay as they are.
SHORT_SINCE = "2026-11-29T20:00:00Z"
LONGEST_SUBJECT = 72
#: Too long, and on main before this was run; history is not written anew for them.
TOO_LONG = {
    "Open a run's folder in one module; say why a run stops for whatever ends it",
    "Show answers and contradictions in the console, and ask nobody about the other party's signature",
}


def git(*words: str) -> list[str]:
    """Lines of an answer of git; a skip where there is no git or no checkout."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs git")
    if done.returncode != 0:
        pytest.skip(f"needs a checkout: {done.stderr.strip()}")
    return done.stdout.splitlines()


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


def test_subjects_of_commits_are_short_and_have_no_prefix() -> None:
    since = git("log", "--no-merges", f"--since={SHORT_SINCE}", "--format=%s")
    subjects = [subject for subject in since if subject not in TOO_LONG]

    assert [one for one in subjects if len(one) > LONGEST_SUBJECT or not one[:1].isupper()] == []
    assert [one for one in subjects if one.endswith(".") or ":" in one.partition(" ")[0]] == []
