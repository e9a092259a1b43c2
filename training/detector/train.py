"""Training of the detector: a nano YOLO on a wall-clock budget, resumable from its last epoch.

ultralytics' own trainer does the work; what is ours is the initialisation from a safetensors backbone, the
schedule (one warm-up epoch with mosaic, then a cosine over the remaining time) and the settings.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load_file
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel

from training.detector.torchvision_standin import ensure_torchvision

#: More epochs than any budget allows: ultralytics lowers the number to what fits the time.
_MANY_EPOCHS = 1001


class TrainSettings(BaseModel):
    """What decides a training run; written beside its checkpoints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = "yolov5n.yaml"
    image_size: int = Field(default=416, multiple_of=32, ge=64)
    batch: int = Field(default=16, ge=1)
    minutes: float = Field(default=60.0, gt=0)
    learning_rate: float = Field(default=0.0018, gt=0)
    final_share: float = Field(default=0.01, gt=0, le=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    warmup_epochs: float = 1.0
    mosaic: float = Field(default=1.0, ge=0, le=1)
    degrees: float = 10.0
    shear: float = 4.0
    scale: float = 0.3
    translate: float = 0.1
    brightness: float = 0.2
    threads: int = Field(default=1, ge=1)
    device: str = "cpu"
    seed: int = 1

    def overrides(self) -> dict[str, Any]:
        """The same in ultralytics' names."""
        return {
            "model": self.architecture,
            "imgsz": self.image_size,
            "batch": self.batch,
            "nbs": self.batch,
            "time": self.minutes / 60,
            "epochs": _MANY_EPOCHS,
            # Mosaic closes after the first epoch, whatever number of epochs the time allows.
            "close_mosaic": _MANY_EPOCHS - 1,
            "optimizer": "AdamW",
            "lr0": self.learning_rate,
            "lrf": self.final_share,
            "cos_lr": True,
            "weight_decay": self.weight_decay,
            "warmup_epochs": self.warmup_epochs,
            "warmup_bias_lr": self.learning_rate,
            "mosaic": self.mosaic,
            "degrees": self.degrees,
            "shear": self.shear,
            "scale": self.scale,
            "translate": self.translate,
            "hsv_h": 0.0,
            "hsv_s": 0.2,
            "hsv_v": self.brightness,
            # Writing is not symmetric.
            "fliplr": 0.0,
            "erasing": 0.0,
            "amp": self.device != "cpu",
            "workers": 0 if self.device == "cpu" else 8,
            "device": self.device,
            "seed": self.seed,
            "deterministic": True,
            "val": False,
            "plots": False,
            "save": True,
            "verbose": False,
        }


class SignatureTrainer(DetectionTrainer):
    """ultralytics' trainer, started from the tensors of a safetensors file that fit by name and shape."""

    #: The backbone to start from; None starts from scratch.
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
        for name, tensor in load_file(path).items()
        if name in own and own[name].shape == tensor.shape
    }
    model.load_state_dict(found, strict=False)
    return len(found)


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
    """
    ensure_torchvision()
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


def _losses(trainer: DetectionTrainer) -> dict[str, float]:
    losses: dict[str, Any] = trainer.tloss or {}
    return {name: float(value) for name, value in losses.items()}
