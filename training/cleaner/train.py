"""One training run of the cleaner: seeded, bounded by processor time, resumable, checkpointed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from training.cleaner import pairs
from training.cleaner.network import StrokeUNet
from training.cleaner.pairs import Clean
from training.cleaner.settings import Settings

Report = Callable[[dict[str, float]], None]


@dataclass
class Run:
    """All that a checkpoint has to hold."""

    settings: Settings
    model: StrokeUNet
    average: StrokeUNet
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf


def start(settings: Settings) -> Run:
    """A fresh run, its weights drawn from the settings' seed."""
    torch.manual_seed(settings.seed)
    model = StrokeUNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return Run(settings, model, average, optimiser)


def resume(settings: Settings, checkpoint: Path) -> Run:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    run, state = start(settings), torch.load(checkpoint, weights_only=True)
    run.model.load_state_dict(state["model"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.seconds, run.best = state["step"], state["seconds"], state["best"]
    return run


def save(run: Run, path: Path) -> None:
    """Write a checkpoint; a reader sees the old file or the new one, never half of one."""
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "settings": asdict(run.settings),
        "step": run.step,
        "seconds": run.seconds,
        "best": run.best,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load(checkpoint: Path) -> StrokeUNet:
    """The averaged network of a checkpoint, in evaluation mode; only tensors are ever unpickled."""
    model = StrokeUNet()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return model.eval()


def train(run: Run, clean: Clean, validation: Clean, out: Path, report: Report) -> Path:
    """Train until the processor's minutes are used up; return the checkpoint with the lowest validation loss.

    `last.pt` and `best.pt` are written to `out` at every validation, its figures appended to `log.jsonl`.
    """
    out.mkdir(parents=True, exist_ok=True)
    budget, last = run.settings.minutes * 60, time.process_time()
    held = pairs.batch(validation, run.settings.validation_pairs, (run.settings.seed, pairs.VALIDATE))
    validated = run.seconds
    while run.seconds < budget:
        loss = _step(run, clean, progress=run.seconds / budget)
        now = time.process_time()
        run.seconds, last = run.seconds + now - last, now
        if run.step % 10 == 0:
            report({"step": run.step, "seconds": run.seconds, "loss": loss})
        if run.seconds - validated > run.settings.validate_minutes * 60 or run.seconds >= budget:
            report(_validate(run, held, out, loss))
            validated = run.seconds
    return out / "best.pt"


def loss_of(logits: Tensor, strokes: Tensor, dark: Tensor, settings: Settings) -> Tensor:
    """Cross-entropy where ink is dark and, with less weight, on paper; strokes weigh more than dirt."""
    weight = dark + settings.paper_weight * (1 - dark)
    weight = weight * (1 + (settings.stroke_weight - 1) * strokes)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, strokes, weight=weight, reduction="sum")
    return entropy / weight.sum()


def _step(run: Run, clean: Clean, *, progress: float) -> float:
    settings = run.settings
    for group in run.optimiser.param_groups:
        group["lr"] = settings.learning_rate * _schedule(run.step, progress, settings.warmup_steps)
    darkness, strokes, dark = pairs.batch(clean, settings.batch, (settings.seed, pairs.TRAIN, run.step))
    loss = loss_of(run.model(darkness.to(memory_format=torch.channels_last)), strokes, dark, settings)
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.step += 1
    _average(run)
    return loss.item()


def _schedule(step: int, progress: float, warmup: int) -> float:
    """Linear warm-up over steps, then a cosine over time down to one hundredth."""
    cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return min(1.0, (step + 1) / warmup) * cosine


@torch.no_grad()
def _average(run: Run) -> None:
    """Move the averaged weights a little towards the newest ones, faster while there are few."""
    decay = min(run.settings.average_decay, (1 + run.step) / (10 + run.step))
    newest = run.model.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(newest[name], 1 - decay)
        else:
            value.copy_(newest[name])


@torch.no_grad()
def _validate(run: Run, held: tuple[Tensor, Tensor, Tensor], out: Path, loss: float) -> dict[str, float]:
    darkness, strokes, dark = held
    logits = torch.cat([run.average(part) for part in torch.split(darkness, 8)])
    kept = (logits > 0).float() * dark
    both = float((kept * strokes).sum())
    figures = {
        "validation_loss": loss_of(logits, strokes, dark, run.settings).item(),
        "precision": both / max(float(kept.sum()), 1.0),
        "recall": both / max(float((dark * strokes).sum()), 1.0),
    }
    if figures["validation_loss"] < run.best:
        run.best = figures["validation_loss"]
        save(run, out / "best.pt")
    save(run, out / "last.pt")
    line = {"step": run.step, "seconds": round(run.seconds, 1), "loss": loss, **figures}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    return line
