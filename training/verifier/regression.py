"""A few exact figures of the shipped verifier, fast enough for every test run.

`python -m training.verifier.regression FILE --data DIR` writes them anew after weights have changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import typer

from training.common.options import DataOption
from training.verifier import metrics, protocol, readers
from training.verifier.library import VerifierModels, embed_and_score, load_verifier_models
from training.verifier.protocol import Gallery
from training.verifier.readers import SignerSpecimens

COUNTS = (1, 3)
#: Synthetic signers of their own, and CEDAR's first few.
SEEDS, SPECIMENS = range(910_000, 910_012), 6
CEDAR_WRITERS, CEDAR_SPECIMENS = 6, 8


def invented_subset() -> Gallery:
    """The fixed subset that anybody can draw."""
    return protocol.make_gallery(readers.invented(SEEDS, specimens=SPECIMENS), "invented")


def cedar_subset(data: Path) -> Gallery:
    """The fixed subset of real signatures."""
    signers = readers.read_cedar(data / "verification" / "cedar")[:CEDAR_WRITERS]
    return protocol.make_gallery([_few(signer) for signer in signers], "CEDAR")


def exact_figures(gallery: Gallery, models: VerifierModels) -> dict[str, float]:
    """EERs with one and three references, and the median log-likelihood ratio of either kind."""
    scored = embed_and_score(gallery, models)
    rates: dict[str, float] = {}
    for count in COUNTS:
        trials = scored.trials(models.calibration, count)
        rates[f"skilled EER, {count}"] = metrics.skilled_eer(trials)
        rates[f"random EER, {count}"] = metrics.random_eer(trials)
        for kind in ("genuine", "skilled"):
            rates[f"median {kind}, {count}"] = float(np.median(metrics.pooled(trials, kind)))
    return {name: round(value, 6) for name, value in rates.items()}


def _few(signer: SignerSpecimens) -> SignerSpecimens:
    return SignerSpecimens(
        signer.source, signer.name, signer.genuine[:CEDAR_SPECIMENS], signer.forged[:CEDAR_SPECIMENS]
    )


def write_expected(
    out: Path,
    data: DataOption,
) -> None:
    """Write the figures of the shipped weights to OUT."""
    models = load_verifier_models()
    expected: dict[str, Any] = {"digests": models.digests}
    expected["invented"] = exact_figures(invented_subset(), models)
    expected["cedar"] = exact_figures(cedar_subset(data), models)
    out.write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(write_expected)
