"""What a training run of the roles may vary, read from settings.toml."""

from __future__ import annotations

from pathlib import Path

from training.common.settings import SETTINGS_FILE, TrainingSettings

ROLES_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class RolesSettings(TrainingSettings):
    """One run's settings; `settings.toml` says what each means."""

    members: int
    hidden: int
    dropout: float
    batch: int
    label_smoothing: float
    folds: int
    false_pages: float
    weights: dict[str, float]
