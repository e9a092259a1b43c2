"""One training run of the crop classifier: seeded, bounded by wall clock, resumable, checkpointed."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.classifier.augment import moved, varied_look
from training.classifier.network import CropNetwork
from training.classifier.pieces import Piece
from training.classifier.settings import ClassifierSettings
from training.common.checkpoints import (
    BEST,
    TrainingRun,
    Values,
    keep_checkpoint,
    new_run,
    restore,
)
from training.common.loop import ProgressReport, TrainingLoop
from worker.vision.detection.classifier import KINDS, Kind, Look, looks_at

ClassifierRun = TrainingRun[ClassifierSettings, CropNetwork]


class CropBatches:
    """Crops of all kinds by their shares, varied every time; a step's batch depends on the step alone."""

    def __init__(self, pieces: Sequence[Piece], settings: ClassifierSettings) -> None:
        self._settings = settings
        self._papers = [one for one in pieces if one.kind is Kind.PRINTED_TEXT and not one.ink]
        self._kinds = [[one for one in pieces if one.kind is kind] for kind in KINDS]
        self._chances = [_chances(kind, settings.weights) for kind in self._kinds]
        self._shares = np.array([settings.shares[kind] for kind in KINDS])

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of that step: (n, 1, 64, 128) crops and (n,) indices into KINDS."""
        rng = np.random.default_rng((self._settings.seed, step))
        kinds = rng.choice(len(KINDS), self._settings.batch, p=self._shares / self._shares.sum())
        looks = [self._one(int(kind), rng) for kind in kinds]
        return torch.from_numpy(np.stack(looks)[:, None]), torch.from_numpy(kinds)

    def _one(self, kind: int, rng: np.random.Generator) -> Look:
        pieces = self._kinds[kind]
        return varied_look(pieces[int(rng.choice(len(pieces), p=self._chances[kind]))], self._papers, rng)


def start_classifier(settings: ClassifierSettings, network: CropNetwork | None = None) -> ClassifierRun:
    """A fresh run from that network, or else from weights drawn from the settings' seed."""
    torch.manual_seed(settings.seed)
    model = network or CropNetwork(settings.dropout)
    return new_run(settings, model.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def resume_classifier(settings: ClassifierSettings, checkpoint: Path) -> ClassifierRun:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    return restore(start_classifier(settings), checkpoint)


def fit_classifier(
    run: ClassifierRun,
    pieces: Sequence[Piece],
    validation: Sequence[Piece],
    out: Path,
    report: ProgressReport,
) -> Path:
    """Train until the minutes are used up; return the checkpoint best on validation by the mean over kinds.

    `last.pt` and `best.pt` are written to `out` at every validation, its figures appended to `log.jsonl`.
    """
    out.mkdir(parents=True, exist_ok=True)
    batches, validated = CropBatches(pieces, run.settings), fixed(validation)
    loop = TrainingLoop(
        loss=lambda: _loss(run, batches),
        checkpoint=lambda parts: _validate(run, validated, out, parts),
        report=report,
        checkpoint_minutes=run.settings.validate_minutes,
    )
    loop.train(run)
    return out / BEST


def fixed(pieces: Sequence[Piece]) -> tuple[Tensor, Tensor]:
    """Pieces in boxes as detectors give them, always the same: (n, looks, height, width), and (n,) kinds."""
    boxes = (moved(piece.box, np.random.default_rng((7, index))) for index, piece in enumerate(pieces))
    looks = [looks_at(piece.pixels, box) for piece, box in zip(pieces, boxes, strict=True)]
    kinds = [KINDS.index(piece.kind) for piece in pieces]
    return torch.from_numpy(np.stack(looks)), torch.tensor(kinds)


def _loss(run: ClassifierRun, batches: CropBatches) -> tuple[Tensor, Values]:
    settings = run.settings
    # Dropout of a step is the same whether or not the run was interrupted before it.
    torch.manual_seed(settings.seed * 1_000_003 + run.step)
    images, kinds = batches.draw(run.step)
    run.model.train()
    # On one core this takes 51 ms a batch, single precision with channels first 122 ms.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = run.model(images.to(memory_format=torch.channels_last))
    loss: Tensor = nn.functional.cross_entropy(
        logits.float(), kinds, label_smoothing=settings.label_smoothing
    )
    return loss, {"loss": loss.item()}


@torch.no_grad()
def _validate(run: ClassifierRun, validated: tuple[Tensor, Tensor], out: Path, parts: Values) -> Values:
    images, kinds = validated
    answers = torch.cat([_classified(run.average, part).argmax(1) for part in torch.split(images, 256)])
    by_kind = {
        kind.value: float((answers[kinds == index] == index).float().mean())
        for index, kind in enumerate(KINDS)
    }
    balanced = sum(by_kind.values()) / len(by_kind)
    figures = {"accuracy": float((answers == kinds).float().mean()), "balanced": balanced, **by_kind}
    return keep_checkpoint(run, out, score=balanced, better=operator.gt, values=parts | figures)


def _classified(network: CropNetwork, looks: Tensor) -> Tensor:
    """Of (n, looks, height, width) the mean probabilities (n, 4), as they are served."""
    answers: Tensor = network(looks.flatten(0, 1)[:, None]).softmax(1)
    return answers.view(*looks.shape[:2], -1).mean(1)


def _chances(pieces: Sequence[Piece], weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often each piece of a kind is taken: by the weight of its source, shared by the source's pieces."""
    sources = [piece.source.partition(",")[0] for piece in pieces]
    counts = Counter(sources)
    chances = np.array([weights.get(name, 1.0) / counts[name] for name in sources])
    return np.asarray(chances / chances.sum(), np.float64)
