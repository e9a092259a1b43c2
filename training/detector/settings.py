"""What decides a training run of the detector, read from settings.toml and checked once."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from training.common.settings import SETTINGS_FILE, TrainingSettings

DETECTOR_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class DetectorSettings(TrainingSettings):
    """What decides a training run; written beside its checkpoints."""

    architecture: str = "yolov5n.yaml"
    #: The stage whose weights this one starts from; empty: the backbone, or from scratch.
    after: str = ""
    image_size: int = Field(default=320, multiple_of=32, ge=64)
    #: Whole pages instead of windows of pages.
    whole: bool = False
    batch: int = Field(default=16, ge=1)
    minutes: float = Field(default=60.0, gt=0)
    checkpoint_minutes: float = Field(default=4.0, gt=0)
    report_steps: int = Field(default=100, ge=1)
    learning_rate: float = Field(default=0.001, gt=0)
    final_share: float = Field(default=0.01, gt=0, le=1)
    warmup_steps: int = Field(default=60, ge=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    average_decay: float = Field(default=0.998, ge=0, lt=1)
    #: Share of samples from each source of pages.
    sources: dict[str, float] = Field(
        default={"scans": 0.42, "copies": 0.08, "empty": 0.15, "drawn": 0.25, "agreements": 0.1}
    )
    #: Share of real pages' samples that gain drawn or copied marks.
    pasted: float = Field(default=0.35, ge=0, le=1)
    zoom: float = Field(default=0.3, ge=0, le=1)
    turned: float = Field(default=0.1, ge=0, le=1)
    stretched: float = Field(default=0.5, ge=0, le=1)
    #: Drawn pages, a third as many of agreements beside them, and, about, drawn patches to prepare.
    drawn: int = Field(default=1500, ge=0)
    patches: int = Field(default=1500, ge=0)
    #: JPEG quality of the prepared pages: lower where they travel.
    quality: int = Field(default=92, ge=30, le=95)
    half: bool = True
    threads: int = Field(default=1, ge=1)
    device: str = "cpu"
    seed: int = 1
