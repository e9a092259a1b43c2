"""Training of the detector on a wall-clock budget, resumable from its last checkpoint.

The network, its loss and its assignment of boxes to anchors are ultralytics'; what is ours is what it sees,
which labels count on which page, and where it starts (tensors that fit by name and shape).
Half precision (bfloat16) doubles the speed of CPUs that have it, and serves GPUs too.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import v8DetectionLoss

from training.detector.crops import Sample, Sampler
from training.detector.settings import TrainSettings
from training.detector.sheets import LABELS
from training.detector.widen import widened
from worker.errors import WrongUse

#: The weights of a training, averaged: what is measured and exported.
WEIGHTS = "last.safetensors"
#: Everything it takes to go on.
STATE = "state.pt"
_GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
Tensors = dict[str, torch.Tensor]
Progress = Callable[[int, float, dict[str, float]], None]


@dataclass
class _Run:
    """What changes while a training goes on."""

    model: Any
    average: Any
    optimiser: torch.optim.Optimizer
    step: int = 0
    #: Seconds trained, over all sittings.
    spent: float = 0.0


class KnownLoss(torch.nn.Module):
    """Binary cross-entropy that trusts each page as far as its labels go.

    `weights` is (batch, labels): how much it counts that a label is absent. Where something is marked every
    label counts in full: what is known to be a signature is no redaction.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.ones(1, len(LABELS))

    def forward(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The loss per anchor and label: (batch, anchors, labels)."""
        plain = torch.nn.functional.binary_cross_entropy_with_logits(predicted, target, reduction="none")
        marked = target.amax(dim=2, keepdim=True) > 0
        return plain * torch.where(marked, torch.ones_like(plain), self.weights[:, None, :])


def new_model(architecture: str, initial: Path | None = None) -> Any:
    """A network for all labels, started from the tensors of a file where one is given.

    A file of a narrower network of the same depth is widened (`widen.py`).
    """
    make: Any = DetectionModel
    model = make(architecture, nc=len(LABELS), verbose=False)
    if initial is not None:
        load_matching(model, widened(load_file(initial), model.state_dict()))
    return model


def load_matching(model: torch.nn.Module, tensors: Tensors) -> int:
    """Copy the tensors that match by name and shape; return how many did.

    The scores' last layers of a network for signatures alone become the first channel of all labels.
    """
    own, found = model.state_dict(), dict[str, torch.Tensor]()
    for name, tensor in tensors.items():
        if name not in own:
            continue
        if own[name].shape == tensor.shape:
            found[name] = tensor.to(own[name].dtype)
        elif _is_score(name) and tensor.shape[0] == 1 and own[name].shape[1:] == tensor.shape[1:]:
            wide = own[name].clone()
            wide[:1] = tensor.to(wide.dtype)
            found[name] = wide
    model.load_state_dict(found, strict=False)
    return len(found)


def _is_score(name: str) -> bool:
    """Whether a tensor is of the convolutions that end in one channel per label (`cv3.N.2`)."""
    return ".cv3." in name and name.rsplit(".", 2)[-2] == "2"


def train(
    sampler: Sampler,
    out: Path,
    settings: TrainSettings,
    *,
    initial: Path | None = None,
    resume: bool = False,
    on_report: Progress | None = None,
) -> Path:
    """Train until the minutes are spent; return the averaged weights, a safetensors file in `out`.

    They and the state to go on from are written every `checkpoint_minutes`. With `resume` training goes on
    from the state in `out`, its minutes included. `on_report` gets the step, the share of the budget spent
    and the mean losses since the last report. Raises WrongUse when there is nothing to resume.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    run = _begin(settings, initial, device)
    if resume:
        _restore(run, out / STATE, device)
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(settings.model_dump_json(indent=2))
    _loop(run, sampler, settings, out, on_report)
    return out / WEIGHTS


def _begin(settings: TrainSettings, initial: Path | None, device: torch.device) -> _Run:
    model = new_model(settings.architecture, initial)
    model.args = SimpleNamespace(**_GAINS)
    model = model.to(device=device, memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval().requires_grad_(False)
    decayed = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    plain = [p for p in model.parameters() if p.ndim <= 1 and p.requires_grad]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return _Run(model, average, torch.optim.AdamW(groups, lr=settings.learning_rate))


def _loop(
    run: _Run, sampler: Sampler, settings: TrainSettings, out: Path, on_report: Progress | None
) -> None:
    budget, saved, losses = settings.minutes * 60, run.spent, list[dict[str, float]]()
    device = torch.device(settings.device)
    criterion: Any = v8DetectionLoss(run.model)
    criterion.bce = KnownLoss()
    while run.spent < budget:
        started = time.monotonic()
        rng = np.random.default_rng([settings.seed, run.step])
        batch = collate([sampler.draw(rng) for _ in range(settings.batch)], device)
        losses.append(_step(run, criterion, batch, settings))
        run.step += 1
        run.spent += time.monotonic() - started
        if run.step % settings.report_steps == 0 and on_report is not None:
            on_report(run.step, run.spent / budget, _mean(losses))
            losses.clear()
        if run.spent - saved > settings.checkpoint_minutes * 60:
            _save(run, out)
            saved = run.spent
    _save(run, out)


def _rate(run: _Run, settings: TrainSettings) -> float:
    """A short warm-up, then a cosine over the wall clock down to `final_share` of the rate."""
    share = min(1.0, run.spent / (settings.minutes * 60))
    cosine = settings.final_share + (1 - settings.final_share) * (1 + math.cos(math.pi * share)) / 2
    return settings.learning_rate * cosine * min(1.0, (run.step + 1) / settings.warmup_steps)


def _step(run: _Run, criterion: Any, batch: Tensors, settings: TrainSettings) -> dict[str, float]:
    for group in run.optimiser.param_groups:
        group["lr"] = _rate(run, settings)
    kind = batch["img"].device.type
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=settings.half):
        predicted = run.model(batch["img"])
    predicted = predicted | {name: predicted[name].float() for name in ("boxes", "scores")}
    criterion.bce.weights = batch["weights"]
    loss, parts = criterion(predicted, batch)
    (loss.sum() / len(batch["img"])).backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 10.0)
    run.optimiser.step()
    run.optimiser.zero_grad(set_to_none=True)
    _average(run, settings.average)
    return {name: float(value) for name, value in parts.items()}


@torch.no_grad()
def _average(run: _Run, decay: float) -> None:
    """Move the averaged weights towards the present ones; faster while they are young."""
    kept = decay * (1 - math.exp(-(run.step + 1) / 150))
    now = run.model.state_dict()
    for name, tensor in run.average.state_dict().items():
        if tensor.dtype.is_floating_point:
            tensor.lerp_(now[name], 1 - kept)
        else:
            tensor.copy_(now[name])


def collate(samples: Sequence[Sample], device: torch.device) -> Tensors:
    """Samples as ultralytics' loss expects a batch, with `weights` (batch, labels) beside."""
    size = samples[0].pixels.shape[0]
    images = torch.from_numpy(np.stack([sample.pixels for sample in samples])).to(device)
    corners = torch.from_numpy(np.concatenate([sample.corners for sample in samples])) / size
    centred = torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], dim=1)
    owners = np.repeat(np.arange(len(samples)), [len(sample.labels) for sample in samples])
    return {
        "img": (images.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last),
        "batch_idx": torch.from_numpy(owners).float().to(device),
        "cls": torch.from_numpy(np.concatenate([s.labels for s in samples])).float()[:, None].to(device),
        "bboxes": centred.to(device),
        "weights": torch.from_numpy(np.stack([sample.weights for sample in samples])).to(device),
    }


def _save(run: _Run, out: Path) -> None:
    """Replace the weights and the state, each in one step."""
    save_file(halved(run.average.state_dict()), out / f"{WEIGHTS}.new")
    (out / f"{WEIGHTS}.new").replace(out / WEIGHTS)
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "step": run.step,
        "spent": run.spent,
    }
    torch.save(state, out / f"{STATE}.new")
    (out / f"{STATE}.new").replace(out / STATE)


def halved(tensors: Tensors) -> Tensors:
    """The same in half precision, where they are floating-point numbers; what ships is made from these."""
    return {
        name: (tensor.half() if tensor.dtype.is_floating_point else tensor).cpu().contiguous()
        for name, tensor in tensors.items()
    }


def _restore(run: _Run, path: Path, device: torch.device) -> None:
    if not path.exists():
        raise WrongUse(f"there is no training to resume in {path.parent}")
    state = torch.load(path, map_location=device, weights_only=True)
    run.model.load_state_dict(state["model"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.spent = int(state["step"]), float(state["spent"])


def _mean(losses: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(loss[name] for loss in losses) / len(losses) for name in losses[0]}
