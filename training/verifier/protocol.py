"""How a verifier is measured: which queries meet which references.

Every writer's first `k` genuine specimens in a shuffled order are references; the others, all forgeries and
one genuine specimen of each other writer are queries. One reference is tried with each genuine specimen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.verifier import metrics
from training.verifier.metrics import Trials
from training.verifier.readers import Drawn, Signer, Specimen
from worker.vision.crops import fit, normalise
from worker.vision.values import Embeddings, Normal


@dataclass(frozen=True)
class Gallery:
    """All specimens of some signers in the encoder's form, with whose they are."""

    images: list[Normal]
    writers: npt.NDArray[np.int64]
    genuine: npt.NDArray[np.bool_]
    source: str = ""


def gallery(
    signers: Sequence[Signer], source: str = "", *, pen: np.random.Generator | None = None
) -> Gallery:
    """Bring every specimen to the encoder's form; scans must have been read without shrinking.

    Drawn specimens are drawn with a common pen, or with pens of all widths where `pen` is given.
    """
    rows = [
        (_normal(specimen, pen), number, is_genuine)
        for number, signer in enumerate(signers)
        for specimens, is_genuine in ((signer.genuine, True), (signer.forged, False))
        for specimen in specimens
    ]
    images, writers, genuine = zip(*rows, strict=True)
    return Gallery(list(images), np.array(writers), np.array(genuine), source)


def _normal(specimen: Specimen, pen: np.random.Generator | None) -> Normal:
    mask = specimen.mask(pen)
    return fit(mask) if isinstance(specimen, Drawn) else normalise(mask)


@torch.no_grad()
def embed(encoder: nn.Module, images: Sequence[Normal], *, batch: int = 64) -> Embeddings:
    """Embeddings of all images, by a torch encoder in evaluation mode."""
    encoder.eval()
    parts = [
        encoder(torch.from_numpy(np.stack(images[i : i + batch])).unsqueeze(1)).numpy()
        for i in range(0, len(images), batch)
    ]
    return np.concatenate(parts).astype(np.float32)


@torch.no_grad()
def logits(matcher: nn.Module, a: Embeddings, b: Embeddings) -> npt.NDArray[np.float64]:
    """Logits of all pairs: (len(a), len(b))."""
    left = torch.from_numpy(a).repeat_interleave(len(b), dim=0)
    right = torch.from_numpy(b).repeat(len(a), 1)
    return np.asarray(matcher(left, right).numpy(), np.float64).reshape(len(a), len(b))


def quick_figures(models: nn.ModuleDict, validation: Gallery) -> dict[str, float]:
    """Validation EER of the pair classifier and of the cosine, one reference, and five by mean."""
    embeddings = embed(models["encoder"], validation.images)
    models["matcher"].eval()
    scored = logits_within(models["matcher"], validation, embeddings)
    cosine = embeddings @ embeddings.T
    return {
        "skilled_1": metrics.skilled_eer(single(scored, validation)),
        "random_1": metrics.random_eer(single(scored, validation)),
        "skilled_5": metrics.skilled_eer(several(scored, validation, count=5)),
        "cosine_skilled_1": metrics.skilled_eer(single(cosine.astype(np.float64), validation)),
    }


def logits_within(matcher: nn.Module, found: Gallery, embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """Logits of every specimen (row) against every specimen (column), in strips that fit memory."""
    return np.concatenate(
        [logits(matcher, embeddings[i : i + 64], embeddings) for i in range(0, len(found.writers), 64)]
    )


def single(scores: npt.NDArray[np.float64], found: Gallery) -> list[Trials]:
    """Each genuine specimen in turn is the only reference."""
    trials = []
    for writer in np.unique(found.writers):
        own, genuine = found.writers == writer, found.genuine
        references = np.flatnonzero(own & genuine)
        among = scores[np.ix_(references, references)]
        others = _one_of_each_other(found, int(writer))
        trials.append(
            Trials(
                genuine=among[~np.eye(len(references), dtype=bool)],
                skilled=scores[np.ix_(np.flatnonzero(own & ~genuine), references)].ravel(),
                random=scores[np.ix_(others, references)].ravel(),
            )
        )
    return trials


def several(
    scores: npt.NDArray[np.float64],
    found: Gallery,
    *,
    count: int,
    best_share: float = 0.0,
    rounds: int = 5,
    seed: int = 1,
) -> list[Trials]:
    """`count` references drawn by lot, `rounds` times; a query's scores are combined over them.

    `best_share` is as in the calibration: 0 for the mean over the references, 1 for the best of them.
    """
    rng = np.random.default_rng(seed)
    trials = []
    for writer in np.unique(found.writers):
        parts = [_one_draw(scores, found, int(writer), count, best_share, rng) for _ in range(rounds)]
        trials.append(Trials(*(np.concatenate(kind) for kind in zip(*parts, strict=True))))
    return trials


def _one_draw(  # noqa: PLR0917  # private; the six are one draw
    scores: npt.NDArray[np.float64],
    found: Gallery,
    writer: int,
    count: int,
    best_share: float,
    rng: np.random.Generator,
) -> tuple[metrics.Scores, metrics.Scores, metrics.Scores]:
    own = found.writers == writer
    genuine = rng.permutation(np.flatnonzero(own & found.genuine))
    references, queries = genuine[:count], genuine[count:]
    kinds = (queries, np.flatnonzero(own & ~found.genuine), _one_of_each_other(found, writer))
    a, b, c = (_combined(scores[np.ix_(kind, references)], best_share) for kind in kinds)
    return a, b, c


def _combined(pairs: npt.NDArray[np.float64], best_share: float) -> npt.NDArray[np.float64]:
    """One score per query from (queries, references)."""
    mixed = (1 - best_share) * pairs.mean(axis=1) + best_share * pairs.max(axis=1)
    return np.asarray(mixed, np.float64)


def _one_of_each_other(found: Gallery, writer: int) -> npt.NDArray[np.int64]:
    """The first genuine specimen of every other writer."""
    candidates = np.flatnonzero(found.genuine & (found.writers != writer))
    _, first = np.unique(found.writers[candidates], return_index=True)
    return np.asarray(candidates[first], np.int64)
