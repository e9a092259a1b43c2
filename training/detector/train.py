"""Training of the detector on a wall-clock budget, resumable from its last checkpoint.

The network, its loss and its assignment of boxes to anchors are ultralytics'; what is ours is what it sees,
which labels count on which page, and where it starts (tensors that fit by name and shape). Half precision
(bfloat16) doubles the speed of CPUs that have it, and serves GPUs too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import v8DetectionLoss

from training.common.checkpoints import TrainingRun, Values, new_run, restore, save_checkpoint
from training.common.loop import ProgressReport, TrainingLoop
from training.detector.crops import Sampler, TrainingWindow
from training.detector.settings import DetectorSettings
from training.detector.sheets import LABELS
from training.detector.widen import widened
from worker.errors import WrongUse

#: The weights of a training, averaged: what is measured and exported.
WEIGHTS = "last.safetensors"
#: Everything it takes to go on.
STATE = "state.pt"
_GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
Tensors = dict[str, torch.Tensor]


DetectorRun = TrainingRun[DetectorSettings, Any]


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
    state, matching = model.state_dict(), dict[str, torch.Tensor]()
    for name, tensor in tensors.items():
        if name not in state:
            continue
        if state[name].shape == tensor.shape:
            matching[name] = tensor.to(state[name].dtype)
        elif _is_score(name) and tensor.shape[0] == 1 and state[name].shape[1:] == tensor.shape[1:]:
            wide = state[name].clone()
            wide[:1] = tensor.to(wide.dtype)
            matching[name] = wide
    model.load_state_dict(matching, strict=False)
    return len(matching)


def _is_score(name: str) -> bool:
    """Whether a tensor is of the convolutions that end in one channel per label (`cv3.N.2`)."""
    return ".cv3." in name and name.rsplit(".", 2)[-2] == "2"


def fit_detector(
    sampler: Sampler,
    out: Path,
    settings: DetectorSettings,
    *,
    initial: Path | None = None,
    resume: bool = False,
    report: ProgressReport = lambda values: None,
) -> Path:
    """Train until the minutes are spent; return the averaged weights, a safetensors file in `out`.

    They and the state to go on from are written every `checkpoint_minutes`. With `resume` training goes on
    from the state in `out`, its minutes included. `report` gets the mean losses since the last report.
    Raises WrongUse when there is nothing to resume.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    run = _begin(settings, initial)
    if resume:
        if not (out / STATE).exists():
            raise WrongUse(f"there is no training to resume in {out}")
        restore(run, out / STATE, device=torch.device(settings.device))
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(settings.model_dump_json(indent=2))
    _loop(run, sampler, out, report).train(run)
    return out / WEIGHTS


def _begin(settings: DetectorSettings, initial: Path | None) -> DetectorRun:
    model = new_model(settings.architecture, initial)
    model.args = SimpleNamespace(**_GAINS)
    model = model.to(device=torch.device(settings.device), memory_format=torch.channels_last).train()
    decayed = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    plain = [p for p in model.parameters() if p.ndim <= 1 and p.requires_grad]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return new_run(settings, model, torch.optim.AdamW(groups, lr=settings.learning_rate))


def _loop(run: DetectorRun, sampler: Sampler, out: Path, report: ProgressReport) -> TrainingLoop:
    criterion: Any = v8DetectionLoss(run.model)
    criterion.bce = KnownLoss()
    recent: list[Values] = []

    def loss() -> tuple[torch.Tensor, Values]:
        total, parts = _loss(run, criterion, sampler)
        recent.append(parts)
        return total, parts

    def report_mean(values: Values) -> None:
        report(values | _mean(recent))
        recent.clear()

    return TrainingLoop(
        loss=loss,
        checkpoint=lambda parts: _save(run, out),
        report=report_mean,
        checkpoint_minutes=run.settings.checkpoint_minutes,
        report_steps=run.settings.report_steps,
        gradient_norm=10.0,
        final_share=run.settings.final_share,
        decay=_decay,
    )


def _loss(run: DetectorRun, criterion: Any, sampler: Sampler) -> tuple[torch.Tensor, Values]:
    settings = run.settings
    rng = np.random.default_rng([settings.seed, run.step])
    batch = collate([sampler.draw(rng) for _ in range(settings.batch)], torch.device(settings.device))
    with torch.autocast(batch["img"].device.type, dtype=torch.bfloat16, enabled=settings.half):
        predicted = run.model(batch["img"])
    predicted = predicted | {name: predicted[name].float() for name in ("boxes", "scores")}
    criterion.bce.weights = batch["weights"]
    loss, parts = criterion(predicted, batch)
    return loss.sum() / len(batch["img"]), {name: float(value) for name, value in parts.items()}


def _decay(decay: float, step: int) -> float:
    """The averaged weights move faster while they are young."""
    return decay * (1 - math.exp(-step / 150))


def collate(samples: Sequence[TrainingWindow], device: torch.device) -> Tensors:
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


def _save(run: DetectorRun, out: Path) -> None:
    """Replace the weights and the state, each in one step."""
    save_file(halved(run.average.state_dict()), out / f"{WEIGHTS}.new")
    (out / f"{WEIGHTS}.new").replace(out / WEIGHTS)
    save_checkpoint(run, out / STATE)


def halved(tensors: Tensors) -> Tensors:
    """The same in half precision, where they are floating-point numbers; what ships is made from these."""
    return {
        name: (tensor.half() if tensor.dtype.is_floating_point else tensor).cpu().contiguous()
        for name, tensor in tensors.items()
    }


def _mean(losses: Sequence[Values]) -> Values:
    """The mean of each part over the steps; nothing where there are none."""
    names = losses[0] if losses else ()
    return {name: sum(loss[name] for loss in losses) / len(losses) for name in names}
