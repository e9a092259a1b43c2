"""The benchmark of what a page costs says everything that its table and its readers need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import SETS
from training.synthesis.loads import write_alike
from worker.rendering.pages import open_document
from worker.vision.choices import Limits
from worker.vision.values import RenderedPage


def test_a_set_is_measured_beside_the_usual_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--pages", "2", "--sets", "g4-pdf", "--rounds", "1"]
    told = tmp_path / "figures.json"
    done = subprocess.run(
        [*command, "--folder", str(tmp_path), "--json", str(told)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer == json.loads(told.read_text())
    row = answer["sets"]["g4-pdf"]
    assert row["pages"] == 20
    assert row["models"] == pytest.approx(sum(row["by_model"].values()), abs=0.01)
    assert 0 < row["efficiency"]["median"] < 1
    assert row["efficiency"]["median"] == pytest.approx(row["models"] / row["whole"], abs=0.01)
    assert row["against_naive"]["median"] == pytest.approx(row["naive"] / row["whole"], abs=0.01)
    assert {"commit", "python", "machine", "libraries"} <= set(answer)
    assert "20-page PDF of G4 scans" in done.stderr


@pytest.mark.parametrize(
    ("name", "format_", "source", "pages"),
    [
        ("tiff", "tiff", "image", 1),
        ("jpeg", "jpeg", "image", 1),
        ("jpeg-pdf", "pdf", "embedded", 2),
        ("g4-pdf", "pdf", "embedded", 2),
        ("vector-pdf", "pdf", "rendered", 2),
    ],
)
def test_a_set_holds_what_it_is_called(
    name: str, format_: str, source: str, pages: int, tmp_path: Path
) -> None:
    drawn = write_alike(tmp_path, SETS[name].kind, documents=1, pages=pages, dpi=72)

    (document,) = drawn.documents_folder.iterdir()
    opened = open_document(document.read_bytes(), limits=Limits())
    assert opened.info.format == format_
    assert [page.source for page in opened.pages() if isinstance(page, RenderedPage)] == [source] * pages
