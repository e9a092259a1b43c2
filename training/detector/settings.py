"""What decides a training run of the detector, read from settings.toml and checked once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from worker.errors import WrongUse

DEFAULT = Path(__file__).with_name("settings.toml")
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
    invented: int = Field(default=0, ge=0, description="Drawn pages among the training pages")
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


def read_settings(stage: str, path: Path = DEFAULT) -> TrainSettings:
    """One stage's settings; raises WrongUse when the file has no such stage."""
    stages = tomllib.loads(path.read_text(encoding="utf-8"))
    if stage not in stages:
        raise WrongUse(f"there is no stage {stage!r} in {path.name}; choose one of {', '.join(stages)}")
    return TrainSettings(**stages[stage])
