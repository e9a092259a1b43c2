"""Training of the detector: a nano YOLO on a wall-clock budget, resumable from its last epoch.

ultralytics' own trainer does the work; what is ours is where it starts (tensors that fit by name and shape),
the cosine over wall-clock time, and the settings.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel, load_checkpoint

from training.detector.settings import TrainSettings
from training.detector.torchvision_standin import ensure_torchvision
from worker.errors import WrongUse


class SignatureTrainer(DetectionTrainer):
    """ultralytics' trainer, started from the tensors of a file that fit by name and shape."""

    #: Safetensors, or a checkpoint of an earlier stage; None starts from scratch.
    initial: Path | None = None

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = False) -> DetectionModel:
        """Build the one-class model; a resumed run brings its own `weights`."""
        model: DetectionModel = super().get_model(cfg=cfg, weights=weights, verbose=verbose)
        if weights is None and self.initial is not None:
            load_matching(model, self.initial)
        return model

    def _setup_scheduler(self) -> None:
        """Spread the cosine over the epochs that fit the time, counted from where a resumed run started."""
        if self.args.time and self.start_epoch:
            self.epochs = self.args.epochs = self.epochs + self.start_epoch
        super()._setup_scheduler()  # type: ignore[no-untyped-call]


def load_matching(model: torch.nn.Module, path: Path) -> int:
    """Copy the tensors that match by name and shape; return how many did."""
    own = model.state_dict()
    found = {
        name: tensor.to(own[name].dtype)
        for name, tensor in tensors_of(path).items()
        if name in own and own[name].shape == tensor.shape
    }
    model.load_state_dict(found, strict=False)
    return len(found)


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, or of a checkpoint that an earlier stage wrote here."""
    if path.suffix != ".pt":
        return load_file(path)
    model: Any = load_checkpoint(path)[0]  # type: ignore[no-untyped-call]
    return dict(model.state_dict())


def train(  # what to learn from, where to, how: each is its own decision
    described: Path,
    out: Path,
    settings: TrainSettings,
    *,
    initial: Path | None = None,
    resume: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> Path:
    """Train on the data that `described` names (a data.yaml); return the last checkpoint.

    Each epoch replaces `out/weights/last.pt`. With `resume`, such a file, training goes on from there with
    its own settings and a new budget of minutes. `on_epoch` gets the epoch's number and mean losses.
    Raises WrongUse when there is nothing to resume.
    """
    ensure_torchvision()
    if resume is not None:
        _refuse_finished(resume)
    overrides = settings.overrides() | {
        "data": str(described),
        "project": str(out.parent),
        "name": out.name,
        "exist_ok": True,
    }
    if resume is not None:
        overrides |= {"resume": str(resume), "model": str(resume)}
    trainer = SignatureTrainer(overrides=overrides)
    trainer.initial = initial
    trainer.add_callback("on_train_start", lambda _: torch.set_num_threads(settings.threads))
    if on_epoch is not None:
        trainer.add_callback("on_train_epoch_end", lambda t: on_epoch(t.epoch + 1, _losses(t)))
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(settings.model_dump_json(indent=2))
    trainer.train()  # type: ignore[no-untyped-call]
    return Path(trainer.last)


def _refuse_finished(checkpoint: Path) -> None:
    """A finished training keeps its weights only; ultralytics marks it with epoch -1."""
    if not checkpoint.exists():
        raise WrongUse(f"there is no checkpoint {checkpoint} to resume")
    # The user's own checkpoint, which ultralytics unpickles a line later anyway.
    if torch.load(checkpoint, map_location="cpu", weights_only=False)["epoch"] < 0:  # nosec B614
        raise WrongUse(f"{checkpoint} is of a finished training; start the next stage from it instead")


def _losses(trainer: DetectionTrainer) -> dict[str, float]:
    losses: dict[str, Any] = trainer.tloss or {}
    return {name: float(value) for name, value in losses.items()}
