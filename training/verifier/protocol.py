"""How a verifier is measured: which queries meet which references.

Every writer's first `k` genuine specimens in a shuffled order are references; the others, all forgeries and
one genuine specimen of each other writer are queries. One reference is tried with each genuine specimen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.verifier import metrics
from training.verifier.metrics import Trials
from training.verifier.readers import Drawn, SignerSpecimens, Specimen
from worker.vision.crops import fit, normalise
from worker.vision.values import Embeddings, Normal
from worker.vision.verification.calibration import Calibration, Fit, Traits, agreement, soft_maximum
from worker.vision.verification.embedding import GLOBAL

#: Logits of queries (rows) against references (columns), or one score a query.
Pairs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gallery:
    """All specimens of some signers in the encoder's form, with whose they are."""

    images: list[Normal]
    writers: npt.NDArray[np.int64]
    genuine: npt.NDArray[np.bool_]
    source: str = ""
    #: Of every specimen, once they are embedded.
    steadiness: Pairs | None = None


@dataclass(frozen=True)
class Draw:
    """One writer's queries against references that were drawn by lot, nothing combined yet.

    Logits are (queries, references); `rows` say which specimens of the gallery were asked about.
    """

    genuine_rows: npt.NDArray[np.int64]
    skilled_rows: npt.NDArray[np.int64]
    genuine: Pairs
    skilled: Pairs
    random: Pairs
    #: Logits among the references.
    among: Pairs
    traits: Traits


def make_gallery(
    signers: Sequence[SignerSpecimens], source: str = "", *, pen: np.random.Generator | None = None
) -> Gallery:
    """Bring every specimen to the encoder's form; scans must have been read without shrinking.

    Drawn specimens are drawn with a common pen, or with pens of all widths where `pen` is given.
    """
    rows = [
        (normal(specimen, pen), number, is_genuine)
        for number, signer in enumerate(signers)
        for specimens, is_genuine in ((signer.genuine, True), (signer.forged, False))
        for specimen in specimens
    ]
    images, writers, genuine = zip(*rows, strict=True)
    return Gallery(list(images), np.array(writers), np.array(genuine), source)


def normal(specimen: Specimen, pen: np.random.Generator | None = None) -> Normal:
    """One specimen in the encoder's form."""
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
    right = torch.from_numpy(b)
    rows = [matcher(torch.from_numpy(one).expand(len(b), -1), right).numpy() for one in a]
    return np.asarray(rows, np.float64).reshape(len(a), len(b))


def quick_figures(models: nn.ModuleDict, validation: Gallery) -> dict[str, float]:
    """Validation EER of the pair classifier and of the cosine, one reference, and five by mean."""
    embeddings = embed(models["encoder"], validation.images)
    models["matcher"].eval()
    scored = logits_within(models["matcher"], validation, embeddings)
    whole = embeddings[:, :GLOBAL]
    cosine = (whole @ whole.T).astype(np.float64)
    single = trials(draws(scored, validation, count=1), mean)
    return {
        "skilled_1": metrics.skilled_eer(single),
        "random_1": metrics.random_eer(single),
        "skilled_5": metrics.skilled_eer(trials(draws(scored, validation, count=5), mean)),
        "cosine_skilled_1": metrics.skilled_eer(trials(draws(cosine, validation, count=1), mean)),
    }


def logits_within(matcher: nn.Module, gallery: Gallery, embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """Logits of the pairs that trials ask for, query by reference; NaN elsewhere."""
    table = np.full((len(embeddings), len(embeddings)), np.nan)
    for queries, references in asked(gallery):
        table[np.ix_(queries, references)] = logits(matcher, embeddings[queries], embeddings[references])
    return table


def asked(
    gallery: Gallery, *, others: int = 1
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """For each writer the queries that meet the writer's references, and those references.

    `others` is how many genuine specimens of every other writer ask.
    """
    for writer in np.unique(gallery.writers):
        of_writer = gallery.writers == writer
        forgers = some_of_each_other(gallery, int(writer), others)
        yield (
            np.concatenate([np.flatnonzero(of_writer), forgers]),
            np.flatnonzero(of_writer & gallery.genuine),
        )


def draws(
    scores: npt.NDArray[np.float64], gallery: Gallery, *, count: int, rounds: int = 5, others: int = 1
) -> list[list[Draw]]:
    """Every writer's draws of `count` references by lot; for one reference, each genuine specimen in turn.

    `others` specimens of each other writer are random forgeries. Writers without a genuine specimen left to
    ask about are left out.
    """
    rng = np.random.default_rng(1)
    drawn = []
    for writer in np.unique(gallery.writers):
        genuine = np.flatnonzero((gallery.writers == writer) & gallery.genuine)
        if len(genuine) <= count:
            continue
        if count == 1:
            orders = [np.roll(genuine, -first) for first in range(len(genuine))]
        else:
            orders = [rng.permutation(genuine) for _ in range(rounds)]
        forgers = some_of_each_other(gallery, int(writer), others)
        drawn.append([_draw(scores, gallery, order, count, forgers) for order in orders])
    return drawn


def trials(drawn: Sequence[Sequence[Draw]], score: Callable[[Pairs, Traits], Pairs]) -> list[Trials]:
    """One score a query, by writer: `score` combines (queries, references) logits, given their traits."""
    return [
        Trials(
            genuine=np.concatenate([score(draw.genuine, draw.traits) for draw in draws]),
            skilled=np.concatenate([score(draw.skilled, draw.traits) for draw in draws]),
            random=np.concatenate([score(draw.random, draw.traits) for draw in draws]),
        )
        for draws in drawn
    ]


def llr(calibration: Calibration, count: int) -> Callable[[Pairs, Traits], Pairs]:
    """The shipped combination and calibration, as `trials` wants it."""
    return ratio(calibration.fit_for(count), calibration.sharpness)


def ratio(fit: Fit, sharpness: float) -> Callable[[Pairs, Traits], Pairs]:
    """The log-likelihood ratios of one fit, however large."""

    def score(pairs: Pairs, traits: Traits) -> Pairs:
        return fit.slope * soft_maximum(pairs, sharpness) + fit.expected(traits)

    return score


def mean(pairs: Pairs, traits: Traits) -> Pairs:
    """The mean logit over the references: the plainest combination."""
    return np.asarray(pairs.mean(axis=1), np.float64)


def _draw(
    scores: npt.NDArray[np.float64],
    gallery: Gallery,
    order: npt.NDArray[np.int64],
    count: int,
    forgers: npt.NDArray[np.int64],
) -> Draw:
    references, queries = order[:count], order[count:]
    forged = np.flatnonzero((gallery.writers == gallery.writers[order[0]]) & ~gallery.genuine)
    among = scores[np.ix_(references, references)]
    return Draw(
        genuine_rows=queries,
        skilled_rows=forged,
        genuine=scores[np.ix_(queries, references)],
        skilled=scores[np.ix_(forged, references)],
        random=scores[np.ix_(forgers, references)],
        among=among,
        traits=traits(among, None if gallery.steadiness is None else gallery.steadiness[references]),
    )


def traits(among: Pairs, steadiness: npt.NDArray[np.floating] | None) -> Traits:
    """Of references with these logits among each other (k, k), each so steady (k,)."""
    if steadiness is None or len(steadiness) > 1:
        return Traits(agreement(among))
    return Traits(0.0, float(steadiness[0]))


def some_of_each_other(gallery: Gallery, writer: int, count: int = 1) -> npt.NDArray[np.int64]:
    """The first genuine specimens of every other writer."""
    candidates = np.flatnonzero(gallery.genuine & (gallery.writers != writer))
    _, first = np.unique(gallery.writers[candidates], return_index=True)
    rank = np.arange(len(candidates)) - np.repeat(first, np.diff([*first, len(candidates)]))
    return np.asarray(candidates[rank < count], np.int64)
