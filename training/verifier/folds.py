"""Verifiers that were trained without a set: what ships and was trained on it is measured by them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from training.verifier import sets
from training.verifier.library import Read, VerifierModels, load_verifier_models
from worker.errors import WrongUse

FoldsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fold",
        help="SET=FOLDER: weights that were trained without that set embed it. May be given several times.",
    ),
]
_SETS = {read.__name__: read for read in sets.CALIBRATION}


def load_folds(given: Sequence[str] | None) -> dict[Read, VerifierModels]:
    """The models by the set that they were trained without. WrongUse for a set that is none."""
    folds = {}
    for fold in given or ():
        name, _, folder = fold.partition("=")
        if name not in _SETS or not folder:
            raise WrongUse(f"--fold {fold!r}: give SET=FOLDER, with a set of {', '.join(_SETS)}")
        folds[_SETS[name]] = load_verifier_models(Path(folder))
    return folds
