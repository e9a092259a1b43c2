"""Sample documents of the repository's own drawing, once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.synthesis.samples import write_samples


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `documents/`, `references/` and `claims.csv`."""
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder
