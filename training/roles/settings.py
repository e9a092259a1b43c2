"""What a training run of the roles may vary, read from settings.toml."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from training.common.settings import SETTINGS_FILE, TrainingSettings

ROLES_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class Bars(BaseModel):
    """What a threshold should reach on one source, both as shares of its pages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recall: float = Field(gt=0, lt=1)
    false_alarms: float = Field(gt=0, lt=1)


class RolesSettings(TrainingSettings):
    """One run's settings; `settings.toml` says what each means."""

    members: int
    hidden: int
    plain: int
    dropout: float
    batch: int
    label_smoothing: float
    folds: int
    drawn: int
    decoys: int
    weights: dict[str, float]
    bars: dict[str, Bars]
