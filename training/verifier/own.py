"""A user's own signers measured: what the shipped or a newly trained verifier does on one's own documents."""

from __future__ import annotations

from dataclasses import dataclass

from training.common.statistics import Estimate
from training.verifier import metrics
from training.verifier.library import VerifierModels, embed_and_score
from training.verifier.protocol import Gallery
from worker.errors import WrongUse

COUNTS = (1, 3, 5)


@dataclass(frozen=True)
class OwnFigures:
    """EERs with one number of references; `skilled` is None where no forgeries were given."""

    references: int
    signers: int
    genuine_queries: int
    skilled: Estimate | None
    random: Estimate


def measure_own_signers(gallery: Gallery, models: VerifierModels) -> list[OwnFigures]:
    """Figures for each number of references that leaves genuine specimens to ask about.

    Raises WrongUse when there are fewer than two signers, or none with two genuine specimens.
    """
    scored = embed_and_score(gallery, models)
    figures = []
    for count in COUNTS:
        tried = scored.trials(models.calibration, count)
        if len(tried) < 2:
            continue
        random = metrics.eer_estimate(tried, "random")
        forged = [trial for trial in tried if len(trial.skilled)]
        skilled = metrics.eer_estimate(forged, "skilled") if forged else None
        queries = sum(len(trial.genuine) for trial in tried)
        figures.append(OwnFigures(count, len(tried), queries, skilled, random))
    if not figures:
        raise WrongUse("measuring needs two signers or more with two genuine specimens or more each")
    return figures
