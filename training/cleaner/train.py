"""One training run of the cleaner: seeded, bounded by processor time, resumable, checkpointed."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import Tensor, nn

from training.cleaner import pairs
from training.cleaner.network import StrokeUNet
from training.cleaner.pairs import Clean
from training.cleaner.settings import CleanerSettings
from training.common.checkpoints import BEST, TrainingRun, Values, keep_checkpoint, new_run, restore
from training.common.loop import ProgressReport, TrainingLoop

CleanerRun = TrainingRun[CleanerSettings, StrokeUNet]


def start_cleaner(settings: CleanerSettings) -> CleanerRun:
    """A fresh run, its weights drawn from the settings' seed."""
    torch.manual_seed(settings.seed)
    return new_run(settings, StrokeUNet().to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def resume_cleaner(settings: CleanerSettings, checkpoint: Path) -> CleanerRun:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    return restore(start_cleaner(settings), checkpoint)


def fit_cleaner(run: CleanerRun, clean: Clean, validation: Clean, out: Path, report: ProgressReport) -> Path:
    """Train until the processor's minutes are used up; return the checkpoint with the lowest validation loss.

    `last.pt` and `best.pt` are written to `out` at every validation, its figures appended to `log.jsonl`.
    """
    out.mkdir(parents=True, exist_ok=True)
    validated = pairs.batch(validation, run.settings.validation_pairs, (run.settings.seed, pairs.VALIDATE))
    loop = TrainingLoop(
        loss=lambda: _loss(run, clean),
        checkpoint=lambda parts: _validate(run, validated, out, parts),
        report=report,
        checkpoint_minutes=run.settings.validate_minutes,
        gradient_norm=1.0,
        clock=time.process_time,
    )
    loop.train(run)
    return out / BEST


def loss_of(logits: Tensor, strokes: Tensor, dark: Tensor, settings: CleanerSettings) -> Tensor:
    """Cross-entropy where ink is dark and, with less weight, on paper; strokes weigh more than dirt."""
    weight = dark + settings.paper_weight * (1 - dark)
    weight = weight * (1 + (settings.stroke_weight - 1) * strokes)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, strokes, weight=weight, reduction="sum")
    return entropy / weight.sum()


def _loss(run: CleanerRun, clean: Clean) -> tuple[Tensor, Values]:
    settings = run.settings
    darkness, strokes, dark = pairs.batch(clean, settings.batch, (settings.seed, pairs.TRAIN, run.step))
    loss = loss_of(run.model(darkness.to(memory_format=torch.channels_last)), strokes, dark, settings)
    return loss, {"loss": loss.item()}


@torch.no_grad()
def _validate(run: CleanerRun, validated: tuple[Tensor, Tensor, Tensor], out: Path, parts: Values) -> Values:
    darkness, strokes, dark = validated
    logits = torch.cat([run.average(part) for part in torch.split(darkness, 8)])
    kept = (logits > 0).float() * dark
    both = float((kept * strokes).sum())
    figures = {
        "validation_loss": loss_of(logits, strokes, dark, run.settings).item(),
        "precision": both / max(float(kept.sum()), 1.0),
        "recall": both / max(float((dark * strokes).sum()), 1.0),
    }
    return keep_checkpoint(run, out, score=figures["validation_loss"], values=parts | figures)
